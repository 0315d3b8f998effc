package subscription

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const email = "hanako@example.jp"

// suppressions is the reason of the suppression of an address, "" where there is none.
func (w *world) reason(t fatal, email string) (reason, since string) {
	t.Helper()
	s, _ := get[suppression](t, w, w.list.Suppression, record.Key(w.person(email), string(w.list.Service.Code)))
	return s.Reason, s.Since
}

func (w *world) bounce(t fatal, email string, sent time.Time) bool {
	t.Helper()
	newer, err := w.list.Bounce(context.Background(), w.person(email), sent)
	if err != nil {
		t.Fatalf("bounce: %v", err)
	}
	return newer
}

func (w *world) complain(t fatal, email string, sent time.Time) bool {
	t.Helper()
	newer, err := w.list.Complain(context.Background(), w.person(email), sent)
	if err != nil {
		t.Fatalf("complain: %v", err)
	}
	return newer
}

// A hard bounce ends list mail at once: the record for 90 days, the evidence of the consent for its period, the hash for good. No
// mail is sent, and the same event again changes nothing.
func TestBounce(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	was, _ := w.stored(t, email)
	evidence := w.consents(t, email)[0]
	w.after(30 * day)
	mails, sent := len(w.mails(t, email, "")), w.now()
	w.after(time.Minute)
	if newer := w.bounce(t, email, sent); newer {
		t.Error("an old consent wins over a bounce of today")
	}
	want := was
	want.State, want.BouncedFrom, want.BouncedAt, want.ExpiresAt = Bounced, Confirmed, stamp(w.now()), w.now().Add(90*day).Unix()
	want.KeptUntil = was.ExpiresAt
	got, _ := w.stored(t, email)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subscriber: %s", diff)
	}
	evidence.EndedAt, evidence.ExpiresAt = stamp(w.now()), w.now().Add(365*day).Unix()
	if diff := cmp.Diff([]consent{evidence}, w.consents(t, email)); diff != "" {
		t.Errorf("evidence: %s", diff)
	}
	if diff := cmp.Diff([]suppression{{Person: w.person(email), List: "newsletter", Reason: "bounced", Since: stamp(w.now())}},
		scan[suppression](t, w, w.list.Suppression)); diff != "" {
		t.Errorf("suppression: %s", diff)
	}
	if len(w.mails(t, email, "")) != mails {
		t.Error("a bounce sent mail")
	}
	before := w.snapshot(t)
	w.after(day)
	for range 8 { // hard case 20: each event eight times
		w.bounce(t, email, sent)
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("the event again: %s", diff)
	}
}

// A record that would have gone sooner is not kept longer for having bounced.
func TestBounceNeverProlongs(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	was, _ := w.stored(t, email)
	w.after(1090 * day)
	w.bounce(t, email, w.now())
	if got, _ := w.stored(t, email); got.State != Bounced || got.ExpiresAt != was.ExpiresAt {
		t.Errorf("%s until %s", got.State, unixText(got.ExpiresAt))
	}
}

// Hard case 20: a late bounce or complaint, of a mail of before the person confirmed again, changes nothing; one of a later mail does,
// in whatever second the welcome was sent.
func TestNewerConsentWins(t *testing.T) {
	for name, report := range map[string]func(*world, *testing.T, time.Time) bool{
		"bounce":    func(w *world, t *testing.T, sent time.Time) bool { return w.bounce(t, email, sent) },
		"complaint": func(w *world, t *testing.T, sent time.Time) bool { return w.complain(t, email, sent) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			w.after(day)
			old := w.now() // an issue that the mailbox's server keeps for three days
			w.after(day)
			if newer := report(w, t, w.now()); newer {
				t.Fatal("the first report is of a mail of now")
			}
			w.after(time.Hour)
			w.subscribed(t, hanako()) // again, with a new consent
			before := w.snapshot(t)
			if newer := report(w, t, old); !newer {
				t.Error("a late report does not see the newer consent")
			}
			if diff := cmp.Diff(before, w.snapshot(t)); diff != "" || !w.list.receives(t, w, email) {
				t.Errorf("a late report changed: %s", diff)
			}
			confirmed, _ := w.stored(t, email)
			at, err := time.Parse(time.RFC3339, confirmed.ConfirmedAt)
			if err != nil {
				t.Fatal(err)
			}
			if newer := report(w, t, at.Add(300*time.Millisecond)); newer || w.list.receives(t, w, email) {
				t.Error("the welcome, sent in the second of the confirmation, came back: nothing happened")
			}
			if newer := report(w, t, old); newer {
				t.Error("who has bounced since is said to receive mail: SES's list would be cleared for it")
			}
		})
	}
}

