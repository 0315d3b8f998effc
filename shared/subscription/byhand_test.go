package subscription

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// staff do something for a person at any moment of a life. Nothing that they do brings mail to somebody who did not want it.
func (l *life) staff(t *rapid.T, email string) {
	ctx, person := context.Background(), l.person(email)
	reason, _ := l.reason(t, email)
	unwanted := l.suppressed(t, email) && reason != string(Bounced)
	var err error
	switch what := rapid.SampledFrom([]string{"opt out", "put back", "correct", "add", "hold", "end hold"}).Draw(t, "staff"); what {
	case "opt out":
		if err = l.list.OptOutByHand(ctx, person, ChannelTelephone); err == nil && (l.list.receives(t, l.world, email) || !l.suppressed(t, email)) {
			t.Fatalf("%s opted out and is in state %q", email, l.state(t, email))
		}
	case "put back":
		err = l.list.PutBackOn(ctx, person, "転送設定の誤り", func(context.Context, string) error { return nil })
	case "correct":
		s, _ := l.stored(t, email)
		if _, err = l.list.Correct(ctx, person, hanako("email", email, "name", "訂正")); err == nil && s.State == Unconfirmed {
			l.typed[s.Ref] = "訂正"
		}
	case "hold":
		err = l.list.Hold(ctx, person, l.hold(rapid.IntRange(1, 60).Draw(t, "days")))
	case "end hold":
		err = l.list.EndHold(ctx, person, caseNumber)
	case "add":
		_, err = l.list.AddByHand(ctx, Added{Values: hanako("email", email), Channel: ChannelLetter, Evidence: &Evidence{"展示会", "2026-10-01", "配信を希望する"}})
	}
	var out *OptedOut
	if err != nil && !errors.As(err, &out) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrState) && !errors.Is(err, ErrTaken) &&
		!errors.Is(err, ErrNothingHeld) {
		t.Fatalf("staff: %v", err)
	}
	if unwanted && l.list.receives(t, l.world, email) {
		t.Fatalf("%s did not want mail and receives it again", email)
	}
}

// states are lists on which the address of the tests is in every state that there is.
func states(t *testing.T) map[State]*world {
	t.Helper()
	all := map[State]*world{}
	for _, state := range States() {
		w := worldOf(t, policy.Get(policy.Press), state == Pending)
		values := map[string]string{"email": email, "name": "山田 花子", "organization": "例示新聞"}
		w.signUp(t, values)
		if state != Unconfirmed {
			if err := w.confirm(w.last(t, email, "confirm").Data["link"]); err != nil {
				t.Fatal(err)
			}
		}
		w.after(day)
		switch state {
		case Unsubscribed:
			w.mustUnsubscribe(t, w.last(t, email, "welcome").Unsub)
		case Bounced:
			w.bounce(t, email, w.now())
		}
		if got := w.state(t, email); got != state {
			t.Fatalf("state %q, want %q", got, state)
		}
		all[state] = w
	}
	return all
}

