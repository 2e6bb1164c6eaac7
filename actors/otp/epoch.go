package otp

import "fmt"

// Epoch numbers incarnations: the boot in the upper 24 bits, a counter of the system below. A later incarnation has a larger
// epoch, in the same run and across runs. Zero is no incarnation.
type Epoch uint64

const epochBits = 40

// Boot returns the number of the run.
func (e Epoch) Boot() uint32 { return uint32(e >> epochBits) }

// Counter returns the number within the run.
func (e Epoch) Counter() uint64 { return uint64(e) & (1<<epochBits - 1) }

// String returns boot.counter.
func (e Epoch) String() string { return fmt.Sprintf("%d.%d", e.Boot(), e.Counter()) }
