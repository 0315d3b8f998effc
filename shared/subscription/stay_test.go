package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// leads are the template's.
var leads = Leads{First: 60 * day, Last: 14 * day}

// tick is what functions/upkeep/retention does with a list.
func (w *world) tick(t fatal) (mailed, lapsed int) {
	t.Helper()
	for _, letter := range []Letter{FirstLetter, LastLetter} {
		due, err := w.list.DueFor(context.Background(), letter, leads, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range due {
			sent, err := w.list.Ask(context.Background(), one.Person, leads)
			if err != nil {
				t.Fatal(err)
			}
			if sent {
				mailed++
			}
		}
	}
	lapsed, more, err := w.list.Lapsed(context.Background(), 100)
	if err != nil || more {
		t.Fatal(err, more)
	}
	return mailed, lapsed
}

// numbers are those of all months.
func (w *world) numbers(t fatal) Numbers {
	t.Helper()
	months, _, err := w.list.Months(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var all Numbers
	for _, m := range months {
		all = all.plus(m.Numbers)
	}
	return all
}

// addUp holds the months to the list: whoever came and went, the sum is who is there.
func (w *world) addUp(t fatal) {
	t.Helper()
	confirmed := 0
	for _, s := range scan[Subscriber](t, w, w.list.Table) {
		if s.State == Confirmed {
			confirmed++
		}
	}
	if numbers := w.numbers(t); numbers.Net() != confirmed {
		t.Fatalf("%d are confirmed, counted was %+v", confirmed, numbers)
	}
}

// stay posts a link that asks to stay, as the page does.
func (w *world) stay(link string) (Renewal, error) {
	return w.list.Renew(context.Background(), w.tokenOf(link))
}

// subscriberOf are the values of a list's form.
func subscriberOf(w *world) map[string]string {
	if w.list.Service.Code == policy.Press {
		return map[string]string{"email": email, "name": "山田 花子", "organization": "例示新聞"}
	}
	return hanako()
}

// Before three years are over a mail asks; a look at its link changes nothing (hard case 12), the button is a new consent, from which
// the period counts anew, and pressing it again changes nothing (decisions: "Retention of a subscriber"; R1, R19, R22).
func TestStay(t *testing.T) {
	for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
		t.Run(string(code), func(t *testing.T) {
			w := worldOf(t, policy.Get(code), false)
			w.subscribed(t, subscriberOf(w))
			was, _ := w.stored(t, email)
			ends := time.Unix(was.ExpiresAt, 0)
			w.set(ends.Add(-leads.First - time.Second))
			if mailed, _ := w.tick(t); mailed != 0 {
				t.Fatal("asked too early")
			}
			w.after(time.Second)
			if mailed, _ := w.tick(t); mailed != 1 {
				t.Fatalf("%d letters on the day", mailed)
			}
			if mailed, _ := w.tick(t); mailed != 0 {
				t.Fatal("asked twice")
			}
			letter := w.last(t, email, "stay")
			if letter.Unsub == "" || letter.Data["expires"] != stamp(ends) {
				t.Errorf("the letter: %+v", letter)
			}
			before := w.snapshot(t)
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
				if answer := w.do(method, letter.Data["link"], ""); answer.Code != http.StatusOK || method == http.MethodGet && !strings.Contains(answer.Body.String(), "続けて受け取る</button>") {
					t.Errorf("%s: %d %s", method, answer.Code, answer.Body)
				}
			}
			if w.snapshot(t) != before {
				t.Error("a look has changed something")
			}
			w.after(day)
			if answer := w.do(http.MethodPost, letter.Data["link"], "action=stay"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "登録は続いています") {
				t.Fatalf("POST: %d %s", answer.Code, answer.Body)
			}
			renewed := w.now()
			want := was
			want.Proof = Proof{Ref: w.tokenOf(letter.Data["link"]).Ref, Policy: policy.Version, FormVersion: w.list.Service.FormVersion, Language: policy.Japanese,
				Channel: ChannelRenewal, OpenedAt: stamp(ends.Add(-leads.First)), SubmittedAt: stamp(renewed)}
			want.ConfirmedAt, want.ExpiresAt = stamp(renewed), renewed.Add(1095*day).Unix()
			got, _ := w.stored(t, email)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("subscriber: %s", diff)
			}
			if all := w.consents(t, email); len(all) != 2 || all[0].Ref != was.Ref || all[0].EndedAt != "" || all[1].Ref != got.Ref || all[1].ExpiresAt != got.ExpiresAt+int64((365*day).Seconds()) {
				t.Errorf("evidence: %+v", all)
			}
			if rows := lapses(t, w); len(rows) != 0 {
				t.Errorf("it would lapse all the same: %+v", rows)
			}
			before = w.snapshot(t)
			w.after(day)
			for range 2 {
				if answer := w.do(http.MethodPost, letter.Data["link"], ""); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "登録は続いています") {
					t.Errorf("repeated: %d", answer.Code)
				}
			}
			if w.snapshot(t) != before {
				t.Error("the second press has changed something")
			}
			if w.numbers(t) != (Numbers{Joined: 1}) {
				t.Errorf("%+v", w.numbers(t))
			}
			// In the next round the link of this one prolongs nothing.
			w.set(time.Unix(got.ExpiresAt, 0).Add(-leads.First))
			w.tick(t)
			before = w.snapshot(t)
			if renewal, err := w.stay(letter.Data["link"]); err != nil || renewal.Open || renewal.Until.Unix() != got.ExpiresAt || w.snapshot(t) != before {
				t.Errorf("an old link: %+v %v", renewal, err)
			}
			if next := w.last(t, email, "stay"); next.Data["link"] == letter.Data["link"] {
				t.Error("the next round has mailed no link of its own")
			}
		})
	}
}

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

