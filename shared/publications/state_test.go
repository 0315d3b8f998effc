package publications

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	faulty "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

var allStates = []State{Received, Approved, Packed, Sent, Declined, Withdrawn, Returned}

// The states and their ends: a final one is one of the policy's (R44), and every copy that was reserved is sent or comes back.
func TestStates(t *testing.T) {
	for _, s := range allStates {
		if s.Final() != (s == Sent || s == Declined || s == Withdrawn || s == Returned) {
			t.Errorf("%s: final %v", s, s.Final())
		}
		for to, by := range moves[s] {
			if by.left+by.reserved+by.sent != 0 {
				t.Errorf("%s to %s loses or makes copies: %+v", s, to, by)
			}
			want := map[bool]int{true: -1}[!s.Final() && to.Final()]
			if by.reserved != want {
				t.Errorf("%s to %s changes what is reserved by %d, want %d", s, to, by.reserved, want)
			}
		}
	}
	if diff := cmp.Diff([]State{Approved, Declined, Withdrawn}, Received.Next()); diff != "" {
		t.Error(diff)
	}
	for _, s := range []State{Declined, Withdrawn, Returned} {
		if len(s.Next()) != 0 {
			t.Errorf("%s goes on to %v", s, s.Next())
		}
	}
	service := policy.Get(policy.Publications)
	for _, name := range []string{finalRetention, openRetention} {
		service.RetentionOf(name) // panics where the policy does not declare it
	}
}

// Every way through the states, with the stock, the reservation and the end of the record after each step.
func TestMove(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 10, 5), draft("book", 10, 5))
	for _, c := range []struct {
		way      []State
		counters [3]int // of map, by one request for 2 that is on its way, beginning with 10 left
	}{
		{nil, [3]int{8, 2, 0}},
		{[]State{Approved}, [3]int{8, 2, 0}},
		{[]State{Approved, Packed}, [3]int{8, 2, 0}},
		{[]State{Approved, Packed, Sent}, [3]int{8, 0, 2}},
		{[]State{Approved, Packed, Sent, Returned}, [3]int{10, 0, 0}},
		{[]State{Declined}, [3]int{10, 0, 0}},
		{[]State{Withdrawn}, [3]int{10, 0, 0}},
		{[]State{Approved, Declined}, [3]int{10, 0, 0}},
		{[]State{Approved, Packed, Withdrawn}, [3]int{10, 0, 0}},
	} {
		t.Run(fmt.Sprint(c.way), func(t *testing.T) {
			before := w.counters(t, "map")
			ref, err := w.ask(t.Context(), fmt.Sprintf("a%d@example.jp", w.serial.Load()), Item{"map", "地図", 2}, Item{"book", "本", 1})
			if err != nil {
				t.Fatal(err)
			}
			received := w.now()
			state := Received
			for _, next := range c.way {
				w.pass(time.Hour)
				if err := w.Move(t.Context(), ref, next); err != nil {
					t.Fatalf("%s to %s: %v", state, next, err)
				}
				var again *StateError
				if err := w.Move(t.Context(), ref, next); !errors.As(err, &again) || again.From != next {
					t.Errorf("%s twice: %v", next, err)
				}
				state = next
			}
			after := w.counters(t, "map")
			got := [3]int{10 + after[0] - before[0], after[1] - before[1], after[2] - before[2]}
			if got != c.counters {
				t.Errorf("left, reserved, sent %v, want %v", got, c.counters)
			}
			r, err := w.Find(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			expires := received.AddDate(0, 0, 365).Unix()
			if state.Final() {
				expires = w.now().AddDate(0, 0, 90).Unix() // decisions: 90 days after any final state
			}
			if r.State != state || r.ExpiresAt != expires {
				t.Errorf("%s until %d, want %s until %d", r.State, r.ExpiresAt, state, expires)
			}
			// Everything that is not a move is refused.
			for _, to := range allStates {
				if _, allowed := moves[state][to]; allowed {
					continue
				}
				var refused *StateError
				if err := w.Move(t.Context(), ref, to); !errors.As(err, &refused) {
					t.Errorf("%s to %s: %v", state, to, err)
				}
			}
		})
	}
	if err := w.Move(t.Context(), "M261124-NOBODY", Approved); !errors.Is(err, ErrNoRequest) {
		t.Errorf("a request that is none: %v", err)
	}
	all, err := w.Movements(t.Context(), "map")
	if err != nil {
		t.Fatal(err)
	}
	want := []Movement{{Publication: "map", PK: "movement#map", SK: "2026-11#13", Sent: 4, Returned: 2}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("movements (decisions: publication, prefecture, quantity, month): %s", diff)
	}
}

