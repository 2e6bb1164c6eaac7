package supervisor

import (
	"context"
	"fmt"

	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// part is a part of the server that may be in trouble while it runs: its process, and why it is; no reason means that it is not.
type component struct {
	console.Component
	process, why string
}

// parts are those of the bridge and the files of the store.
func (s *Server) parts() []component {
	var all []component
	add := func(name, process, why string, failures uint64) {
		all = append(all, component{console.Component{Name: name, Up: why == "", Failures: failures}, process, why})
	}
	for _, p := range s.rooms.bridge.Status.Parts() {
		add(p.Name, "bridge/"+p.Name, p.Reason, p.Failures)
	}
	creds, regs := s.rooms.credentials, s.rooms.registrations
	add("credentials.db", "credentials/writer", creds.Trouble(), creds.Failures())
	add("registrations.db", "registrations/writer", regs.Trouble(), regs.Failures())
	return all
}

// Ready reports whether the server is primed, consuming and able to answer, and what is missing; that faults are armed is said, too, and does not count.
func (s *Server) Ready() (ok bool, reasons []string) {
	if _, err := s.running(); err != nil {
		reasons = append(reasons, err.Error())
	}
	for _, p := range s.parts() {
		if p.why != "" {
			reasons = append(reasons, p.why)
		}
	}
	ok = len(reasons) == 0
	if n := s.armed(); n > 0 {
		reasons = append(reasons, fmt.Sprintf("faults are armed: %d", n))
	}
	return ok, reasons
}

// Tree returns the supervision tree as it is, with the trouble of its parts; an empty one while the server starts.
func (s *Server) Tree() otp.Node {
	app, err := s.running()
	if err != nil {
		return otp.Node{}
	}
	root, why := app.Tree(), s.trouble()
	var tell func(n *otp.Node)
	tell = func(n *otp.Node) {
		n.Condition = why[n.Name]
		for i := range n.Children {
			tell(&n.Children[i])
		}
	}
	tell(&root)
	return root
}

// Inspect looks at one process.
func (s *Server) Inspect(ctx context.Context, process string) (otp.Info, error) {
	app, err := s.running()
	if err != nil {
		return otp.Info{}, err
	}
	info, err := app.Inspect(ctx, process)
	info.Condition = s.trouble()[process]
	return info, err
}

// trouble returns why processes are in trouble.
func (s *Server) trouble() map[string]string {
	why := map[string]string{}
	for _, p := range s.parts() {
		why[p.process] = p.why
	}
	return why
}

func (s *Server) control(do func(*otp.App, string) error, process string) error {
	app, err := s.running()
	if err != nil {
		return err
	}
	return do(app, process)
}

// running returns the tree. Whoever uses the control socket can be there before it is.
func (s *Server) running() (*otp.App, error) {
	if app := s.app.Load(); app != nil {
		return app, nil
	}
	return nil, console.ErrStarting
}
