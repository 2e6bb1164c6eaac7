// Package otptest is what tests of processes have in common: waiting for what others bring about, and looking for what is left.
//
// It is for tests alone. It may import nothing of the registrar, so that each package's tests can use it.
package otptest
