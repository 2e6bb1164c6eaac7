package supervisor

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// Kill crashes the process of that name, as a panic in its code does.
func (s *Server) Kill(process string) error { return s.control((*otp.App).Kill, process) }

// Abandon replaces a process without its cooperation, see [otp.App.Abandon].
func (s *Server) Abandon(process string) error { return s.control((*otp.App).Abandon, process) }

// FaultsAllowed reports whether the server accepts faults and kills.
func (s *Server) FaultsAllowed() bool { return s.components.cfg.Faults != nil }

// Arm arms a fault and returns its number.
func (s *Server) Arm(r fault.Rule) (uint64, error) {
	if !s.FaultsAllowed() {
		return 0, console.ErrFaultsNotAllowed
	}
	id, err := s.components.cfg.Faults.Arm(r)
	if err != nil {
		return 0, domain.Wrap(domain.Invalid, "fault", err)
	}
	s.components.cfg.Log.Warn().Uint64("fault", id).Str("kind", string(r.Kind)).Str("point", string(r.Point)).Str("process", r.Process).
		Str("message_type", r.Message).Int("skip", r.Skip).Int("times", max(r.Times, 1)).Msg("fault armed")
	return id, nil
}

// Disarm removes a fault, all of them for 0, ends its hangs, and returns the number of removed
// faults.
func (s *Server) Disarm(id uint64) (int, error) {
	if !s.FaultsAllowed() {
		return 0, console.ErrFaultsNotAllowed
	}
	n := s.components.cfg.Faults.Disarm(id)
	if n == 0 && id != 0 {
		return 0, domain.Wrap(domain.NotFound, fmt.Sprintf("fault %d", id), nil)
	}
	s.components.cfg.Log.Warn().Uint64("fault", id).Int("disarmed", n).Msg("faults disarmed")
	return n, nil
}

// Faults returns the armed faults, with the hits of each.
func (s *Server) Faults() ([]fault.Rule, error) {
	if !s.FaultsAllowed() {
		return nil, console.ErrFaultsNotAllowed
	}
	return s.components.cfg.Faults.Rules(), nil
}

// armed returns the number of faults that can still hit.
func (s *Server) armed() (n int) {
	for _, r := range s.components.cfg.Faults.Rules() {
		if r.Hits < r.Times {
			n++
		}
	}
	return n
}
