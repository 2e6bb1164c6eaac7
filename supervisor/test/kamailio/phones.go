package kamailio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Phone is a SIP phone.
type Phone struct {
	User, Realm, Password string
	// Contact is a name-addr, such as "Desk" <sip:100@127.0.0.1:5099>.
	Contact string
	// Expires is the requested lifetime in seconds; 0 unregisters.
	Expires int
}

// Register registers a phone: REGISTER, challenge, REGISTER with credentials. It fails when the
// final status is not the wanted one.
func (p *Proxy) Register(ctx context.Context, ph Phone, want int) error {
	return p.run(ctx, ph, proof(ph), want, "%u-"+ph.User+"@127.0.0.1", func(string) ([]string, error) { return []string{"-m", "1"}, nil })
}

// RegisterMany registers many phones, rate of them per second. A phone with the same place in the
// list keeps its Call-ID from call to call. It fails when a phone does not get the wanted status,
// and when the contacts differ in their number of parameters.
func (p *Proxy) RegisterMany(ctx context.Context, phones []Phone, rate, want int) error {
	if len(phones) == 0 {
		return nil
	}
	parts := strings.Count(phones[0].Contact, ";") + 1
	names := make([]string, parts)
	for i := range names {
		names[i] = fmt.Sprintf("[field%d]", 3+i)
	}
	list := []byte("SEQUENTIAL\n")
	for _, ph := range phones {
		if strings.Count(ph.Contact, ";")+1 != parts || ph.Expires != phones[0].Expires {
			return errors.New("phones: contacts and lifetimes have to be alike")
		}
		// A semicolon separates the fields of the list: a contact takes several.
		list = fmt.Appendf(list, "%s;%s;%s;%s\n", ph.User, ph.Realm, proof(ph), ph.Contact)
	}
	alike := Phone{
		User: "[field0]", Realm: "[field1]", Contact: strings.Join(names, ";"), Expires: phones[0].Expires,
	}
	return p.run(ctx, alike, "[field2]", want, "%u-many@127.0.0.1", func(dir string) ([]string, error) {
		path := filepath.Join(dir, "phones.csv")
		if err := os.WriteFile(path, list, 0o600); err != nil {
			return nil, fmt.Errorf("phones: %w", err)
		}
		return []string{"-m", strconv.Itoa(len(phones)), "-r", strconv.Itoa(rate), "-inf", path}, nil
	})
}

// proof is the SIPp keyword that answers a challenge.
func proof(ph Phone) string {
	return fmt.Sprintf("[authentication username=%s password=%s]", ph.User, ph.Password)
}

// run runs the scenario. Secrets are passed in files of mode 0600, not in arguments.
func (p *Proxy) run(ctx context.Context, ph Phone, proof string, want int, callID string, more func(dir string) ([]string, error)) error {
	dir, err := os.MkdirTemp(p.dir, "phone-")
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	p.cseq += 2
	scenario, err := fill(phoneTemplate, map[string]any{
		"User": ph.User, "Realm": ph.Realm, "Proof": proof, "Contact": ph.Contact, "Expires": ph.Expires, "Want": want,
		"CSeq": p.cseq, "Next": p.cseq + 1,
	})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "register.xml")
	if err := os.WriteFile(path, scenario, 0o600); err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	args, err := more(dir)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	args = append([]string{
		p.Addr(), "-sf", path, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-nostdin", "-cid_str", callID,
		"-timeout", "30s", "-timeout_error", "-trace_err", "-error_file", filepath.Join(dir, "errors"),
	}, args...)
	cmd := exec.CommandContext(ctx, "/usr/bin/sipp", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	seen, readErr := os.ReadFile(filepath.Join(dir, "errors"))
	if readErr != nil {
		seen = out[max(0, len(out)-2000):]
	}
	return fmt.Errorf("SIPp did not see a %d: %w\n%s", want, err, seen[:min(len(seen), 4000)])
}
