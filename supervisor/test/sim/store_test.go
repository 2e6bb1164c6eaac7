package sim_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/directory"
	"registrar/actors/directory/storetest"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/persistence"
	"registrar/supervisor/test/sim"
)

func TestModelConforms(t *testing.T) {
	t.Run("one at a time", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) directory.Store { return sim.NewStore() })
	})
	t.Run("in batches", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) directory.Store {
			s, work := sim.NewStore(), make(chan func(), 10_000)
			s.Wake = func(_ string, run func()) { work <- run }
			go func() {
				for run := range work {
					run()
				}
			}()
			t.Cleanup(func() { close(work) })
			return s
		})
	})
}

// The model and the file answer the same operations alike.
func TestModelAnswersAsTheFileDoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		model, file := &storetest.Client{T: t, Store: sim.NewStore()}, &storetest.Client{T: t, Store: openFile(t)}
		users := rapid.Custom(func(r *rapid.T) domain.Key {
			return domain.Key{Realm: "acme.test", User: domain.User(strconv.Itoa(rapid.IntRange(0, 4).Draw(r, "user")))}
		})
		for range 60 {
			k, epoch := users.Draw(r, "key"), rapid.Uint64Range(1, 6).Draw(r, "epoch")
			what := rapid.IntRange(0, 6).Draw(r, "operation")
			contact := fmt.Sprint("sip:", rapid.IntRange(0, 3).Draw(r, "contact"))
			if a, b := operate(model, what, k, epoch, contact), operate(file, what, k, epoch, contact); a != b {
				r.Fatalf("operation %d: the model says\n%s\nand the file\n%s", what, a, b)
			}
		}
	})
}

// operate does one operation and describes the reply.
func operate(c *storetest.Client, what int, k domain.Key, epoch uint64, contact string) string {
	switch what {
	case 0:
		rec, err := c.Fenced(k, epoch)
		return fmt.Sprint(rec, domain.KindOf(err))
	case 1, 2:
		return fmt.Sprint(domain.KindOf(c.Written(storetest.Record(k, contact), epoch)))
	case 3:
		c.Release(otp.External("test"), k, epoch)
		return ""
	case 4:
		headers := c.Primed(domain.ShardOf(k, 64), 64, epoch)
		slices.SortFunc(headers, func(a, b domain.Header) int { return cmp.Compare(a.Key.User, b.Key.User) })
		return fmt.Sprint(headers)
	case 5:
		var all []domain.Key
		for start := k; start != (domain.Key{}); { // each store decides where a page ends
			var page []domain.Key
			page, start = c.DueFrom(start, 2, func(h domain.Header) bool { return h.Key.User != "3" })
			all = append(all, page...)
		}
		return fmt.Sprint(all)
	default:
		changed, owned := c.Pruned([]domain.Key{k}, func(rec domain.Record) (domain.Record, bool) {
			return domain.Record{Key: rec.Key}, len(rec.Bindings) > 0
		})
		rec, there := c.Found(k)
		return fmt.Sprint(changed, owned, rec, there)
	}
}

func openFile(t *testing.T) directory.Store {
	t.Helper()
	sys := otp.NewSystem()
	r := persistence.NewRegistrations(sys, persistence.DefaultOptions(t.TempDir()))
	app, err := otp.Start(t.Context(), sys, "store", r.Children())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Stop(t.Context()) })
	return r
}
