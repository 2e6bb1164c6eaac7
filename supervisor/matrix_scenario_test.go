package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
)

// scenario has the files' processes and the process of the crash reports take every message that
// they know. What fails because of the fault is tried again, as its sender would.
func (m *filesMatrix) scenario() {
	m.password("second")
	m.again("reseal", func(ctx context.Context) error {
		if _, err := m.server.Reseal(ctx); domain.KindOf(err) != domain.Invalid { // there is no key
			return err
		}
		return nil
	})
	m.register("100", "sip:100@192.0.2.1", 3600)
	m.register("200", "sip:200@192.0.2.1", 30)
	m.ask("registrar authn.endpoint.req.acme%2Etest", authnOf("100"))
	m.ask("registrar registration.query.acme%2Etest.*", fields{"Event-Name": "reg_query", "Realm": "acme.test"})
	m.clock.pass(time.Minute)
	m.until("swept", func() bool {
		rec, err := m.server.Registration(context.Background(), domain.Key{Realm: "acme.test", User: "200"})
		return err == nil && len(rec.Bindings) == 0
	})
	m.lives()
	m.register("100", "sip:100@192.0.2.2", 3600)
	if m.cell.Message == "persistence.reopen" {
		m.reopens()
	}
	m.register("100", "sip:100@192.0.2.3", 3600)
	m.again("the crash reports", func(ctx context.Context) error {
		_, err := m.server.Crashes(ctx)
		return err
	})
}

// register reports the phone, one second after the previous report.
func (m *filesMatrix) register(user, contact string, expires int) {
	m.Helper()
	m.clock.pass(time.Second)
	m.report("registrar registration.success.x.y", fields{
		"Event-Name": "reg_success", "Event-Timestamp": m.clock.Now().Unix(), "Contact": contact, "Expires": expires, "Username": user, "Realm": "acme.test",
	})
}

func (m *filesMatrix) password(p string) {
	m.Helper()
	key := domain.Key{Realm: "acme.test", User: "100"}
	m.again("the password", func(ctx context.Context) error {
		_, err := m.server.Import(ctx, []domain.Credential{{Key: key, Method: domain.Password, Secret: domain.NewSecret(p)}})
		return err
	})
}

// again does something until it succeeds.
func (m *filesMatrix) again(what string, do func(context.Context) error) {
	m.Helper()
	m.until(what, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return do(ctx) == nil
	})
}

// lives has the process of the cell, and a shard, end and begin.
func (m *filesMatrix) lives() {
	m.Helper()
	victims := []string{fmt.Sprintf("users/%02d", domain.ShardOf(domain.Key{Realm: "acme.test", User: "100"}, 64))}
	for _, n := range flat(m.server.Tree()) {
		if ok, _ := filepath.Match(m.cell.Process, n.Name); ok {
			victims = append(victims, n.Name)
			break
		}
	}
	for _, v := range victims {
		before := m.node(v).Epoch
		if err := m.server.Kill(v); err != nil {
			m.Error(err)
		}
		m.until("restarted", func() bool {
			ok, _ := m.server.Ready()
			n := m.node(v)
			return ok && n.Epoch > before && n.State == "up"
		})
	}
}

// node is a process as it is, with epoch 0 while it is not there.
func (m *filesMatrix) node(name string) otp.Node {
	for _, n := range flat(m.server.Tree()) {
		if n.Name == name && n.Epoch != over {
			return n
		}
	}
	return otp.Node{}
}

// over is the epoch of a process between two incarnations.
const over = otp.Epoch(1<<64 - 1)

// reopens has a file be unreadable when it is opened again after a failed commit, and readable
// some time later.
func (m *filesMatrix) reopens() {
	m.Helper()
	path := filepath.Join(m.cfg.Data, filepath.Dir(m.cell.Process)+".db")
	if err := os.Rename(path, path+".away"); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, 1<<14), 0o600); err != nil {
		m.Fatal(err)
	}
	if _, err := m.server.Arm(fault.Rule{Point: fault.BeforeCommit, Kind: fault.Error, Process: m.cell.Process}); err != nil {
		m.Fatal(err)
	}
	m.clock.pass(time.Second)
	settled := func() bool { return true }
	if m.cell.Actor == "writer" {
		before := m.reported()
		settled = func() bool { return m.reported() > before }
		m.publish("registrar registration.success.x.y", fields{
			"Event-Name": "reg_success", "Event-Timestamp": m.clock.Now().Unix(), "Contact": "sip:100@192.0.2.9", "Expires": 3600, "Username": "100", "Realm": "acme.test",
		})
	} else {
		_, _ = m.server.Import(context.Background(), []domain.Credential{{Key: domain.Key{Realm: "acme.test", User: "300"}, Method: domain.Password}})
	}
	m.until("not open", func() bool { ok, _ := m.server.Ready(); return !ok })
	if err := os.Rename(path+".away", path); err != nil {
		m.Fatal(err)
	}
	m.until("open again", func() bool { ok, _ := m.server.Ready(); return ok && settled() })
}

// reported counts the reports that the registrar is done with.
func (m *filesMatrix) reported() (n uint64) {
	for _, k := range m.outcomes() {
		n += k
	}
	return n
}

// flat lists the nodes of a tree.
func flat(n otp.Node) []otp.Node {
	all := []otp.Node{n}
	for _, c := range n.Children {
		all = append(all, flat(c)...)
	}
	return all
}
