package amqpbridge

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/wire"
)

// What becomes of a delivery: error, tries, age → action. A question is dropped when its time is over, a registration never.
func TestPolicy(t *testing.T) {
	question, report := Policy{Budget: 700 * time.Millisecond, Crashes: 3}, Policy{Crashes: 3}
	crash := fmt.Errorf("ask: %w", &otp.CrashError{Process: "user/x"})
	for name, tc := range map[string]struct {
		p              Policy
		err            error
		tries, crashes int
		age            time.Duration
		want           action
		count          string
	}{
		"malformed question":         {question, &wire.Error{Reason: wire.NotJSON}, 0, 0, time.Hour, parkMalformed, "malformed_not_json"},
		"malformed report":           {report, &wire.Error{Reason: wire.MissingField, Field: "Realm"}, 0, 0, 0, parkMalformed, "malformed_missing_field"},
		"an impossible name":         {report, domain.Wrap(domain.Invalid, "user", errors.New("is empty")), 0, 0, 0, parkMalformed, "malformed_invalid"},
		"a first crash":              {report, crash, 0, 0, 0, tryAgain, ""},
		"the last crash of a report": {report, crash, 2, 2, time.Hour, parkPoison, "poison"},
		"that of a question":         {question, crash, 2, 2, 0, drop, "crashed"},
		"a late question":            {question, crash, 0, 0, 700 * time.Millisecond, drop, "late"},
		"no process":                 {question, otp.ErrNoProcess, 9, 0, 0, tryAgain, ""},
		"a store that reopens":       {report, domain.Wrap(domain.Unavailable, "store", nil), 99, 0, time.Hour, tryAgain, ""},
		"an overtaken incarnation":   {report, domain.Wrap(domain.Conflict, "write", nil), 99, 0, time.Hour, tryAgain, ""},
		"a first crash after many tries that were no fault of its": {report, crash, 99, 0, time.Hour, tryAgain, ""},
		"a user that cools down":                                   {report, otp.ErrCooling, 99, 0, time.Hour, tryAgain, ""},
	} {
		got := tc.p.decide(tc.err, tc.tries, tc.crashes, tc.age)
		if got.do != tc.want || got.name != tc.count {
			t.Errorf("%s: %v %q, want %v %q", name, got.do, got.name, tc.want, tc.count)
		}
		if got.do == tryAgain && (got.after <= 0 || got.after > lastRetry) {
			t.Errorf("%s: again after %v", name, got.after)
		}
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for failures := 1; failures < 100; failures++ {
		if low, high := backoff(failures, 0), backoff(failures, 1); low < firstBackoff/2 || high > lastBackoff || low == high {
			t.Errorf("after %d failures: %v to %v", failures, low, high)
		}
	}
}