// A person who telephones is off the list when the telephone is put down, whatever state they were in; how they said it is kept (R73).
func TestOptOutByHand(t *testing.T) {
	for state, w := range states(t) {
		t.Run(string(state), func(t *testing.T) {
			mails := len(w.mails(t, email, ""))
			for range 2 {
				if err := w.list.OptOutByHand(t.Context(), w.person(email), ChannelTelephone); err != nil {
					t.Fatal(err)
				}
			}
			c, _, err := w.list.Card(t.Context(), w.person(email))
			if err != nil || c.State() != Unsubscribed || c.Suppression == nil || c.Suppression.Reason != string(Unsubscribed) {
				t.Fatalf("%+v, %+v, %v", c, c.Suppression, err)
			}
			if wish := c.Suppression.Channel; wish != ChannelTelephone && state != Unsubscribed || wish != "" && state == Unsubscribed {
				t.Errorf("the channel is %q", wish)
			}
			for _, consent := range c.Consents {
				if consent.EndedAt == "" {
					t.Errorf("a consent stands: %+v", consent)
				}
			}
			if state == Unconfirmed && c.Subscriber != nil {
				t.Error("the sign-up still waits")
			}
			if n := len(w.mails(t, email, "")); n != mails {
				t.Errorf("%d mails were sent", n-mails)
			}
		})
	}
	w := newWorld(t)
	if err := w.list.OptOutByHand(t.Context(), w.person("nobody@example.jp"), ChannelMail); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// A complaint outlives what staff note of a later call.
func TestOptOutKeepsAComplaint(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	w.complain(t, email, w.now())
	since, _, _ := w.list.Card(t.Context(), w.person(email))
	w.after(day)
	if err := w.list.OptOutByHand(t.Context(), w.person(email), ChannelLetter); err != nil {
		t.Fatal(err)
	}
	if after, _, _ := w.list.Card(t.Context(), w.person(email)); cmp.Diff(since.Suppression, after.Suppression) != "" {
		t.Error(cmp.Diff(since.Suppression, after.Suppression))
	}
}

// Who bounced wrongly is what they were before: with the consent that they gave, its day, and no suppression of any list.
func TestPutBackOn(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	was, _ := w.stored(t, email)
	evidence := w.consents(t, email)[0]
	w.after(30 * day)
	w.bounce(t, email, w.now())
	w.after(day)
	failing := errors.New("out of reach")
	if err := w.list.PutBackOn(t.Context(), w.person(email), "x", func(context.Context, string) error { return failing }); !errors.Is(err, failing) || w.state(t, email) != Bounced {
		t.Fatalf("%v, %s", err, w.state(t, email))
	}
	freed := ""
	if err := w.list.PutBackOn(t.Context(), w.person(email), "サーバー移転中の誤り", func(_ context.Context, to string) error { freed = to; return nil }); err != nil {
		t.Fatal(err)
	}
	want := was
	want.PutBack = &PutBack{stamp(w.now()), "サーバー移転中の誤り"}
	got, _ := w.stored(t, email)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]consent{evidence}, w.consents(t, email)); diff != "" {
		t.Errorf("the consent: %s", diff)
	}
	if !w.list.receives(t, w, email) || freed != email {
		t.Errorf("receives %v, freed %q", w.list.receives(t, w, email), freed)
	}
}

func TestPutBackOnRefuses(t *testing.T) {
	for state, w := range states(t) {
		t.Run(string(state), func(t *testing.T) {
			if state == Bounced {
				if err := w.list.OptOutByHand(t.Context(), w.person(email), ChannelMail); err != nil { // a wish of after the bounce
					t.Fatal(err)
				}
			}
			before := w.snapshot(t)
			err := w.list.PutBackOn(t.Context(), w.person(email), "x", func(context.Context, string) error { t.Error("asked SES"); return nil })
			var out *OptedOut
			if !errors.Is(err, ErrState) && !errors.As(err, &out) {
				t.Error(err)
			}
			if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a request that bounced before its approval waits again", func(t *testing.T) {
		w := states(t)[Pending]
		w.bounce(t, email, w.now())
		if err := w.list.PutBackOn(t.Context(), w.person(email), "x", func(context.Context, string) error { return nil }); err != nil || w.state(t, email) != Pending {
			t.Errorf("%v, %s", err, w.state(t, email))
		}
	})
}

// Staff add somebody: with the evidence of a consent they are subscribed and told, without it they are asked.
func TestAddByHand(t *testing.T) {
	paper := &Evidence{"展示会のアンケート用紙", "2026-10-01", "メールマガジンの配信を希望します"}
	for _, test := range []struct {
		name     string
		evidence *Evidence
		want     State
		mails    []policy.MailKind
	}{
		{"with evidence", paper, Confirmed, []policy.MailKind{policy.NewsletterWelcome}},
		{"without", nil, Unconfirmed, []policy.MailKind{policy.NewsletterConfirm}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			id, err := w.list.AddByHand(t.Context(), Added{hanako(), ChannelLetter, test.evidence})
			if err != nil || id != w.person(email) || w.state(t, email) != test.want {
				t.Fatalf("%s, %v, %s", id, err, w.state(t, email))
			}
			s, _ := w.stored(t, email)
			if diff := cmp.Diff(test.mails, kinds(w.mails(t, email, ""))); diff != "" || s.Channel != ChannelLetter || cmp.Diff(test.evidence, s.Evidence) != "" {
				t.Errorf("%s, %+v", diff, s.Proof)
			}
			if _, err := w.list.AddByHand(t.Context(), Added{hanako(), ChannelLetter, paper}); !errors.Is(err, ErrTaken) {
				t.Errorf("twice: %v", err)
			}
			if test.evidence == nil {
				if err := w.confirm(w.last(t, email, "confirm").Data["link"]); err != nil || w.state(t, email) != Confirmed {
					t.Errorf("the click: %v", err)
				}
			}
			if c := w.consents(t, email); len(c) != 1 || c[0].Channel != ChannelLetter || cmp.Diff(test.evidence, c[0].Evidence) != "" {
				t.Errorf("the evidence kept is %+v", c)
			}
		})
	}
}

