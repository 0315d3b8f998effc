package registration_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
)

// An event without seats yet takes everybody on the waiting list, also a crowd at once (hard case 14). When staff raise the number,
// the clock offers exactly those seats, to those who came first; who comes later waits behind them (hard case 15).
func TestNoSeatsYet(t *testing.T) {
	w := newWorld(t)
	e := w.event("later", map[string]any{"capacity": 0, "waiting_list": true})
	var early []string
	for i := range 3 {
		w.set(w.now().Add(time.Second))
		ref, as, err := w.apply(e, fmt.Sprintf("Early%d", i))
		if as != registration.Waiting || err != nil {
			t.Fatalf("%s, %v", as, err)
		}
		early = append(early, ref)
	}
	w.set(w.now().Add(time.Second))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, as, err := w.apply(e, fmt.Sprintf("P%d", i)); as != registration.Waiting || err != nil {
				t.Errorf("one of a crowd: %s, %v", as, err)
			}
		})
	}
	group.Wait()
	w.ok(w.Promote(t.Context(), e))
	if left, offers := w.left(e, "all"), w.mails(policy.EventOffer); left != 0 || offers != 0 || w.mails(policy.EventWaiting) != 23 || w.mails(policy.EventRegistered) != 0 {
		t.Errorf("%d seats are left and %d offered of none", left, offers)
	}
	w.ok(w.Cancel(t.Context(), e, early[0])) // frees nothing
	e = w.event("later", map[string]any{"capacity": 5, "waiting_list": true})
	for range 4 {
		group.Go(func() {
			err := w.Promote(context.Background(), e)
			for err != nil { // the clock comes back
				err = w.Promote(context.Background(), e)
			}
		})
	}
	group.Wait()
	w.ok(w.Promote(t.Context(), e))
	all, _, err := w.List(t.Context(), e.ID, "")
	w.ok(err)
	seats := map[int]bool{}
	for _, r := range all {
		if r.State == registration.Offered {
			seats[r.Seat] = true
		}
	}
	if len(seats) != 5 || w.mails(policy.EventOffer) != 5 || w.left(e, "all") != 0 {
		t.Errorf("%d seats are offered by %d mails, want 5", len(seats), w.mails(policy.EventOffer))
	}
	for _, ref := range early[1:] {
		if r := w.find(e, ref); r.State != registration.Offered {
			t.Errorf("who came first is %s", r.State)
		}
		w.ok(w.Accept(t.Context(), e, ref))
	}
	if _, as, err := w.apply(e, "Late"); as != registration.Waiting || err != nil {
		t.Errorf("who comes late: %s, %v", as, err)
	}
	// Where seats are counted apart, one way may have none yet.
	e = w.event("apart", map[string]any{"kind": "hybrid", "capacity": map[string]int{"venue": 0, "online": 1}, "waiting_list": true})
	for mode, want := range map[string]registration.State{"venue": registration.Waiting, "online": registration.Registered} {
		if _, as, err := w.apply(e, "A"+mode, "attendance", mode); as != want || err != nil {
			t.Errorf("%s: %s, %v", mode, as, err)
		}
	}
	// After the number was lowered to none, those who have a seat keep it, and what they give back goes to nobody.
	e = w.event("fewer", map[string]any{"capacity": 2, "waiting_list": true})
	kept := w.must(w.apply(e, "Kept"))
	gone := w.must(w.apply(e, "Gone"))
	e = w.event("fewer", map[string]any{"capacity": 0, "waiting_list": true})
	waits := w.must(w.apply(e, "Waits"))
	w.ok(w.Cancel(t.Context(), e, gone))
	if w.find(e, kept).State != registration.Registered || w.find(e, waits).State != registration.Waiting || w.left(e, "all") != 0 {
		t.Errorf("%s, %s, %d left", w.find(e, kept).State, w.find(e, waits).State, w.left(e, "all"))
	}
}
