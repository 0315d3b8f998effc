package subscription

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

// setUps bring the address of hanako into each state of a list.
var setUps = []struct {
	name string
	do   func(t *testing.T, w *world)
	want State  // after one more sign-up
	mail string // kind that the sign-up causes
}{
	{"absent", func(*testing.T, *world) {}, Unconfirmed, "confirm"},
	{"unconfirmed", func(t *testing.T, w *world) { w.signUp(t, hanako()) }, Unconfirmed, "confirm"},
	{"expired but not deleted (hard case 24)", func(t *testing.T, w *world) { w.signUp(t, hanako()); w.after(8 * day) }, Unconfirmed, "confirm"},
	{"confirmed", func(t *testing.T, w *world) { w.subscribed(t, hanako()) }, Confirmed, "already"},
	{"confirmed and expired but not deleted", func(t *testing.T, w *world) { w.subscribed(t, hanako()); w.after(1096 * day) }, Unconfirmed, "confirm"},
	{"unsubscribed", func(t *testing.T, w *world) { w.left(t, hanako()) }, Unconfirmed, "confirm"},
	{"unsubscribed and expired but not deleted", func(t *testing.T, w *world) { w.left(t, hanako()); w.after(8 * day) }, Unconfirmed, "confirm"},
	{"unsubscribed and deleted", func(t *testing.T, w *world) { w.left(t, hanako()); w.after(8 * day); w.deleteExpired(t) }, Unconfirmed, "confirm"},
	{"bounced", func(t *testing.T, w *world) {
		w.subscribed(t, hanako())
		w.bounce(t, "hanako@example.jp", w.now())
	}, Unconfirmed, "confirm"},
	{"moved to another address", func(t *testing.T, w *world) { w.moved(t, hanako(), "new@example.jp") }, Unconfirmed, "confirm"},
}

// left is somebody who has unsubscribed.
func (w *world) left(t fatal, values map[string]string) string {
	t.Helper()
	link := w.subscribed(t, values).Data["unsubscribe"]
	if err := w.unsubscribe(link); err != nil {
		t.Fatalf("unsubscribe: %v", err)
	}
	return link
}

// moved is a subscriber whose new address is confirmed; it returns the welcome mail to the old one.
func (w *world) moved(t fatal, values map[string]string, email string) (welcome map[string]string) {
	t.Helper()
	welcome = w.subscribed(t, values).Data
	changed := hanako("email", email, "name", values["name"])
	if err := w.change(welcome["preferences"], changed); err != nil {
		t.Fatalf("change address: %v", err)
	}
	if err := w.confirm(w.last(t, email, "address_confirm").Data["link"]); err != nil {
		t.Fatalf("confirm new address: %v", err)
	}
	return welcome
}

// TestSignUpFromEveryState: what a sign-up makes of an address, and that nobody learns from the answer what was there
// before ("the answer is the same for known and unknown addresses").
func TestSignUpFromEveryState(t *testing.T) {
	for _, test := range setUps {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.do(t, w)
			w.after(day) // a day with mails to spare
			before := len(w.mails(t, "hanako@example.jp", ""))

			answer := w.post(t, "/newsletter", hanako("name", "佐藤 次郎"))
			var body map[string]string
			if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
				t.Fatalf("%v: %s", err, answer.Body)
			}
			reference := body["reference"]
			delete(body, "reference")
			if diff := cmp.Diff(map[string]string{"status": "unconfirmed"}, body); diff != "" || answer.Code != http.StatusCreated {
				t.Errorf("answer %d: %s", answer.Code, diff)
			}
			if got := w.state(t, "hanako@example.jp"); got != test.want {
				t.Errorf("state %q, want %q", got, test.want)
			}
			mails := w.mails(t, "hanako@example.jp", "")
			if len(mails) != before+1 || mails[before].Kind != policy.MailKind("newsletter_"+test.mail) {
				t.Fatalf("mails %v, want %d and one %s", kinds(mails), before, test.mail)
			}
			if test.want == Confirmed {
				if s, _ := w.stored(t, "hanako@example.jp"); s.Fields["name"] != "山田 花子" {
					t.Errorf("a stranger's form changed the name of a subscriber to %q", s.Fields["name"])
				}
				return
			}
			// The sign-up can be confirmed, and a suppression holds until it is and no longer.
			if err := w.confirm(mails[before].Data["link"]); err != nil {
				t.Fatalf("confirm: %v", err)
			}
			s, _ := w.stored(t, "hanako@example.jp")
			if s.State != Confirmed || s.Fields["name"] != "佐藤 次郎" || s.Ref != reference || w.suppressed(t, "hanako@example.jp") {
				t.Errorf("after confirmation: %s %s %s, suppressed %v", s.State, s.Fields["name"], s.Ref, w.suppressed(t, "hanako@example.jp"))
			}
		})
	}
}

