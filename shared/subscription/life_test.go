package subscription

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// life is a list on which a few people and a stranger do what they like, in any order that rapid thinks of.
type life struct {
	*world
	typed  map[string]string // link to confirm -> name that was typed with it
	emails []string
}

func (l *life) step(t *rapid.T) {
	email := rapid.SampledFrom(l.emails).Draw(t, "address")
	switch rapid.SampledFrom([]string{"sign up", "resend", "confirm", "confirm", "unsubscribe", "undo", "change", "move", "wait", "delete", "come back", "staff"}).Draw(t, "step") {
	case "sign up":
		name := "名前" + rapid.StringMatching(`[a-z]{6}`).Draw(t, "name")
		before := len(l.mails(t, email, "confirm"))
		l.signUp(t, hanako("email", email, "name", name))
		if mails := l.mails(t, email, "confirm"); len(mails) > before {
			l.typed[mails[len(mails)-1].Data["reference"]] = name
		}
	case "resend":
		l.post(t, "/newsletter/resend", hanakoAddress(email))
	case "confirm":
		l.click(t, email)
	case "unsubscribe", "undo", "change", "move":
		l.use(t, email)
	case "wait":
		l.after(time.Duration(rapid.IntRange(1, 9*24).Draw(t, "hours")) * time.Hour)
	case "delete":
		l.deleteExpired(t)
	case "come back":
		l.comeBack(t, email)
	case "staff":
		l.staff(t, email)
	}
	l.check(t)
}

// comeBack is a bounce or a complaint of a mail of any day before.
func (l *life) comeBack(t *rapid.T, email string) {
	sent := l.now().Add(-time.Duration(rapid.IntRange(0, 9*24).Draw(t, "hours before")) * time.Hour)
	before, _ := l.stored(t, email)
	received := l.list.receives(t, l.world, email)
	report := rapid.SampledFrom([]func(fatal, string, time.Time) bool{l.bounce, l.complain}).Draw(t, "report")
	newer := report(t, email, sent)
	if receives := l.list.receives(t, l.world, email); receives && !newer || receives != received && newer {
		t.Fatalf("confirmed %s, mail of %s came back: receives %v, newer %v", before.ConfirmedAt, stamp(sent), receives, newer)
	}
	if confirmed, err := time.Parse(time.RFC3339, before.ConfirmedAt); err == nil && received && newer != confirmed.After(sent) {
		t.Fatalf("confirmed %s, mail of %s came back: newer %v", before.ConfirmedAt, stamp(sent), newer)
	}
}

// click follows any link to confirm that was ever mailed to the address.
func (l *life) click(t *rapid.T, email string) {
	mails := append(l.mails(t, email, "confirm"), l.mails(t, email, "address_confirm")...)
	if len(mails) == 0 {
		return
	}
	m := rapid.SampledFrom(mails).Draw(t, "mail")
	before, _ := l.stored(t, email)
	err := l.confirm(m.Data["link"])
	if err != nil && !errors.Is(err, ErrGone) {
		t.Fatalf("confirm: %v", err)
	}
	after, _ := l.stored(t, email)
	if m.Kind != policy.NewsletterConfirm || err != nil || before.State == Confirmed && before.ExpiresAt > l.now().Unix() {
		return
	}
	if want := l.typed[m.Data["reference"]]; after.State == Confirmed && after.Ref == m.Data["reference"] && after.Fields["name"] != want {
		t.Fatalf("the click confirmed %q, typed was %q", after.Fields["name"], want)
	}
}

// use follows any other link that was ever mailed to the address.
func (l *life) use(t *rapid.T, email string) {
	mails := l.mails(t, email, "welcome")
	if len(mails) == 0 {
		return
	}
	m := rapid.SampledFrom(mails).Draw(t, "mail")
	var err error
	switch rapid.SampledFrom([]string{"unsubscribe", "undo", "change", "move"}).Draw(t, "use") {
	case "unsubscribe":
		l.mustUnsubscribe(t, m.Unsub)
		if l.state(t, email) == Confirmed && l.list.receives(t, l.world, email) {
			t.Fatal("the link in a mail to this address did not unsubscribe it")
		}
	case "undo":
		err = l.undo(m.Unsub)
	case "change":
		err = l.change(m.Data["preferences"], hanako("email", email, "name", "変更後"))
	case "move":
		err = l.change(m.Data["preferences"], hanako("email", rapid.SampledFrom(l.emails).Draw(t, "new address")))
	}
	if err != nil && !errors.Is(err, ErrGone) {
		t.Fatalf("use of a link: %v", err)
	}
}

// receives tells whether a list mail would go to the address: confirmed, and not suppressed.
func (l *List) receives(t fatal, w *world, email string) bool {
	return w.state(t, email) == Confirmed && !w.suppressed(t, email)
}

