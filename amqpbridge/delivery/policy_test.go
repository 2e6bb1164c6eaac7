package delivery_test

import (
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge/delivery"
)

// A request is dropped when its deadline has passed, a registration never.
func TestPolicy(t *testing.T) {
	const deadline = 700 * time.Millisecond
	request := delivery.Policy{ReplyDeadline: deadline, MaxCrashes: 3}
	report := delivery.Policy{MaxCrashes: 3}
	for name, tc := range map[string]struct {
		policy  delivery.Policy
		failure delivery.Failure
		want    delivery.Action
		outcome string
	}{
		"malformed request":              {request, delivery.Failure{Reason: "not_json", Kind: domain.Invalid, Age: time.Hour}, delivery.ParkMalformed, "malformed_not_json"},
		"malformed report":               {report, delivery.Failure{Reason: "missing_field", Kind: domain.Invalid}, delivery.ParkMalformed, "malformed_missing_field"},
		"impossible name":                {report, delivery.Failure{Kind: domain.Invalid}, delivery.ParkMalformed, "malformed_invalid"},
		"first crash":                    {report, delivery.Failure{Crashed: true}, delivery.Retry, ""},
		"last crash of a report":         {report, delivery.Failure{Crashed: true, Tries: 2, Crashes: 2, Age: time.Hour}, delivery.ParkPoison, "poison"},
		"last crash of a request":        {request, delivery.Failure{Crashed: true, Tries: 2, Crashes: 2}, delivery.Drop, "crashed"},
		"first crash after many tries":   {report, delivery.Failure{Crashed: true, Tries: 99}, delivery.Retry, ""},
		"request past its deadline":      {request, delivery.Failure{Crashed: true, Age: deadline}, delivery.Drop, "deadline_exceeded"},
		"full store, request is late":    {request, delivery.Failure{Kind: domain.Full, NoRoom: true, Age: deadline}, delivery.Drop, "deadline_exceeded"},
		"process that is not running":    {request, delivery.Failure{Tries: 9}, delivery.Retry, ""},
		"store that reopens":             {report, delivery.Failure{Kind: domain.Unavailable, Tries: 99, Age: time.Hour}, delivery.Retry, ""},
		"write of an older incarnation":  {report, delivery.Failure{Kind: domain.Conflict, Tries: 99}, delivery.Retry, ""},
		"full store with room to wait":   {report, delivery.Failure{Kind: domain.Full, Tries: 99}, delivery.Retry, ""},
		"full store, no room to wait":    {report, delivery.Failure{Kind: domain.Full, NoRoom: true}, delivery.ParkFull, "store_full"},
		"crash while the store was full": {report, delivery.Failure{Crashed: true, NoRoom: true}, delivery.Retry, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.policy.Decide(tc.failure)
			if got.Action != tc.want || got.Outcome != tc.outcome {
				t.Errorf("%v %q, want %v %q", got.Action, got.Outcome, tc.want, tc.outcome)
			}
			if got.Action == delivery.Retry && (got.After <= 0 || got.After > time.Second) {
				t.Errorf("retry after %v", got.After)
			}
		})
	}
}

// The delay doubles with the number of tries up to a second.
func TestRetryDelay(t *testing.T) {
	for tries, want := range map[int]time.Duration{
		0: 20 * time.Millisecond, 1: 40 * time.Millisecond, 5: 640 * time.Millisecond, 6: time.Second, 99: time.Second,
	} {
		if got := (delivery.Policy{}).Decide(delivery.Failure{Tries: tries}).After; got != want {
			t.Errorf("after %d tries: %v, want %v", tries, got, want)
		}
	}
}
