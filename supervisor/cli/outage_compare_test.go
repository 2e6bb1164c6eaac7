//go:build linux

package cli_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/console"
)

// look records the messages that the server had not acknowledged.
func (o *outage) look() {
	o.t.Helper()
	o.left = map[string]bool{}
	for _, d := range brokertest.Remaining(o.t, o.url, "registrar.registrations") {
		m, err := wire.Decode(d.Body)
		o.must(err)
		r, ok := m.(*wire.RegSuccess)
		if !ok {
			o.t.Fatalf("there is a %T in the queue", m)
		}
		o.left[r.Contact] = true
	}
}

// loss counts lost acknowledged reports and passwords. One that a newer one replaced is not lost.
type loss struct{ reports, passwords int }

func (l loss) any() bool { return l != loss{} }

// compare returns the losses while no server runs. Data that was never sent is an error.
func (o *outage) compare() (lost loss) {
	o.t.Helper()
	table, err := o.table()
	if err != nil {
		o.t.Logf("registrations: %v", err) // and all of them are lost
	}
	secrets, err := o.secrets()
	if err != nil {
		o.t.Logf("credentials: %v", err)
	}
	for u := range phones {
		if table[u] > o.reported[u] || secrets[u] > o.sent[u] {
			o.t.Errorf("user %d has report %d of %d and password %d of %d", u, table[u], o.reported[u], secrets[u], o.sent[u])
		}
		for n := table[u] + 1; n <= o.reported[u]; n++ {
			if !o.left[registration(u, n).Contact] {
				lost.reports++
			}
		}
		lost.passwords += max(0, o.stored[u]-secrets[u])
	}
	return lost
}

// table returns the number of the last report of each user in the registrations file, 0 for none.
func (o *outage) table() (newest [phones]int, err error) {
	out, err := o.says("registration", "list")
	if err != nil {
		return newest, err
	}
	for line := range strings.Lines(string(out)) {
		name, rest, _ := strings.Cut(line, "@acme.test\t")
		contact, _, _ := strings.Cut(rest, "\t")
		u, n := number(name), numberOf(contact)
		if u < 0 || u >= phones || contact != registration(u, n).Contact {
			return newest, fmt.Errorf("nobody has reported %q", line)
		}
		newest[u] = n
	}
	return newest, nil
}

// secrets is which password of each user is in the credentials file, 0 for none.
func (o *outage) secrets() (newest [phones]int, err error) {
	out, err := o.says("store", "export", "credentials", "--secrets")
	if err != nil {
		return newest, err
	}
	creds, err := console.ReadCredentials(bytes.NewReader(out))
	for _, c := range creds {
		u := number(string(c.Key.User))
		if u < 0 || u >= phones || c.Key.Realm != "acme.test" {
			return newest, fmt.Errorf("nobody has set a password of %s", c.Key)
		}
		newest[u] = number(c.Secret.Reveal())
	}
	return newest, err
}

// says runs a command on the data directory.
func (o *outage) says(args ...string) ([]byte, error) {
	o.t.Helper()
	return o.sound.command(o.t, append(args, "--data", o.disk.dir())...).Output()
}

func (o *outage) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// numberOf is the number of the report with a contact, see registration.
func numberOf(contact string) int {
	return number(contact[strings.LastIndex(contact, ":")+1:]) - 5000
}

// number parses a number; -1 means none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func sum(of [phones]int) (n int) {
	for _, v := range of {
		n += v
	}
	return n
}
