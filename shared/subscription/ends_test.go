package subscription

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Seven days to undo an unsubscription, to the last second (decisions: "7 days after unsubscribing"): then the expiry of before holds again;
// a second later nothing brings it back, and the record is absent.
func TestUndoToTheLastSecond(t *testing.T) {
	for _, test := range []struct {
		name string
		wait time.Duration
		back bool
	}{{"at once", 0, true}, {"the last second", 7*day - time.Second, true}, {"the end", 7 * day, false}, {"long after", 30 * day, false}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			unsubscribe := w.subscribed(t, hanako()).Unsub
			was, _ := w.stored(t, email)
			w.after(100 * day)
			w.mustUnsubscribe(t, unsubscribe)
			w.after(test.wait)
			err := w.undo(unsubscribe)
			s, _ := w.stored(t, email)
			switch {
			case test.back && (err != nil || s.State != Confirmed || s.ExpiresAt != was.ExpiresAt || w.suppressed(t, email)):
				t.Errorf("not as before: %v %+v", err, s)
			case !test.back && (!errors.Is(err, ErrGone) || w.state(t, email) != "" || !w.suppressed(t, email)):
				t.Errorf("after its end: %v, state %q", err, w.state(t, email))
			}
			if n := w.numbers(t); n.Left != 1 || (n.Back == 1) != test.back {
				t.Errorf("%+v", n)
			}
		})
	}
}

// A bounced address leaves 90 days after the bounce; put back before that, the expiry of before holds again, and a question that was open
// stays open, so that nobody is asked twice in a round.
func TestBounceToTheLastDay(t *testing.T) {
	for _, test := range []struct {
		name string
		wait time.Duration
		back bool
	}{{"the last second", 40*day - time.Second, true}, {"its own end", 40 * day, false}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			was, _ := w.stored(t, email)
			w.set(time.Unix(was.ExpiresAt, 0).Add(-40 * day))
			if mailed, _ := w.tick(t); mailed != 1 {
				t.Fatal("not asked")
			}
			asked, _ := w.stored(t, email)
			w.bounce(t, email, w.now())
			if n := len(lapses(t, w)); n != 0 {
				t.Errorf("%d lapses of somebody who has bounced", n)
			}
			w.after(test.wait)
			err := w.list.PutBackOn(t.Context(), w.person(email), "転送設定の誤り", func(context.Context, string) error { return nil })
			s, _ := w.stored(t, email)
			switch {
			case test.back && (err != nil || s.ExpiresAt != was.ExpiresAt || s.Asked == nil || s.Asked.Ref != asked.Asked.Ref || len(lapses(t, w)) != 1):
				t.Errorf("not as before: %v %+v", err, s)
			case !test.back && (err == nil || w.state(t, email) != ""):
				t.Errorf("after its end: %v, state %q", err, w.state(t, email))
			}
		})
	}
	w := newWorld(t)
	w.subscribed(t, hanako())
	w.bounce(t, email, w.now().Add(time.Second))
	w.after(90*day - time.Second)
	if w.state(t, email) != Bounced {
		t.Error("gone before the 90 days")
	}
	w.after(time.Second)
	if _, found, err := w.list.at(t.Context(), w.person(email)); found || err != nil || w.state(t, email) != "" {
		t.Errorf("there after 90 days: %v", err)
	}
}
