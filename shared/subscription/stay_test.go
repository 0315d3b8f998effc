package subscription

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
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
	if _, more, err := w.list.Unasked(context.Background(), 100); err != nil || more {
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
