package subscription

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRounds: people answer, leave, come back and bounce while the clock runs, sometimes late: nobody is asked twice in a round, nobody
// leaves without having been asked, an answer always wins over the lapse, and the months add up.
func TestRounds(t *testing.T) {
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		w.set(start)
		r := &asking{world: w, asked: map[string][]time.Time{}, consent: map[string]string{}}
		for _, name := range []string{"p", "q", "r"} {
			address := fmt.Sprintf("%s%d@example.jp", name, run)
			r.emails = append(r.emails, address)
			w.subscribed(t, hanako("email", address))
			w.after(time.Duration(rapid.IntRange(0, 30).Draw(t, "days between")) * day)
		}
		w.set(start.Add(w.list.Periods.Of("confirmed") - leads.First - 10*day))
		for range rapid.IntRange(4, 16).Draw(t, "steps") {
			r.step(t)
		}
		for _, table := range []string{w.list.Table, w.list.Outbox, w.list.Suppression} {
			clearTable(t, w, table)
		}
	})
}

type asking struct {
	*world
	emails  []string
	asked   map[string][]time.Time // round -> letters
	consent map[string]string      // consent that a round belongs to

}

func (r *asking) step(t *rapid.T) {
	email := rapid.SampledFrom(r.emails).Draw(t, "person")
	switch rapid.SampledFrom([]string{"wait", "wait", "wait", "wait", "answer", "leave", "undo", "bounce", "put back", "delete"}).Draw(t, "step") {
	case "wait": // the clock is never late by the whole lead, which is what the lead is for
		r.after(time.Duration(rapid.IntRange(1, 50*24).Draw(t, "hours")) * time.Hour)
		r.clock(t)
	case "answer":
		r.answer(t, email)
	case "leave":
		if rows := r.mails(t, email, "welcome"); len(rows) > 0 {
			r.mustUnsubscribe(t, rows[len(rows)-1].Unsub)
		}
	case "undo":
		if err := r.undo(r.last(t, email, "welcome").Unsub); err != nil && !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
	case "bounce":
		r.bounce(t, email, r.now())
	case "put back":
		err := r.list.PutBackOn(context.Background(), r.person(email), "誤り", func(context.Context, string) error { return nil })
		var out *OptedOut
		if err != nil && !errors.As(err, &out) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrState) {
			t.Fatal(err)
		}
		if err == nil {
			r.clock(t) // or it may be back for less than the clock takes
		}
	case "delete":
		r.deleteExpired(t)
	}
}

func (r *asking) answer(t *rapid.T, email string) {
	rows := r.mails(t, email, "stay")
	if len(rows) == 0 {
		return
	}
	letter := rapid.SampledFrom(rows).Draw(t, "letter")
	before, _ := r.stored(t, email)
	renewal, err := r.stay(letter.Data["link"])
	after, _ := r.stored(t, email)
	ref := r.tokenOf(letter.Data["link"]).Ref
	switch live := before.State == Confirmed && before.ExpiresAt > r.now().Unix(); {
	case !live && !errors.Is(err, ErrGone):
		t.Fatalf("answered from state %q: %v", before.State, err)
	case live && err != nil:
		t.Fatal(err)
	case live && before.Asked != nil && before.Asked.Ref == ref && (after.ExpiresAt != r.now().Add(1095*day).Unix() || renewal.Until.Unix() != after.ExpiresAt):
		t.Fatalf("an answer did not renew: %+v", after)
	case live && (before.Asked == nil || before.Asked.Ref != ref) && after.ExpiresAt != before.ExpiresAt:
		t.Fatal("a link of before renewed")
	}
}

// clock runs the clock, and holds what it did to the rules.
func (r *asking) clock(t *rapid.T) {
	due := map[string]bool{} // whose day has come without an answer, and whether they had been asked
	for _, l := range lapses(t, r.world) {
		if l.Ends <= r.now().Unix() {
			due[l.Round] = true
		}
	}
	was := r.numbers(t)
	r.tick(t)
	if got := r.numbers(t).Expired - was.Expired; got != len(due) {
		t.Fatalf("%d lapsed, %d were due", got, len(due))
	}
	letters := map[string][]time.Time{}
	for _, email := range r.emails {
		for _, m := range r.mails(t, email, "stay") {
			at, err := time.Parse(time.RFC3339, m.Created)
			if err != nil {
				t.Fatal(err)
			}
			ref := r.tokenOf(m.Data["link"]).Ref
			letters[ref] = append(letters[ref], at)
		}
		s, found := r.stored(t, email)
		if found && s.Asked != nil {
			if other := r.consent[s.Ref]; other != "" && other != s.Asked.Ref {
				t.Fatal("asked again, in another round, about one consent")
			}
			r.consent[s.Ref] = s.Asked.Ref
		}
		if found && s.State == Confirmed && s.ExpiresAt > r.now().Unix() && s.ExpiresAt <= r.now().Add(leads.First).Unix() && (s.Asked == nil || s.Asked.Letters == 0) {
			t.Fatal("not asked")
		}
		if found && s.State == Confirmed && s.ExpiresAt <= r.now().Unix() {
			t.Fatal("somebody whose day is over is still there, and nobody was asked")
		}
	}
	for ref, at := range letters {
		if len(at) > 2 || len(at) == 2 && at[1].Sub(at[0]) < leads.gap() {
			t.Fatalf("letters of one round: %v", at)
		}
		delete(due, ref)
	}
	if len(due) > 0 {
		t.Fatalf("left without having been asked: %v", due)
	}
	r.addUp(t)
}
