// Package kamailio runs a real Kamailio with its kazoo module and SIPp phones that register at
// it, for end-to-end tests with a real RabbitMQ. It needs the Debian packages kamailio,
// kamailio-extra-modules, kamailio-kazoo-modules and sip-tester.
//
// Every server listens on a free loopback port and keeps its files in the caller's directory.
// Processes are ended by their own process IDs.
package kamailio