// A tick that is days late sends one letter, never both at once; and who has been asked late is not asked again at once.
func TestLateTick(t *testing.T) {
	for _, test := range []struct {
		name   string
		ticks  []time.Duration // before the end
		mailed []int
	}{
		{"in time", []time.Duration{60 * day, 30 * day, 14 * day, 7 * day}, []int{1, 0, 1, 0}},
		{"forty days late", []time.Duration{20 * day, 14 * day, 10 * day, day}, []int{1, 0, 0, 0}},
		{"thirty-nine days late", []time.Duration{21 * day, 14 * day, day}, []int{1, 1, 0}},
		{"the last hour", []time.Duration{time.Hour, time.Minute}, []int{1, 0}},
		{"the second is late", []time.Duration{60 * day, day, time.Hour}, []int{1, 1, 0}},
		{"too late", []time.Duration{0, -time.Hour}, []int{0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			s, _ := w.stored(t, email)
			for i, before := range test.ticks {
				w.set(time.Unix(s.ExpiresAt, 0).Add(-before))
				if mailed, _ := w.tick(t); mailed != test.mailed[i] {
					t.Errorf("%s before the end: %d letters, want %d", before, mailed, test.mailed[i])
				}
			}
		})
	}
}

// Who cannot be written to, does not want it, or waits for staff is not asked (R57, R77).
func TestWhoIsNotAsked(t *testing.T) {
	for state, w := range states(t) {
		s, found := w.stored(t, email)
		if !found {
			t.Fatalf("%s: no record", state)
		}
		w.set(time.Unix(s.ExpiresAt, 0).Add(-time.Hour))
		want := 0
		if state == Confirmed {
			want = 1
		}
		if mailed, _ := w.tick(t); mailed != want || len(w.mails(t, email, "stay")) != want {
			t.Errorf("%s: %d letters", state, mailed)
		}
	}
	for _, reason := range []string{"stop_use", "complained"} {
		w := newWorld(t)
		w.subscribed(t, hanako())
		s, _ := w.stored(t, email)
		if _, err := record.Put(t.Context(), w.list.Client, w.list.Suppression, suppression{Person: w.person(email), List: "newsletter", Reason: reason}, record.Condition{}); err != nil {
			t.Fatal(err)
		}
		w.set(time.Unix(s.ExpiresAt, 0).Add(-leads.First))
		for range 2 {
			if mailed, _ := w.tick(t); mailed != 0 || len(w.mails(t, email, "stay")) != 0 {
				t.Errorf("%s: asked", reason)
			}
		}
		if due, err := w.list.DueFor(t.Context(), FirstLetter, leads, 10); err != nil || len(due) != 0 {
			t.Errorf("%s: looked at again in each run: %v %v", reason, due, err)
		}
		w.set(time.Unix(s.ExpiresAt, 0))
		if _, lapsed := w.tick(t); lapsed != 1 {
			t.Errorf("%s: does not lapse", reason)
		}
	}
}

