package otp

// Stop stops the child of a key after its current message. OnExit reports its end.
func (s *DynamicSupervisor[K, M]) Stop(k K) {
	if d := s.child(k); d != nil {
		d.stopRequested = true
		d.p.stopSoon(Shutdown)
	}
}

func (s *DynamicSupervisor[K, M]) stopAll() {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	for _, d := range s.all() {
		d.p.stopSoon(Shutdown)
	}
	if s.empty() {
		return
	}
	s.owner.sys.clock.AfterFunc(defaultShutdown, func() {
		s.owner.post(func() {
			s.abandonAll()
			s.owner.dependantsEnded()
		})
	})
}

func (s *DynamicSupervisor[K, M]) abandonAll() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, d := range s.all() {
		d.p.abandon(Killed)
	}
	s.mu.Lock()
	clear(s.children)
	s.mu.Unlock()
}
