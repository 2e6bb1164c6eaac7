package otptest

import "go.uber.org/goleak"

// Main runs the tests of a package and checks for leaked goroutines. They have [Timeout] to end;
// goleak alone allows less than half a second. Main does not return.
func Main(m goleak.TestingM, options ...goleak.Option) {
	goleak.VerifyTestMain(waitingMain{m, options}, options...)
}

type waitingMain struct {
	m       goleak.TestingM
	options []goleak.Option
}

// Run runs the tests.
func (m waitingMain) Run() int {
	code := m.m.Run()
	if code == 0 {
		Eventually(func() bool { return goleak.Find(m.options...) == nil })
	}
	return code
}
