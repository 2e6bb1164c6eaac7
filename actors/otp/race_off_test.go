//go:build !race

package otp_test

const raceDetector = false
