package rabbit

// RetryNotFound is the retry for entities of a broker that has just started.
var RetryNotFound = retryNotFound
