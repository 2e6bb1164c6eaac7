package supervisor

import (
	"context"
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// components returns the components of the bridge and the files of the store.
func (s *Server) components() []domain.Component {
	creds, regs := s.rooms.credentials, s.rooms.registrations
	return append(s.rooms.bridge.Status.Components(),
		domain.Component{Name: "credentials.db", Process: "credentials/writer", Reason: creds.Trouble(), Failures: creds.Failures()},
		domain.Component{Name: "registrations.db", Process: "registrations/writer", Reason: regs.Trouble(), Failures: regs.Failures()},
	)
}

// Ready reports whether the server is primed, consuming and able to answer, and what is missing; that faults are armed is said, too, and does not count.
func (s *Server) Ready() (ok bool, reasons []string) {
	if _, err := s.running(); err != nil {
		reasons = append(reasons, err.Error())
	}
	for _, c := range s.components() {
		if c.Reason != "" {
			reasons = append(reasons, c.Reason)
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
	root, why := app.Tree(), s.reasons()
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
	info.Condition = s.reasons()[process]
	return info, err
}

// trouble returns why processes are in trouble.
func (s *Server) reasons() map[string]string {
	why := map[string]string{}
	for _, c := range s.components() {
		why[c.Process] = c.Reason
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
