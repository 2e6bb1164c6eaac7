package supervisor

import (
	"context"
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// conditions returns the components of the bridge and the files of the store.
func (s *Server) conditions() []domain.Component {
	creds, regs := s.components.credentials, s.components.registrations
	return append(s.components.bridge.Components(),
		domain.Component{Name: "credentials.db", Process: "credentials/writer", Reason: creds.Trouble(), Failures: creds.Failures()},
		domain.Component{Name: "registrations.db", Process: "registrations/writer", Reason: regs.Trouble(), Failures: regs.Failures()},
	)
}

// Ready reports whether the server is primed, consuming and able to answer, and the reasons if it
// is not. Armed faults are listed among the reasons, and do not make the server unready.
func (s *Server) Ready() (ok bool, reasons []string) {
	if _, err := s.running(); err != nil {
		reasons = append(reasons, err.Error())
	}
	for _, c := range s.conditions() {
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

// Tree returns the current supervision tree with the conditions of its processes. It is empty
// while the server starts.
func (s *Server) Tree() otp.Node {
	app, err := s.running()
	if err != nil {
		return otp.Node{}
	}
	root, reasons := app.Tree(), s.reasons()
	var annotate func(n *otp.Node)
	annotate = func(n *otp.Node) {
		n.Condition = reasons[n.Name]
		for i := range n.Children {
			annotate(&n.Children[i])
		}
	}
	annotate(&root)
	return root
}

// Inspect returns the state of one process.
func (s *Server) Inspect(ctx context.Context, process string) (otp.Info, error) {
	app, err := s.running()
	if err != nil {
		return otp.Info{}, err
	}
	info, err := app.Inspect(ctx, process)
	info.Condition = s.reasons()[process]
	return info, err
}

// reasons returns the reasons of conditions, by process.
func (s *Server) reasons() map[string]string {
	reasons := map[string]string{}
	for _, c := range s.conditions() {
		reasons[c.Process] = c.Reason
	}
	return reasons
}

func (s *Server) control(do func(*otp.App, string) error, process string) error {
	app, err := s.running()
	if err != nil {
		return err
	}
	return do(app, process)
}

// running returns the running tree. The control socket is served before the tree has started.
func (s *Server) running() (*otp.App, error) {
	if app := s.app.Load(); app != nil {
		return app, nil
	}
	return nil, console.ErrStarting
}