// TestPagesAreTheSame: also in a browser known and unknown addresses get the same redirect and the same pages.
func TestPagesAreTheSame(t *testing.T) {
	shown := map[string]string{}
	for _, test := range setUps {
		w := newWorld(t)
		test.do(t, w)
		w.set(start.Add(2000 * day)) // receipts hold dates: let all have the same
		if test.name == "confirmed" || test.name == "unconfirmed" {
			w.set(start.Add(2000*day - time.Hour))
			test.do(t, w)
			w.set(start.Add(2000 * day))
		}
		values := url.Values{"form_token": {w.open(t, "/newsletter")}, "action": {"submit"}}
		for name, value := range hanako() {
			values.Set(name, value)
		}
		answer := w.do(http.MethodPost, "/newsletter", values.Encode())
		location := answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", test.name, answer.Code, answer.Body)
		}
		_, reference, _ := strings.Cut(location, "ref=")
		done := w.do(http.MethodGet, location, "")
		page := strings.ReplaceAll(fmt.Sprint(location, done.Code, done.Body), reference, "REF")
		if diff := cmp.Diff(shown["absent"], page); test.name != "absent" && diff != "" {
			t.Errorf("%s: the page tells:\n%s", test.name, diff)
		}
		shown[test.name] = page
	}
}

// TestLinkConfirmsWhatWasTypedWithIt: nobody's click confirms what somebody else typed later or before.
func TestLinkConfirmsWhatWasTypedWithIt(t *testing.T) {
	for click, want := range []string{"山田 花子", "なりすまし", "山田 はな"} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t)
			w.signUp(t, hanako())
			w.signUp(t, hanako("name", "なりすまし", "organization", "不明", "email", "HANAKO@Example.jp"))
			w.signUp(t, hanako("name", "山田 はな"))
			mails := w.mails(t, "hanako@example.jp", "confirm")
			if len(mails) != 3 {
				t.Fatalf("%d mails", len(mails))
			}
			if err := w.confirm(mails[click].Data["link"]); err != nil {
				t.Fatal(err)
			}
			confirmed, _ := w.stored(t, "hanako@example.jp")
			if confirmed.Fields["name"] != want || len(confirmed.Earlier) != 0 {
				t.Errorf("confirmed %q, %d others kept", confirmed.Fields["name"], len(confirmed.Earlier))
			}
			if evidence := w.consents(t, "hanako@example.jp"); len(evidence) != 1 || evidence[0].Ref != confirmed.Ref {
				t.Errorf("evidence %+v is not of %s", evidence, confirmed.Ref)
			}
			// The other links say that all is done and change nothing.
			for _, m := range mails {
				if err := w.confirm(m.Data["link"]); err != nil {
					t.Errorf("another link: %v", err)
				}
			}
			if after, _ := w.stored(t, "hanako@example.jp"); cmp.Diff(confirmed, after) != "" {
				t.Errorf("another link changed the subscriber: %s", cmp.Diff(confirmed, after))
			}
		})
	}
}

// TestStrangersDoNotSpoilTheClick: sign-ups for which no mail goes out any more, however many, leave the links that are
// in mails alone.
func TestStrangersDoNotSpoilTheClick(t *testing.T) {
	w := newWorld(t)
	w.signUp(t, hanako())
	for i := range 10 {
		w.signUp(t, hanako("name", fmt.Sprintf("なりすまし%d", i)))
	}
	mails := w.mails(t, "hanako@example.jp", "confirm")
	if err := w.confirm(mails[0].Data["link"]); err != nil {
		t.Fatalf("the first mail's link: %v", err)
	}
	if s, _ := w.stored(t, "hanako@example.jp"); s.Fields["name"] != "山田 花子" {
		t.Errorf("confirmed %q", s.Fields["name"])
	}
}

