// Package kamailio runs a real Kamailio with its kazoo module, and SIPp phones that register at it, for end-to-end tests of a registrar over a real
// RabbitMQ. What it needs are Debian's packages: kamailio, kamailio-extra-modules, kamailio-kazoo-modules, sip-tester.
//
// Contract: everything listens on loopback, on free ports, in a directory that the caller gives; processes are ended by their own pids.
package kamailio