// A complaint is an unsubscription at once, without a mail and without an undo.
func TestComplaint(t *testing.T) {
	for _, test := range []struct {
		name  string
		state State // before
		begin func(t *testing.T, w *world)
		want  State
	}{
		{"subscribed", Confirmed, func(*testing.T, *world) {}, Unsubscribed},
		{"left, may undo", Unsubscribed, func(t *testing.T, w *world) { w.mustUnsubscribe(t, w.last(t, email, "welcome").Unsub) }, Unsubscribed},
		{"bounced", Bounced, func(t *testing.T, w *world) { w.bounce(t, email, w.now()) }, Unsubscribed},
		{"left, and a stranger's sign-up waits", Unconfirmed, func(t *testing.T, w *world) {
			w.mustUnsubscribe(t, w.last(t, email, "welcome").Unsub)
			w.signUp(t, hanako("name", "他人"))
		}, Unconfirmed},
		{"gone", "", func(_ *testing.T, w *world) { w.after(1100 * day) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			link := w.subscribed(t, hanako()).Unsub
			w.after(day)
			test.begin(t, w)
			if got := w.state(t, email); got != test.state {
				t.Fatalf("state %q at first", got)
			}
			_, since := w.reason(t, email)
			mails := len(w.mails(t, email, ""))
			w.after(time.Hour)
			if since == "" {
				since = stamp(w.now())
			}
			for range 2 {
				w.complain(t, email, w.now())
			}
			if reason, at := w.reason(t, email); reason != "complained" || at != since || w.state(t, email) != test.want {
				t.Errorf("suppressed as %q since %s (want %s), state %q", reason, at, since, w.state(t, email))
			}
			if err := w.undo(link); !errors.Is(err, ErrGone) {
				t.Errorf("a complaint can be undone: %v", err)
			}
			if len(w.mails(t, email, "")) != mails {
				t.Error("a complaint was answered by mail")
			}
			for _, c := range w.consents(t, email) {
				if test.state != "" && c.EndedAt == "" {
					t.Errorf("a consent stands: %+v", c)
				}
			}
			w.bounce(t, email, w.now()) // weaker
			if reason, _ := w.reason(t, email); reason != "complained" {
				t.Errorf("a bounce took the place of a complaint: %q", reason)
			}
			w.subscribed(t, hanako())
			if !w.list.receives(t, w, email) {
				t.Error("a new consent does not win over a complaint")
			}
		})
	}
}

// Where an address stands decides what a bounce changes beside the suppression.
func TestBounceFromEveryState(t *testing.T) {
	for _, test := range []struct {
		name   string
		begin  func(t *testing.T, w *world)
		want   State
		reason string
	}{
		{"nobody", func(*testing.T, *world) {}, "", "bounced"},
		{"waits for the click", func(t *testing.T, w *world) { w.signUp(t, hanako()) }, Unconfirmed, "bounced"},
		{"has left: the wish is older and stronger", func(t *testing.T, w *world) { w.left(t, hanako()) }, Unsubscribed, "unsubscribed"},
		{"expired and not deleted (hard case 24)", func(t *testing.T, w *world) {
			w.subscribed(t, hanako())
			w.after(1095 * day)
		}, "", "bounced"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.begin(t, w)
			before, _ := w.stored(t, email)
			w.after(time.Minute)
			w.bounce(t, email, w.now())
			if after, _ := w.stored(t, email); cmp.Diff(before, after) != "" {
				t.Errorf("the record changed: %s", cmp.Diff(before, after))
			}
			if reason, _ := w.reason(t, email); reason != test.reason || w.state(t, email) != test.want {
				t.Errorf("suppressed as %q, state %q", reason, w.state(t, email))
			}
		})
	}
	t.Run("waits for staff", func(t *testing.T) {
		w, _ := waiting(t)
		until, _ := w.stored(t, reporter)
		w.after(day)
		w.bounce(t, reporter, w.now())
		s, _ := w.stored(t, reporter)
		if s.State != Bounced || s.ExpiresAt != until.ExpiresAt {
			t.Errorf("%s until %s", s.State, unixText(s.ExpiresAt))
		}
		if err := w.list.Approve(t.Context(), s.Person); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("a dead address can be approved: %v", err)
		}
	})
}

