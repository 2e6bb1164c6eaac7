package supervisor

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// What breaks the server on purpose, to see it heal.

// Kill makes the process of that name crash, as if its code had panicked.
func (s *Server) Kill(process string) error { return s.control((*otp.App).Kill, process) }

// Abandon kills a process without its cooperation, see [otp.App.Abandon].
func (s *Server) Abandon(process string) error { return s.control((*otp.App).Abandon, process) }

// Breaking reports whether the server may be broken on purpose.
func (s *Server) FaultsAllowed() bool { return s.rooms.cfg.Faults != nil }

// Arm arms a fault and returns its number.
func (s *Server) Arm(r fault.Rule) (uint64, error) {
	if !s.FaultsAllowed() {
		return 0, console.ErrFaultsNotAllowed
	}
	id, err := s.rooms.cfg.Faults.Arm(r)
	if err != nil {
		return 0, domain.Wrap(domain.Invalid, "fault", err)
	}
	s.rooms.cfg.Log.Warn().Uint64("fault", id).Str("kind", string(r.Kind)).Str("point", string(r.Point)).Str("process", r.Process).
		Str("message_type", r.Message).Int("skip", r.Skip).Int("times", max(r.Times, 1)).Msg("fault armed")
	return id, nil
}

// Disarm takes a fault away, all of them for 0, ends its hangs, and returns how many there were.
func (s *Server) Disarm(id uint64) (int, error) {
	if !s.FaultsAllowed() {
		return 0, console.ErrFaultsNotAllowed
	}
	n := s.rooms.cfg.Faults.Disarm(id)
	if n == 0 && id != 0 {
		return 0, domain.Wrap(domain.NotFound, fmt.Sprintf("fault %d", id), nil)
	}
	s.rooms.cfg.Log.Warn().Uint64("fault", id).Int("disarmed", n).Msg("faults disarmed")
	return n, nil
}

// Faults returns the faults that were armed and not disarmed, with how often each has hit.
func (s *Server) Faults() ([]fault.Rule, error) {
	if !s.FaultsAllowed() {
		return nil, console.ErrFaultsNotAllowed
	}
	return s.rooms.cfg.Faults.Rules(), nil
}

// armed counts the faults that may still hit.
func (s *Server) armed() (n int) {
	for _, r := range s.rooms.cfg.Faults.Rules() {
		if r.Hits < r.Times {
			n++
		}
	}
	return n
}