// Who moves to another address by a click has shown that it lives: the period counts anew, and the question of before is settled. What
// is saved with the preferences is no confirmation: the page does not say that it would be one (docs/lists.md).
func TestWhatCountsAsConfirmation(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	was, _ := w.stored(t, email)
	w.set(time.Unix(was.ExpiresAt, 0).Add(-leads.First))
	w.tick(t)
	if err := w.list.MailPreferences(t.Context(), w.tokenOf(w.last(t, email, "welcome").Data["preferences"])); err != nil {
		t.Fatal(err)
	}
	fresh := w.last(t, email, "preferences").Data["link"]
	if err := w.change(fresh, hanako("name", "改名")); err != nil {
		t.Fatal(err)
	}
	if s, _ := w.stored(t, email); s.ExpiresAt != was.ExpiresAt || s.ConfirmedAt != was.ConfirmedAt || s.Asked == nil {
		t.Errorf("preferences have renewed: %+v", s)
	}
	if err := w.change(fresh, hanako("email", "next@example.jp")); err != nil {
		t.Fatal(err)
	}
	w.after(time.Hour)
	if err := w.confirm(w.last(t, "next@example.jp", "address_confirm").Data["link"]); err != nil {
		t.Fatal(err)
	}
	if s, _ := w.stored(t, "next@example.jp"); s.ExpiresAt != w.now().Add(1095*day).Unix() || s.Asked != nil {
		t.Errorf("after the change of address: %+v", s)
	}
	if rows := lapses(t, w); len(rows) != 0 || w.numbers(t) != (Numbers{Joined: 1}) {
		t.Errorf("left over: %+v, %+v", rows, w.numbers(t))
	}
	// The letter to the old address still leads to the person.
	letter := w.last(t, email, "stay").Data["link"]
	if renewal, err := w.stay(letter); err != nil || renewal.Open {
		t.Errorf("the letter of before: %+v %v", renewal, err)
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

func TestLeads(t *testing.T) {
	periods := policy.DefaultPeriods(policy.Get(policy.Newsletter))
	for name, test := range map[string]struct {
		leads Leads
		ok    bool
	}{
		"the template's":     {leads, true},
		"none":               {Leads{}, false},
		"the second first":   {Leads{14 * day, 60 * day}, false},
		"longer than it":     {Leads{1095 * day, 14 * day}, false},
		"in the second half": {Leads{547 * day, 14 * day}, true},
	} {
		if err := test.leads.Check(periods); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
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

// The index holds who may be asked, and nothing of them but keys and the day.
func TestEndingHoldsKeysOnly(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	w.signUp(t, hanako("email", "waits@example.jp"))
	name := indexEnding
	out, err := w.list.Client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &w.list.Table, IndexName: &name})
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("%d in the index: %v", len(out.Items), err)
	}
	for attribute := range out.Items[0] {
		switch attribute {
		case "pk", "sk", "ending", "expires_at":
		default:
			t.Errorf("the index holds %s", attribute)
		}
	}
}
