package rabbit

// Patient is the retry of what a broker that has just started does not find.
var Patient = patient
