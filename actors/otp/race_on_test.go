//go:build race

package otp_test

// With the race detector everything takes several times as long: then it is about races.
const otpRounds = 6 // of 100 scripts each
