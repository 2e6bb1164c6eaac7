package brokertest

// Missing is what happens when there is no broker.
var Missing = missing