// An address that opted out is refused with the reason, whatever evidence there is: also when the profile has gone.
func TestAddRefusesWhoOptedOut(t *testing.T) {
	w := newWorld(t)
	w.left(t, hanako())
	for _, passed := range []int{1, 400} {
		w.after(time.Duration(passed) * day)
		w.deleteExpired(t)
		before := w.snapshot(t)
		for _, evidence := range []*Evidence{nil, {"名刺交換", "2026-11-01", "配信希望"}} {
			_, err := w.list.AddByHand(t.Context(), Added{hanako(), ChannelTelephone, evidence})
			var out *OptedOut
			if !errors.As(err, &out) || out.Reason != string(Unsubscribed) || out.Since == "" {
				t.Errorf("after %d days: %v", passed, err)
			}
		}
		if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
			t.Error(diff)
		}
	}
}

// A typing error in a name is put right at once; the evidence of the consent stays as it was given.
func TestCorrectFields(t *testing.T) {
	for state, w := range states(t) {
		t.Run(string(state), func(t *testing.T) {
			was, _ := w.stored(t, email)
			evidence := w.consents(t, email)
			values := map[string]string{"email": email, "name": "山口 花子", "organization": "例示新聞社"}
			id, err := w.list.Correct(t.Context(), w.person(email), values)
			if state == Unsubscribed {
				if !errors.Is(err, ErrState) {
					t.Errorf("%v", err)
				}
				return
			}
			want := was
			want.Fields = map[string]string{"name": "山口 花子", "organization": "例示新聞社"}
			got, _ := w.stored(t, email)
			if diff := cmp.Diff(want, got); diff != "" || err != nil || id != w.person(email) {
				t.Errorf("%v: %s", err, diff)
			}
			if diff := cmp.Diff(evidence, w.consents(t, email)); diff != "" {
				t.Errorf("the consent: %s", diff)
			}
		})
	}
}

const meant = "hanako@example.co.jp"

// A wrong address that was never confirmed is replaced: the right mailbox is asked, and the links in the wrong one lead nowhere.
func TestCorrectAddressOfASignUp(t *testing.T) {
	w := newWorld(t)
	w.signUp(t, hanako())
	wrong := w.last(t, email, "confirm").Data["link"]
	was, _ := w.stored(t, email)
	w.after(day)
	id, err := w.list.Correct(t.Context(), w.person(email), hanako("email", meant))
	if err != nil || id != w.person(meant) || w.state(t, email) != "" || w.state(t, meant) != Unconfirmed {
		t.Fatalf("%s, %v: %q and %q", id, err, w.state(t, email), w.state(t, meant))
	}
	if s, _ := w.stored(t, meant); s.Proof != was.Proof || s.ExpiresAt != was.ExpiresAt {
		t.Errorf("the sign-up has become another: %+v", s)
	}
	if err := w.confirm(wrong); !errors.Is(err, ErrGone) {
		t.Errorf("the wrong mailbox confirms: %v", err)
	}
	if err := w.confirm(w.last(t, meant, "confirm").Data["link"]); err != nil || !w.list.receives(t, w, meant) {
		t.Errorf("the right one: %v", err)
	}
}