// Somebody with a new address: a bounce of the old one touches only the old one, and a change that waits can still be confirmed
// from the new one - it is the remedy. Nothing is mailed to a dead mailbox.
func TestBounceOfOldAddress(t *testing.T) {
	const after = "hanako.new@example.jp"
	t.Run("moved", func(t *testing.T) {
		w := newWorld(t)
		preferences := w.subscribed(t, hanako()).Data["preferences"]
		if err := w.change(preferences, hanako("email", after)); err != nil {
			t.Fatal(err)
		}
		w.after(time.Minute)
		if err := w.confirm(w.last(t, after, "address_confirm").Data["link"]); err != nil {
			t.Fatal(err)
		}
		w.after(time.Hour)
		w.bounce(t, email, w.now()) // the notice to the old address
		w.complain(t, email, w.now())
		if !w.list.receives(t, w, after) || !w.suppressed(t, email) {
			t.Errorf("new address %q, suppressed %v; old one suppressed %v", w.state(t, after), w.suppressed(t, after), w.suppressed(t, email))
		}
	})
	t.Run("the change waits", func(t *testing.T) {
		w := newWorld(t)
		preferences := w.subscribed(t, hanako()).Data["preferences"]
		if err := w.change(preferences, hanako("email", after)); err != nil {
			t.Fatal(err)
		}
		w.after(time.Minute)
		w.bounce(t, email, w.now())
		w.after(time.Minute)
		if err := w.confirm(w.last(t, after, "address_confirm").Data["link"]); err != nil {
			t.Fatal(err)
		}
		moved, _ := w.stored(t, after)
		if !w.list.receives(t, w, after) || moved.BouncedAt != "" || moved.ExpiresAt != w.now().Add(1095*day).Unix() {
			t.Errorf("%+v", moved)
		}
		if n := len(w.mails(t, email, "address_changed")); n != 0 {
			t.Errorf("%d notices to a dead mailbox", n)
		}
		if _, there := w.stored(t, email); there || !w.suppressed(t, email) {
			t.Error("the old record is there, or its address not suppressed")
		}
	})
	t.Run("bounced, then unsubscribed: an undo does not write to a dead mailbox", func(t *testing.T) {
		w := newWorld(t)
		link := w.subscribed(t, hanako()).Unsub
		w.bounce(t, email, w.now())
		w.mustUnsubscribe(t, link)
		if err := w.undo(link); !errors.Is(err, ErrGone) || w.state(t, email) != Unsubscribed {
			t.Errorf("%v, %q", err, w.state(t, email))
		}
	})
}

// A run of five different mails within 90 days is a bounce; each mail counts once, whatever comes in between.
func TestSoftBounces(t *testing.T) {
	const limit = 5
	soft := func(t *testing.T, w *world, mail string, sent time.Time) {
		t.Helper()
		for range 8 { // hard case 20
			if err := w.list.SoftBounce(t.Context(), w.person(email), mail, sent, limit); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name string
		do   func(t *testing.T, w *world)
		want State
	}{
		{"the fourth", func(t *testing.T, w *world) {
			for i := range 4 {
				w.after(7 * day)
				soft(t, w, fmt.Sprint(i), w.now())
			}
		}, Confirmed},
		{"the fifth, in any order", func(t *testing.T, w *world) {
			w.after(40 * day)
			for _, i := range rand.Perm(5) {
				soft(t, w, fmt.Sprint(i), w.now().Add(time.Duration(i-10)*day))
			}
		}, Bounced},
		{"a month apart: no run", func(t *testing.T, w *world) {
			for i := range 12 {
				w.after(30 * day)
				soft(t, w, fmt.Sprint(i), w.now())
			}
		}, Confirmed},
		{"a new consent ends the run, and what came back late of before does not count", func(t *testing.T, w *world) {
			for i := range 4 {
				w.after(day)
				soft(t, w, fmt.Sprint(i), w.now())
			}
			old := w.now()
			w.after(day)
			w.bounce(t, email, w.now())
			w.subscribed(t, hanako())
			w.after(day)
			soft(t, w, "late", old)
			for i := range 4 {
				soft(t, w, fmt.Sprint("new", i), w.now())
			}
		}, Confirmed},
		{"somebody who is not subscribed", func(t *testing.T, w *world) {
			w.mustUnsubscribe(t, w.last(t, email, "welcome").Unsub)
			for i := range 9 {
				soft(t, w, fmt.Sprint(i), w.now())
			}
		}, Unsubscribed},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			test.do(t, w)
			reason, _ := w.reason(t, email)
			if got := w.state(t, email); got != test.want || (reason == "bounced") != (test.want == Bounced) {
				t.Errorf("state %q, suppressed as %q", got, reason)
			}
			for _, r := range scan[run](t, w, w.list.Suppression) {
				if r.SK == "soft#newsletter" && (len(r.Mails) > limit || r.ExpiresAt < w.now().Unix()) {
					t.Errorf("the run keeps %+v", r)
				}
			}
		})
	}
}

// Who is on a list, for whoever asks about an address.
func TestStands(t *testing.T) {
	w := newWorld(t)
	stands := func() bool {
		t.Helper()
		on, err := w.list.Stands(t.Context(), w.person(email))
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	if stands() {
		t.Error("nobody")
	}
	w.signUp(t, hanako())
	if stands() {
		t.Error("a sign-up that waits")
	}
	w.subscribed(t, hanako())
	if !stands() {
		t.Error("a subscriber does not stand")
	}
	w.bounce(t, email, w.now())
	if stands() {
		t.Error("who has bounced")
	}
	for _, person := range []string{"", "x", "E261123-4F7K2M9QX"} {
		if on, err := w.list.Stands(t.Context(), person); on || err != nil {
			t.Errorf("%q: %v, %v", person, on, err)
		}
		if _, err := w.list.Bounce(t.Context(), person, w.now()); err != nil {
			t.Errorf("%q: %v", person, err)
		}
	}
	press, _ := waiting(t)
	if on, err := press.list.Stands(t.Context(), press.person(reporter)); !on || err != nil || press.list.Service.Code != policy.Press {
		t.Errorf("who waits for staff: %v, %v", on, err)
	}
}