// check holds what is true at every moment.
func (l *life) check(t fatal) {
	t.Helper()
	for _, email := range l.emails {
		s, found := l.stored(t, email)
		if !found {
			continue
		}
		if s.ExpiresAt == 0 || s.Email == "" || s.Person != l.person(email) {
			t.Fatalf("a record is broken: %+v", s)
		}
		switch s.State {
		case Confirmed:
			if l.suppressed(t, email) {
				t.Fatalf("%s is confirmed and suppressed", email)
			}
			standing := 0
			for _, c := range l.consents(t, email) {
				if c.EndedAt == "" && c.Ref == s.Ref && c.ExpiresAt > s.ExpiresAt {
					standing++
				}
			}
			if standing != 1 {
				t.Fatalf("%s is confirmed with %d standing consents that outlive it: %+v", email, standing, l.consents(t, email))
			}
		case Unsubscribed:
			if !l.suppressed(t, email) {
				t.Fatalf("%s has left and is not suppressed", email)
			}
		case Bounced:
			if reason, _ := l.reason(t, email); reason == "" {
				t.Fatalf("%s has bounced and is not suppressed", email)
			}
			for _, c := range l.consents(t, email) {
				if c.Ref == s.Ref && c.EndedAt == "" {
					t.Fatalf("%s has bounced and its consent stands", email)
				}
			}
		case Unconfirmed:
			if s.ConfirmedAt != "" || s.Change != nil || len(s.Earlier) > maxEarlier {
				t.Fatalf("a waiting sign-up holds %+v", s)
			}
		default:
			t.Fatalf("state %q", s.State)
		}
	}
	// Whoever came and went: what the months say is what the list holds.
	l.addUp(t)
	days := map[string]int{}
	for _, m := range scan[mail.Row](t, l.world, l.list.Outbox) {
		created, err := time.Parse(time.RFC3339, m.Created)
		if err != nil {
			t.Fatal(err)
		}
		switch m.Kind {
		case policy.NewsletterConfirm, policy.NewsletterAlready, policy.NewsletterAddressConfirm:
			key := fmt.Sprint(m.Person, created.In(start.Location()).Format(time.DateOnly))
			if days[key]++; days[key] > mailsPerDay {
				t.Fatalf("%d mails on one day to one address", days[key])
			}
		}
	}
}

// TestLife: whatever people and strangers do in whatever order, nobody who left is written to, nobody is subscribed
// without a standing consent, every click confirms what was typed with it, and nobody gets a fourth mail.
func TestLife(t *testing.T) {
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		w.set(start)
		l := &life{world: w, typed: map[string]string{}}
		for _, name := range []string{"a", "b"} {
			l.emails = append(l.emails, fmt.Sprintf("%s%d@example.jp", name, run))
		}
		// Most lives begin with somebody who is subscribed.
		if rapid.IntRange(0, 3).Draw(t, "begins") > 0 {
			l.subscribed(t, hanako("email", l.emails[0]))
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			l.step(t)
		}
		for _, table := range []string{w.list.Table, w.list.Outbox, w.list.Suppression} {
			clearTable(t, w, table)
		}
	})
}

