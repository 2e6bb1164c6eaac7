package delivery_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/domain"
	"registrar/amqpbridge/delivery"
)

// conflict reports whether two keys keep an order: the same user, or one of them is its realm.
func conflict(a, b domain.Key) bool {
	return a.Realm != "" && a.Realm == b.Realm && (a.User == b.User || a.User == "" || b.User == "")
}

// orderModel checks an order against the items that have arrived and those in work.
type orderModel struct {
	*rapid.T
	order   *delivery.Order[*domain.Key]
	arrived []*domain.Key
	working []*domain.Key
}

func (m *orderModel) begin(k *domain.Key) {
	for _, w := range m.working {
		if conflict(*k, *w) {
			m.Fatalf("%v begins beside %v", *k, *w)
		}
	}
	for _, earlier := range m.arrived[:slices.Index(m.arrived, k)] {
		if conflict(*k, *earlier) {
			m.Fatalf("%v overtakes %v", *k, *earlier)
		}
	}
	m.working = append(m.working, k)
}

func (m *orderModel) end() {
	i := rapid.IntRange(0, len(m.working)-1).Draw(m.T, "end")
	k := m.working[i]
	m.working = slices.Delete(m.working, i, i+1)
	at := slices.Index(m.arrived, k)
	m.arrived = slices.Delete(m.arrived, at, at+1)
	for _, next := range m.order.Done(*k) {
		m.begin(next)
	}
}

func (m *orderModel) arrive() {
	k := &domain.Key{
		Realm: domain.Realm(rapid.SampledFrom([]string{"", "a", "b"}).Draw(m.T, "realm")),
		User:  domain.User(rapid.SampledFrom([]string{"", "1", "2"}).Draw(m.T, "user")),
	}
	if k.Realm == "" {
		k.User = ""
	}
	held := slices.ContainsFunc(m.arrived, func(a *domain.Key) bool { return conflict(*a, *k) })
	m.arrived = append(m.arrived, k)
	admitted := m.order.Admit(*k, k)
	if admitted == held {
		m.Fatalf("%v is admitted: %v, an earlier one is there: %v", *k, admitted, held)
	}
	if admitted {
		m.begin(k)
	}
}

// Items come and end in any order: conflicting items are worked on in the order of arrival,
// others are never held back, and nothing is forgotten.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &orderModel{T: t, order: delivery.NewOrder[*domain.Key]()}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(m.working) > 0 && rapid.Bool().Draw(t, "one ends") {
				m.end()
			} else {
				m.arrive()
			}
		}
		for len(m.working) > 0 {
			m.end()
		}
		if len(m.arrived) != 0 || m.order.Realms() != 0 {
			t.Fatalf("%d items are forgotten, %d realms remain", len(m.arrived), m.order.Realms())
		}
	})
}
