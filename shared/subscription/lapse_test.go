package subscription

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/record"
)

func lapses(t fatal, w *world) []lapse {
	t.Helper()
	var all []lapse
	for _, l := range scan[lapse](t, w, w.list.Table) {
		if l.PK == lapsePartition {
			all = append(all, l)
		}
	}
	return all
}

// Without an answer the record leaves on its day, whoever deletes it; nothing is suppressed, for no wish was expressed, the link tells the
// way back, and a newer sign-up is as any (hard case 24).
func TestNoAnswer(t *testing.T) {
	for name, deleted := range map[string]string{"the clock is first": "", "DynamoDB is first": "deleted", "somebody signs up before either": "signed up", "comes back before either": "confirmed"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			was, _ := w.stored(t, email)
			ends := time.Unix(was.ExpiresAt, 0)
			w.set(ends.Add(-leads.First))
			w.tick(t)
			w.set(ends.Add(-leads.Last - time.Second))
			if mailed, _ := w.tick(t); mailed != 0 {
				t.Error("the second letter is early")
			}
			w.after(time.Second)
			if mailed, _ := w.tick(t); mailed != 1 {
				t.Error("no second letter")
			}
			letters := w.mails(t, email, "stay")
			if len(letters) != 2 || w.tokenOf(letters[0].Data["link"]).Ref != w.tokenOf(letters[1].Data["link"]).Ref {
				t.Errorf("letters: %+v", letters)
			}
			w.set(ends.Add(-time.Second))
			if _, lapsed := w.tick(t); lapsed != 0 || w.state(t, email) != Confirmed {
				t.Errorf("a second before the end: %q", w.state(t, email))
			}
			w.after(time.Second)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if answer := w.do(method, letters[0].Data["link"], ""); answer.Code != http.StatusGone || !strings.Contains(answer.Body.String(), `href="/newsletter"`) {
					t.Errorf("%s after the end: %d", method, answer.Code)
				}
			}
			switch deleted {
			case "deleted":
				w.deleteExpired(t)
			case "signed up", "confirmed":
				w.signUp(t, hanako("name", "新しい名前"))
				if deleted == "confirmed" {
					if err := w.confirm(w.last(t, email, "confirm").Data["link"]); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.after(time.Hour)
			if _, lapsed := w.tick(t); lapsed != 1 {
				t.Errorf("%d lapsed", lapsed)
			}
			if _, lapsed := w.tick(t); lapsed != 0 {
				t.Errorf("%d lapsed twice", lapsed)
			}
			want := map[string]State{"signed up": Unconfirmed, "confirmed": Confirmed}[deleted]
			if s, found := w.stored(t, email); found != (want != "") || s.State != want {
				t.Errorf("state %q, want %q", s.State, want)
			}
			if w.suppressed(t, email) {
				t.Error("the address is suppressed, and nobody wished it")
			}
			for _, c := range w.consents(t, email) {
				if c.Ref == was.Ref && c.EndedAt != stamp(ends) {
					t.Errorf("the consent ended %q", c.EndedAt)
				}
			}
			if got := w.numbers(t); got.Expired != 1 || got.Left != 0 {
				t.Errorf("%+v", got)
			}
			if months, _, _ := w.list.Months(t.Context()); months[len(months)-1].Month != monthOf(ends) || months[len(months)-1].Expired != 1 {
				t.Errorf("not counted in the month of the end: %+v", months[len(months)-1])
			}
			if deleted == "" || deleted == "deleted" {
				w.subscribed(t, hanako())
				if w.state(t, email) != Confirmed {
					t.Error("a newer sign-up does not work as anew")
				}
			}
		})
	}
}

// A hold keeps a record beyond its day: it lapses when the hold is over, and is counted once.
func TestLapseWaitsForAHold(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	s, _ := w.stored(t, email)
	w.set(time.Unix(s.ExpiresAt, 0).Add(-leads.First))
	w.tick(t)
	held := time.Unix(s.ExpiresAt, 0).Add(100 * day)
	if _, err := record.Update(t.Context(), w.list.Client, w.list.Table, Key(w.person(email)), "SET expires_at = :later", record.Values{"later": held.Unix()}, record.Condition{}, nil); err != nil {
		t.Fatal(err)
	}
	w.set(time.Unix(s.ExpiresAt, 0))
	if _, lapsed := w.tick(t); lapsed != 0 || w.state(t, email) != Confirmed {
		t.Error("it lapsed on the day of before")
	}
	w.set(held)
	if _, lapsed := w.tick(t); lapsed != 1 || w.numbers(t).Expired != 1 {
		t.Errorf("after the hold: %d, %+v", lapsed, w.numbers(t))
	}
}

// TestAnswerAtTheLastMoment: answers, an unsubscription, a bounce and the clock meet. Whatever is first, the person is counted once, and an
// answer that was accepted holds.
func TestAnswerAtTheLastMoment(t *testing.T) {
	w := newWorld(t)
	for round := range 20 {
		address := string(rune('a'+round)) + "@example.jp"
		welcome := w.subscribed(t, hanako("email", address))
		s, _ := w.stored(t, address)
		w.set(time.Unix(s.ExpiresAt, 0).Add(-time.Second))
		w.tick(t)
		letter := w.last(t, address, "stay").Data["link"]
		type act struct {
			name string
			do   func() error
		}
		answered := make(chan bool, 4)
		answer := act{"answer", func() error { _, err := w.stay(letter); answered <- err == nil; return err }}
		clock := act{"clock", func() error { w.after(time.Second); _, _, err := w.list.Lapsed(context.Background(), 10); return err }}
		acts := []act{answer, clock, answer, {"ask", func() error { _, err := w.list.Ask(context.Background(), w.person(address), leads); return err }}}
		if round%2 == 1 {
			acts = append(acts, act{"leave", func() error { return w.unsubscribe(welcome.Unsub) }})
		}
		together(t, acts, func(a act) (string, error) { return a.name, a.do() })
		close(answered)
		w.tick(t)
		ok := false
		for one := range answered {
			ok = ok || one
		}
		switch state := w.state(t, address); {
		case ok && round%2 == 0 && state != Confirmed:
			t.Fatalf("an answer was accepted, and the state is %q", state)
		case len(w.mails(t, address, "stay")) != 1:
			t.Fatalf("%d letters", len(w.mails(t, address, "stay")))
		}
		w.deleteExpired(t)
		w.addUp(t)
		clearTable(t, w, w.list.Table) // the next round begins three years later
	}
}