// TestUnmailedSignUpIsResent: a sign-up that got no mail because of the cap is kept, and its confirmation can be asked
// for on the next day; the link survives the sign-ups that follow.
func TestUnmailedSignUpIsResent(t *testing.T) {
	w := newWorld(t)
	for range mailsPerDay {
		w.signUp(t, hanako("name", "なりすまし"))
	}
	reference := w.signUp(t, hanako())
	w.after(day)
	if answer := w.post(t, "/newsletter/resend", map[string]string{"email": "hanako@example.jp"}); answer.Code != http.StatusCreated {
		t.Fatalf("resend: %d %s", answer.Code, answer.Body)
	}
	mails := w.mails(t, "hanako@example.jp", "confirm")
	if len(mails) != mailsPerDay+1 {
		t.Fatalf("%d mails", len(mails))
	}
	w.signUp(t, hanako("name", "なりすまし"))
	if err := w.confirm(mails[mailsPerDay].Data["link"]); err != nil {
		t.Fatalf("the resent link: %v", err)
	}
	if s, _ := w.stored(t, "hanako@example.jp"); s.Fields["name"] != "山田 花子" || s.Ref != reference {
		t.Errorf("confirmed %q %s", s.Fields["name"], s.Ref)
	}
}

// TestThreeMailsADay: at most three mails a day in Japan go to one address, whoever asks, in whatever spelling, by
// whichever form; every answer stays the same, and the next day begins at midnight in Tokyo.
func TestThreeMailsADay(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, w *world)
		kind string
	}{
		{"unknown address", func(*testing.T, *world) {}, "confirm"},
		{"subscriber", func(t *testing.T, w *world) { w.subscribed(t, hanako()); w.after(day) }, "already"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.do(t, w)
			w.set(w.now().Add(14*time.Hour + 50*time.Minute)) // 23:50 in Tokyo
			ask := func() {
				for _, email := range []string{"hanako@example.jp", "HANAKO@EXAMPLE.JP", "ｈａｎａｋｏ＠example.jp"} {
					w.signUp(t, hanako("email", email))
					if answer := w.post(t, "/newsletter/resend", map[string]string{"email": email}); answer.Code != http.StatusCreated {
						t.Fatalf("resend: %d %s", answer.Code, answer.Body)
					}
				}
			}
			ask()
			if got := len(w.mails(t, "hanako@example.jp", test.kind)); got != mailsPerDay {
				t.Errorf("%d mails on the first day", got)
			}
			w.after(10 * time.Minute)
			ask()
			if got := len(w.mails(t, "hanako@example.jp", test.kind)); got != 2*mailsPerDay {
				t.Errorf("%d mails on two days", got)
			}
		})
	}
}

// TestResend: who waits gets the mail again with a link that works as the first one does; nobody learns who waits.
func TestResend(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, w *world)
		mail string // "" for none
	}{
		{"unknown", func(*testing.T, *world) {}, ""},
		{"waits", func(t *testing.T, w *world) { w.signUp(t, hanako()) }, "confirm"},
		{"expired", func(t *testing.T, w *world) { w.signUp(t, hanako()); w.after(7 * day) }, ""},
		{"subscriber", func(t *testing.T, w *world) { w.subscribed(t, hanako()) }, "already"},
		{"unsubscribed", func(t *testing.T, w *world) { w.left(t, hanako()) }, ""},
		{"moved", func(t *testing.T, w *world) { w.moved(t, hanako(), "new@example.jp") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.do(t, w)
			before := len(w.mails(t, "hanako@example.jp", ""))
			answer := w.post(t, "/newsletter/resend", map[string]string{"email": "hanako@example.jp"})
			if answer.Code != http.StatusCreated || !strings.Contains(answer.Body.String(), `"status":"accepted"`) {
				t.Errorf("answer %d %s", answer.Code, answer.Body)
			}
			mails := w.mails(t, "hanako@example.jp", "")[before:]
			switch {
			case test.mail == "" && len(mails) != 0, test.mail != "" && len(mails) != 1:
				t.Fatalf("mails %v, want %q", kinds(mails), test.mail)
			case test.mail == "confirm":
				if err := w.confirm(mails[0].Data["link"]); err != nil || w.state(t, "hanako@example.jp") != Confirmed {
					t.Errorf("the link again: %v", err)
				}
			}
		})
	}
}
