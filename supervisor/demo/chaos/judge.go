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

// operation is what porcupine sees of a history: the change to the value of a number, counted from 1, or a read.
type operation struct{ change int }

// model is a correct registrar for one thing: the changes count one after the other, and a read shows the last that counts.
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

// undecided is how long porcupine may think about one history; one that takes longer counts as not explained.
const undecided = 2 * time.Minute

// Wrong returns the answers that no correct registrar could have given: those without which there is an order of all changes and reads, each between
// its call and its end, that explains the others. It names no more than a few.
func (h *History) Wrong() (wrong []Read) {
	const most = 10
	reads := slices.Clone(h.Reads)
	slices.SortFunc(reads, func(a, b Read) int { return a.Returned.Compare(b.Returned) })
	for len(wrong) < most && !h.explains(reads) {
		// The shortest part of the history that cannot be explained ends with the answer that is wrong.
		n := sort.Search(len(reads), func(i int) bool { return !h.explains(reads[:i+1]) })
		wrong = append(wrong, reads[n])
		reads = slices.Delete(reads, n, n+1)
	}
	return wrong
}

// explains reports whether an order explains these reads.
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
	return porcupine.CheckOperationsTimeout(model(values), ops, undecided) == porcupine.Ok
}

// before tells what came before an answer: the last changes, and the last answers, with their times from when it was asked.
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

// Judge returns a sentence for each wrong answer, and how many answers there were.
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