// TestAtTheSameMoment: two or three things happen to one address at once, many times over; afterwards the list is in a
// state that one of the orders would have given, and a call that reported success has happened.
func TestAtTheSameMoment(t *testing.T) {
	type act struct {
		name string
		do   func(l *life, email string, links map[string]string) error
	}
	confirm := act{"confirm", func(l *life, _ string, links map[string]string) error { return l.confirm(links["confirm"]) }}
	second := act{"confirm the second sign-up", func(l *life, _ string, links map[string]string) error { return l.confirm(links["second"]) }}
	unsubscribe := act{"unsubscribe", func(l *life, _ string, links map[string]string) error { return l.unsubscribe(links["unsubscribe"]) }}
	undo := act{"undo", func(l *life, _ string, links map[string]string) error { return l.undo(links["unsubscribe"]) }}
	signUp := act{"sign up", func(l *life, email string, _ map[string]string) error {
		if answer := l.post(quiet{}, "/newsletter", hanako("email", email, "name", "なりすまし")); answer.Code != 201 {
			return fmt.Errorf("sign up: %d", answer.Code)
		}
		return nil
	}}
	bounce := act{"bounce", func(l *life, email string, _ map[string]string) error {
		_, err := l.list.Bounce(context.Background(), l.person(email), l.now().Add(-time.Hour))
		return err
	}}
	bounceNow := act{"bounce", func(l *life, email string, _ map[string]string) error {
		_, err := l.list.Bounce(context.Background(), l.person(email), l.now())
		return err
	}}
	complain := act{"complain", func(l *life, email string, _ map[string]string) error {
		_, err := l.list.Complain(context.Background(), l.person(email), l.now())
		return err
	}}
	change := act{"change", func(l *life, email string, links map[string]string) error {
		return l.change(links["preferences"], hanako("email", email, "name", "変更後"))
	}}
	waiting := func(t *testing.T, l *life, email string) map[string]string { // left once, signed up twice
		l.left(t, hanako("email", email))
		unsub := l.last(t, email, "welcome").Unsub
		l.after(day)
		l.signUp(t, hanako("email", email, "name", "一度目"))
		first := l.last(t, email, "confirm").Data["link"]
		l.signUp(t, hanako("email", email, "name", "二度目"))
		return map[string]string{"confirm": first, "second": l.last(t, email, "confirm").Data["link"], "unsubscribe": unsub}
	}
	member := func(t *testing.T, l *life, email string) map[string]string {
		welcome := l.subscribed(t, hanako("email", email))
		return map[string]string{"unsubscribe": welcome.Unsub, "preferences": welcome.Data["preferences"], "confirm": l.last(t, email, "confirm").Data["link"]}
	}
	gone := func(t *testing.T, l *life, email string) map[string]string {
		links := member(t, l, email)
		l.mustUnsubscribe(t, links["unsubscribe"])
		return links
	}
	for _, test := range []struct {
		name  string
		begin func(*testing.T, *life, string) map[string]string
		acts  []act
		want  []State // any of them
	}{
		{"confirm twice", waiting, []act{confirm, confirm, confirm}, []State{Confirmed}},
		{"confirm two sign-ups", waiting, []act{confirm, second}, []State{Confirmed}},
		{"confirm and unsubscribe", waiting, []act{confirm, unsubscribe}, []State{Confirmed, Unsubscribed}},
		{"confirm and sign up", waiting, []act{confirm, signUp, second}, []State{Confirmed}},
		{"unsubscribe twice and change", member, []act{unsubscribe, unsubscribe, change}, []State{Unsubscribed}},
		{"unsubscribe and sign up", member, []act{unsubscribe, signUp}, []State{Unsubscribed, Unconfirmed}},
		{"undo and sign up", gone, []act{undo, signUp}, []State{Confirmed, Unconfirmed}},
		// Hard case 20: whichever is first, the consent of now wins over a mail of an hour ago.
		{"confirm and an older bounce", waiting, []act{confirm, bounce, bounce}, []State{Confirmed}},
		{"bounce, complain, unsubscribe and change", member, []act{bounceNow, complain, unsubscribe, change}, []State{Unsubscribed}},
		{"bounce eight times and undo", gone, []act{bounceNow, bounceNow, undo}, []State{Confirmed, Unsubscribed, Bounced}},
		{"undo and unsubscribe", gone, []act{undo, unsubscribe, undo}, []State{Confirmed, Unsubscribed}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for round := range 8 {
				email := fmt.Sprintf("a%d@example.jp", round)
				l := &life{world: w, emails: []string{email}}
				w.set(start.Add(time.Duration(round) * 30 * day))
				links := test.begin(t, l, email)
				mails := len(l.mails(t, email, "welcome"))
				together(t, test.acts, func(a act) (string, error) { return a.name, a.do(l, email, links) })
				l.check(t)
				state, ok := l.state(t, email), false
				for _, want := range test.want {
					ok = ok || state == want
				}
				if !ok {
					t.Fatalf("ended %q", state)
				}
				if strings.HasPrefix(test.name, "confirm") && len(l.mails(t, email, "welcome")) != mails+1 {
					t.Fatalf("%d welcome mails", len(l.mails(t, email, "welcome"))-mails)
				}
			}
		})
	}
}

// together does all at once. An error other than ErrGone or contention is a defect.
func together[A any](t *testing.T, acts []A, do func(A) (string, error)) {
	t.Helper()
	var group sync.WaitGroup
	begin := make(chan struct{})
	for _, a := range acts {
		group.Go(func() {
			<-begin
			if name, err := do(a); err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, record.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	close(begin)
	group.Wait()
}

// quiet panics where a test's helper fails in a goroutine of its own.
type quiet struct{}

func (quiet) Helper()                      {}
func (quiet) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (quiet) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

func clearTable(t fatal, w *world, table string) {
	t.Helper()
	for _, item := range items(t, w, table) {
		key := record.Item{"pk": item["pk"]}
		if table != w.list.Outbox {
			key["sk"] = item["sk"]
		}
		var tx record.Transaction
		tx.Delete("clear", table, key, record.Condition{})
		if err := tx.Commit(context.Background(), w.list.Client); err != nil {
			t.Fatal(err)
		}
	}
}
