package otp

import "fmt"

// Epoch numbers incarnations. The upper 24 bits are the boot number, the lower 40 a counter of the
// system. A later incarnation has a larger epoch, within a run and across runs. Zero is no
// incarnation.
type Epoch uint64

const epochBits = 40

// Boot returns the boot number.
func (e Epoch) Boot() uint32 { return uint32(e >> epochBits) }

// Counter returns the counter within the boot.
func (e Epoch) Counter() uint64 { return uint64(e) & (1<<epochBits - 1) }

// String returns boot.counter.
func (e Epoch) String() string { return fmt.Sprintf("%d.%d", e.Boot(), e.Counter()) }
