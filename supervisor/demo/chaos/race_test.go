//go:build race

package chaos_test

const withRace = true