// A request that nobody settled ends a year after its receipt, and its copies are in stock again; before that, and where it is kept
// longer by a hold, nothing is taken back (hard case 24).
func TestLapse(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 10, 5))
	var refs []string
	for i := range 3 {
		ref, err := w.ask(t.Context(), fmt.Sprintf("l%d@example.jp", i), Item{"map", "地図", 2})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	if err := w.Move(t.Context(), refs[2], Declined); err != nil {
		t.Fatal(err)
	}
	w.pass(365*24*time.Hour - time.Second)
	if n, err := w.Lapse(t.Context()); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	held := record.Values{"later": w.now().Add(240 * time.Hour).Unix()}
	if _, err := record.Update(t.Context(), w.plain.Client, w.Requests, requestKey(refs[1]), "SET expires_at = :later", held, record.Condition{}, nil); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	if err := w.Move(t.Context(), refs[0], Approved); !errors.Is(err, ErrNoRequest) {
		t.Errorf("an expired request moves: %v", err)
	}
	if n, err := w.Lapse(t.Context()); n != 1 || err != nil {
		t.Errorf("lapsed: %d, %v", n, err)
	}
	if got := w.counters(t, "map"); got != [3]int{8, 2, 0} {
		t.Errorf("left, reserved, sent %v", got)
	}
	if got := rows[Request](t, w, w.Requests); len(got) != 3 { // the held one with its reservation, the declined one (which DynamoDB has not deleted)
		t.Errorf("%d items left: %+v", len(got), got)
	}
	w.pass(300 * time.Hour)
	if n, err := w.Lapse(t.Context()); n != 1 || err != nil || w.counters(t, "map") != [3]int{10, 0, 0} {
		t.Errorf("after the hold: %d, %v, %v", n, err, w.counters(t, "map"))
	}
}

// TestStockAddsUp does at random what people and staff do, several at once and with conflicts injected: at every
// moment no counter is negative and left + reserved + sent is what was supplied; and whenever all is quiet, reserved is what open
// requests ask for, which is what the reservations say, and sent is what was sent.
func TestStockAddsUp(t *testing.T) {
	// rapid's default of a hundred runs is for functions without a database: each of these is dozens of transactions.
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	if err := checks.Value.Set("12"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = checks.Value.Set(before) }()
	ids := []string{"map", "book", "film"}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.proxy.SetFaults(faulty.Faults{ConflictPercent: 30})
		w.load(t, draft("map", rapid.IntRange(0, 12).Draw(rt, "map"), 5), draft("book", rapid.IntRange(0, 12).Draw(rt, "book"), 5), draft("film", 3, 2))
		var refs []string
		var mu sync.Mutex
		stop := w.watch(t)
		for range rapid.IntRange(3, 6).Draw(rt, "batches") {
			var group sync.WaitGroup
			known := slices.Clone(refs) // nobody is at work: what is asked for in this batch is moved in the next
			for i := range 5 {
				switch kind := rapid.IntRange(0, 9).Draw(rt, "kind"); {
				case kind < 5 || len(known) == 0:
					var items []Item
					for _, id := range ids {
						if n := rapid.IntRange(0, 3).Draw(rt, id); n > 0 {
							items = append(items, Item{id, id, n})
						}
					}
					if len(items) == 0 {
						continue
					}
					group.Go(func() {
						ref, err := w.ask(context.Background(), fmt.Sprintf("r%d-%d@example.jp", i, w.serial.Load()), items...)
						var short *web.Error
						if err != nil && (!errors.As(err, &short) || short.Kind != web.Conflict) {
							t.Errorf("ask: %v", err)
						}
						if err == nil {
							mu.Lock()
							defer mu.Unlock()
							refs = append(refs, ref)
						}
					})
				case kind < 9:
					ref := rapid.SampledFrom(known).Draw(rt, "ref")
					to := rapid.SampledFrom(allStates[1:]).Draw(rt, "to")
					for range 2 { // two members of staff press at once
						group.Go(func() {
							var refused *StateError
							if err := w.Move(context.Background(), ref, to); err != nil && !errors.As(err, &refused) {
								t.Errorf("move: %v", err)
							}
						})
					}
				default:
					stock := rapid.IntRange(0, 9).Draw(rt, "stock")
					group.Go(func() {
						if err := w.Save(context.Background(), []Draft{draft("map", stock, 5)}); err != nil && !errors.Is(err, record.ErrUnavailable) {
							t.Errorf("save: %v", err)
						}
					})
				}
			}
			group.Wait()
			w.settle(t)
		}
		stop()
	})
}

// watch reads the counters all the time until its result is called.
func (w *world) watch(t *testing.T) (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			for _, p := range rows[Publication](t, w, w.Catalogue) {
				if p.Kind == publicationKind && (p.Left < 0 || p.Reserved < 0 || p.Sent < 0 || p.Left+p.Reserved+p.Sent != p.Supplied) {
					t.Errorf("%s: %d left, %d reserved, %d sent of %d", p.ID, p.Left, p.Reserved, p.Sent, p.Supplied)
				}
			}
		}
	})
	return func() { close(done); group.Wait() }
}

// settle compares the counters with the requests and the reservations while nothing happens.
func (w *world) settle(t *testing.T) {
	t.Helper()
	open, sent, reserved := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range rows[Request](t, w, w.Requests) {
		for _, item := range r.Items {
			switch {
			case r.Ref == reservedPartition:
				reserved[item.ID] += item.Copies
			case !r.State.Final():
				open[item.ID] += item.Copies
			case r.State == Sent:
				sent[item.ID] += item.Copies
			}
		}
	}
	if diff := cmp.Diff(open, reserved); diff != "" {
		t.Errorf("reservations are not the open requests: %s", diff)
	}
	for _, p := range rows[Publication](t, w, w.Catalogue) {
		if p.Kind == publicationKind && (p.Reserved != open[p.ID] || p.Sent != sent[p.ID]) {
			t.Errorf("%s: %d reserved and %d sent, the requests say %d and %d", p.ID, p.Reserved, p.Sent, open[p.ID], sent[p.ID])
		}
	}
}
