// Package demo shows a registrar at work: one registration from end to end, a restart, and a fleet
// of simulated phones while actors are killed.
//
// [Run] starts a registrar in this process, on a data directory that is deleted at the end. The
// broker is the one of [Options.URLs], else a private RabbitMQ node, else one in memory.
// [RunChaos] starts a registrar as a child process and breaks it; see package chaos.
package demo
