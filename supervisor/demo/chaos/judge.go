package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"

	"registrar/actors/domain"
)

// operation is an operation as porcupine sees it: the change with a number, counted from 1, or
// zero for a read.
type operation struct{ change int }

// model is a correct registrar for one value: changes take effect one after the other, and a read
// shows the last one in effect.
func model(values []string) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			last, _ := state.(int)
			if op, _ := input.(operation); op.change > 0 {
				return op.change == last+1, op.change
			}
			shown, _ := output.(string)
			return shown == values[last], last
		},
	}
}

// checkTimeout bounds the check of one history; one that takes longer counts as wrong.
const checkTimeout = 2 * time.Minute

// Wrong returns the reads that no correct registrar could have answered: without them some order
// of the changes and the other reads, each between its call and its end, explains the history. It
// returns only a few.
func (h *History) Wrong() (wrong []Read) {
	const most = 10
	reads := slices.Clone(h.Reads)
	slices.SortFunc(reads, func(a, b Read) int { return a.Returned.Compare(b.Returned) })
	for len(wrong) < most && !h.explains(reads) {
		// The shortest prefix without an explanation ends with a wrong read.
		n := sort.Search(len(reads), func(i int) bool { return !h.explains(reads[:i+1]) })
		wrong = append(wrong, reads[n])
		reads = slices.Delete(reads, n, n+1)
	}
	return wrong
}

// explains reports whether some order explains these reads.
func (h *History) explains(reads []Read) bool {
	values := []string{""}
	ops := make([]porcupine.Operation, 0, len(h.Changes)+len(reads))
	add := func(in operation, out string, from time.Time, to int64) {
		ops = append(ops, porcupine.Operation{ClientId: len(ops), Input: in, Output: out, Call: from.UnixNano(), Return: to})
	}
	for i, c := range h.Changes {
		values = append(values, c.Value)
		end := int64(math.MaxInt64)
		if !c.Settled.IsZero() {
			end = c.Settled.UnixNano()
		}
		add(operation{change: i + 1}, "", c.Called, end)
	}
	for _, r := range reads {
		add(operation{}, r.Value, r.Called, r.Returned.UnixNano())
	}
	return porcupine.CheckOperationsTimeout(model(values), ops, checkTimeout) == porcupine.Ok
}

// before describes the last changes and reads before a read, with times relative to its call.
func (h *History) before(r Read) string {
	const most = 4
	var said, shown []string
	since := func(t time.Time) string {
		if t.IsZero() {
			return "?"
		}
		return t.Sub(r.Called).Round(time.Millisecond).String()
	}
	for _, c := range h.Changes {
		if c.Called.Before(r.Returned) {
			said = append(said, fmt.Sprintf("%q said %s confirmed %s settled %s", c.Value, since(c.Called), since(c.Confirmed), since(c.Settled)))
		}
	}
	for _, other := range h.Reads {
		if other.Called.Before(r.Returned) && other != r {
			shown = append(shown, fmt.Sprintf("%q %s to %s by %s", other.Value, since(other.Called), since(other.Returned), other.By))
		}
	}
	return fmt.Sprintf("%v and %v", said[max(0, len(said)-most):], shown[max(0, len(shown)-most):])
}

// Judge returns a sentence for each wrong reply, and the number of replies.
func (l *Ledger) Judge() (wrong []string, answers int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for what, all := range map[string]map[domain.Key]*History{"is shown at": l.contacts, "has the password": l.passwords} {
		for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b domain.Key) int { return cmp.Compare(a.String(), b.String()) }) {
			answers += len(all[k].Reads)
			for _, r := range all[k].Wrong() {
				wrong = append(wrong, fmt.Sprintf("%s: %v %s %q after %s", r.By, k, what, r.Value, all[k].before(r)))
			}
		}
	}
	slices.Sort(wrong)
	return wrong, answers
}
