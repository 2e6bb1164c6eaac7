// Package otptest has helpers for tests of processes: waiting for conditions and values of other
// goroutines, and checking for leaked goroutines.
//
// It imports no other package of the registrar, so that the tests of every package can use it.
package otptest
