package delivery

import (
	"slices"

	"registrar/actors/domain"
)

// priority is the waiting items of one rank, by realm.
type priority[T any] struct {
	queues  map[domain.Realm]*realmQueue[T]
	turns   []*realmQueue[T] // the same queues, in the order of their turns
	empty   int              // queues without items: their last items were shed
	longest *realmQueue[T]   // about the longest one
}

type realmQueue[T any] struct {
	realm domain.Realm
	items []*T
}

func newPriority[T any]() priority[T] {
	return priority[T]{queues: map[domain.Realm]*realmQueue[T]{}}
}

// waiting counts the items of a realm.
func (p *priority[T]) waiting(r domain.Realm) int {
	if q := p.queues[r]; q != nil {
		return len(q.items)
	}
	return 0
}

func (p *priority[T]) push(realm domain.Realm, item *T) {
	q := p.queues[realm]
	if q == nil {
		q = &realmQueue[T]{realm: realm}
		p.queues[realm] = q
		p.turns = append(p.turns, q)
	} else if len(q.items) == 0 {
		p.empty--
	}
	q.items = append(q.items, item)
	if p.longest == nil || len(q.items) > len(p.longest.items) {
		p.longest = q
	}
}

// pop takes the oldest item of the next realm; nil when there is none.
func (p *priority[T]) pop() *T {
	for len(p.turns) > 0 {
		q := p.turns[0]
		p.turns = p.turns[1:]
		if len(q.items) == 0 {
			delete(p.queues, q.realm)
			p.empty--
			continue
		}
		item := q.take()
		if len(q.items) == 0 {
			delete(p.queues, q.realm)
		} else {
			p.turns = append(p.turns, q)
		}
		return item
	}
	return nil
}

// shed takes the oldest item of the realm with about the longest queue; nil when there is none.
func (p *priority[T]) shed() *T {
	if p.longest == nil || len(p.longest.items) == 0 { // used up: continue with any other queue
		at := slices.IndexFunc(p.turns, func(q *realmQueue[T]) bool { return len(q.items) > 0 })
		if at < 0 {
			p.longest = nil
			return nil
		}
		p.longest = p.turns[at]
	}
	item := p.longest.take()
	if len(p.longest.items) == 0 {
		p.emptied()
	}
	return item
}

// emptied notes that a queue has lost its last item before its turn. Empty queues are removed
// once they exceed half of all: a low priority may never have a turn while items of ever new
// realms are shed from it.
func (p *priority[T]) emptied() {
	if p.empty++; 2*p.empty <= len(p.turns) {
		return
	}
	p.turns = slices.DeleteFunc(p.turns, func(q *realmQueue[T]) bool {
		if len(q.items) > 0 {
			return false
		}
		delete(p.queues, q.realm)
		return true
	})
	p.empty = 0
}

func (q *realmQueue[T]) take() *T {
	item := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	return item
}