// A confirmed address stays until the new one has confirmed itself; a mailbox that is somebody's, or whose owner opted out, is not asked.
func TestCorrectConfirmedAddress(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	if id, err := w.list.Correct(t.Context(), w.person(email), hanako("email", meant)); err != nil || id != w.person(email) || !w.list.receives(t, w, email) {
		t.Fatalf("%s, %v", id, err)
	}
	w.after(day)
	if err := w.list.SendAgain(t.Context(), w.person(email)); err != nil || len(w.mails(t, meant, "address_confirm")) != 2 {
		t.Errorf("asked again: %v, %d mails", err, len(w.mails(t, meant, "address_confirm")))
	}
	if err := w.confirm(w.last(t, meant, "address_confirm").Data["link"]); err != nil || !w.list.receives(t, w, meant) || w.list.receives(t, w, email) {
		t.Errorf("confirmed: %v", err)
	}
	if c, found, err := w.list.Meet(t.Context(), w.person(email)); !found || !c.Moved || c.Person != w.person(meant) || err != nil {
		t.Errorf("the old address leads to %+v, %v", c, err)
	}

	w.subscribed(t, hanako("email", "taro@example.jp"))
	w.left(t, hanako("email", "left@example.jp"))
	before := w.snapshot(t)
	_, taken := w.list.Correct(t.Context(), w.person(meant), hanako("email", "taro@example.jp"))
	_, refused := w.list.Correct(t.Context(), w.person(meant), hanako("email", "left@example.jp"))
	var out *OptedOut
	if !errors.Is(taken, ErrTaken) || !errors.As(refused, &out) {
		t.Errorf("%v, %v", taken, refused)
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Error(diff)
	}
}

func TestSendAgain(t *testing.T) {
	for state, w := range states(t) {
		t.Run(string(state), func(t *testing.T) {
			mails := len(w.mails(t, email, "confirm"))
			w.after(day)
			err := w.list.SendAgain(t.Context(), w.person(email))
			if state != Unconfirmed {
				if !errors.Is(err, ErrState) {
					t.Error(err)
				}
				return
			}
			if err != nil || len(w.mails(t, email, "confirm")) != mails+1 {
				t.Fatalf("%v, %d mails", err, len(w.mails(t, email, "confirm")))
			}
			if err := w.confirm(w.last(t, email, "confirm").Data["link"]); err != nil {
				t.Error(err)
			}
		})
	}
}

// What staff do happens together with its entry in the ledger, or not at all.
func TestCommitTogether(t *testing.T) {
	refused := errors.New("no ledger")
	for state, w := range states(t) {
		before := w.snapshot(t)
		list := *w.list
		list.Commit = func(context.Context, *record.Transaction) error { return refused }
		ctx, person := t.Context(), w.person(email)
		other := map[string]string{"email": email, "name": "別", "organization": "別"}
		fresh := maps.Clone(other)
		fresh["email"] = meant
		_, corrected := list.Correct(ctx, person, other)
		_, added := list.AddByHand(ctx, Added{fresh, ChannelLetter, nil})
		for what, err := range map[string]error{"opt out": list.OptOutByHand(ctx, person, ChannelMail), "correct": corrected, "add": added,
			"put back":   list.PutBackOn(ctx, person, "x", func(context.Context, string) error { return nil }),
			"send again": list.SendAgain(ctx, person), "approve": list.Approve(ctx, person), "refuse": list.Refuse(ctx, person)} {
			var out *OptedOut
			if err != nil && !errors.Is(err, refused) && !errors.Is(err, ErrState) && !errors.Is(err, ErrNotWaiting) && !errors.As(err, &out) {
				t.Errorf("%s in state %s: %v", what, state, err)
			}
		}
		if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
			t.Errorf("%s: %s", state, diff)
		}
	}
}
