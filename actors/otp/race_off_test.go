//go:build !race

package otp_test

const otpRounds = 30 // of 100 scripts each
