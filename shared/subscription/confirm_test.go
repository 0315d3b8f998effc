package subscription

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

// TestConfirm holds what a confirmation stores, to the attribute: the subscriber, the evidence of the consent (R1: what
// was seen, when, in which version) and the welcome mail.
func TestConfirm(t *testing.T) {
	w := newWorld(t)
	token := w.open(t, "/newsletter") // opened at nine
	w.after(90 * time.Second)
	body := `{"form_token":"` + token + `","email":"Hanako@Example.jp","name":"山田 花子","prefecture":"13","organization":"例示株式会社","business_category":"trade"}`
	if answer := w.do(http.MethodPost, "/newsletter", body); answer.Code != http.StatusCreated {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	w.after(time.Hour)
	asked := w.last(t, "hanako@example.jp", "confirm")
	if err := w.confirm(asked.Data["link"]); err != nil {
		t.Fatal(err)
	}

	person := w.person("hanako@example.jp")
	proof := Proof{Ref: asked.Data["reference"], Policy: "2022-09-08", FormVersion: policy.Get(policy.Newsletter).FormVersion,
		Language: policy.Japanese, Channel: "json", OpenedAt: "2026-11-24T00:00:00Z", SubmittedAt: "2026-11-24T00:01:30Z"}
	expires := w.now().Add(1095 * day)
	subscriber, _ := w.stored(t, "hanako@example.jp")
	if diff := cmp.Diff(Subscriber{PK: person[:2], Person: person, State: Confirmed, Email: "Hanako@Example.jp",
		Fields: map[string]string{"name": "山田 花子", "prefecture": "13", "organization": "例示株式会社", "business_category": "trade"},
		Proof:  proof, ConfirmedAt: "2026-11-24T01:01:30Z", ExpiresAt: expires.Unix()}, subscriber); diff != "" {
		t.Errorf("subscriber: %s", diff)
	}
	if diff := cmp.Diff([]consent{{PK: "consent#" + person[:2], SK: person + "#" + proof.Ref, Person: person, Proof: proof,
		ConfirmedAt: "2026-11-24T01:01:30Z", ExpiresAt: expires.Add(365 * day).Unix()}}, w.consents(t, "hanako@example.jp")); diff != "" {
		t.Errorf("evidence: %s", diff)
	}
	welcome := w.last(t, "hanako@example.jp", "welcome")
	if welcome.To != "Hanako@example.jp" || welcome.Unsub == "" || welcome.Unsub != welcome.Data["unsubscribe"] ||
		welcome.Data["name"] != "山田 花子" || welcome.Data["deleted_on"] != stamp(expires) || welcome.Data["reference"] != proof.Ref {
		t.Errorf("welcome mail %+v", welcome)
	}
}

// TestMailToUnconfirmedHoldsNothingTyped: whoever types a victim's address cannot make us carry a message (contract).
func TestMailToUnconfirmedHoldsNothingTyped(t *testing.T) {
	w := newWorld(t)
	typed := hanako("name", "当選しました https://evil.example/", "organization", "至急ご確認ください")
	w.signUp(t, typed)
	w.post(t, "/newsletter/resend", map[string]string{"email": typed["email"]})
	w.subscribed(t, hanako("email", "jiro@example.jp", "name", "佐藤 次郎"))
	w.signUp(t, hanako("email", "jiro@example.jp", "name", typed["name"], "organization", typed["organization"]))
	preferences := w.last(t, "jiro@example.jp", "welcome").Data["preferences"]
	if err := w.change(preferences, hanako("email", "victim@example.jp", "name", typed["name"], "organization", typed["organization"])); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, email := range []string{"hanako@example.jp", "jiro@example.jp", "victim@example.jp"} {
		for _, m := range w.mails(t, email, "") {
			seen++
			for name, value := range m.Data {
				if strings.Contains(value, "当選") || strings.Contains(value, "evil") || strings.Contains(value, "至急") {
					t.Errorf("%s to %s carries what was typed: %s", m.Kind, email, name)
				}
			}
		}
	}
	if seen != 6 { // confirm twice; confirm, welcome, already; address_confirm
		t.Errorf("%d mails were looked at", seen)
	}
}

// TestConfirmLate: a link works to the last second of its time and not after, whether DynamoDB has deleted the sign-up or
// not (hard case 24); a renewed sign-up does not lengthen an older link.
func TestConfirmLate(t *testing.T) {
	type step = func(t *testing.T, w *world) (link string)
	signUp := func(t *testing.T, w *world) string {
		w.signUp(t, hanako())
		return w.last(t, "hanako@example.jp", "confirm").Data["link"]
	}
	for _, test := range []struct {
		name string
		do   step
		want error
	}{
		{"the last second", func(t *testing.T, w *world) string { l := signUp(t, w); w.after(7*day - time.Second); return l }, nil},
		{"expired", func(t *testing.T, w *world) string { l := signUp(t, w); w.after(7 * day); return l }, ErrGone},
		{"expired and deleted", func(t *testing.T, w *world) string {
			l := signUp(t, w)
			w.after(7 * day)
			w.deleteExpired(t)
			return l
		}, ErrGone},
		{"old link, renewed sign-up", func(t *testing.T, w *world) string {
			l := signUp(t, w)
			w.after(6 * day)
			w.signUp(t, hanako("name", "なりすまし"))
			w.after(day)
			return l
		}, ErrGone},
		{"resent on the sixth day", func(t *testing.T, w *world) string {
			signUp(t, w)
			w.after(6 * day)
			w.post(t, "/newsletter/resend", map[string]string{"email": "hanako@example.jp"})
			w.after(day - time.Minute)
			return w.last(t, "hanako@example.jp", "confirm").Data["link"]
		}, nil},
		{"resent, and the sign-up has expired", func(t *testing.T, w *world) string {
			signUp(t, w)
			w.after(6 * day)
			w.post(t, "/newsletter/resend", map[string]string{"email": "hanako@example.jp"})
			w.after(day)
			return w.last(t, "hanako@example.jp", "confirm").Data["link"]
		}, ErrGone},
		{"unsubscribed since", func(t *testing.T, w *world) string {
			l := signUp(t, w)
			if err := w.confirm(l); err != nil {
				t.Fatal(err)
			}
			if err := w.unsubscribe(w.last(t, "hanako@example.jp", "welcome").Unsub); err != nil {
				t.Fatal(err)
			}
			return l
		}, ErrGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			link := test.do(t, w)
			before, beforeState := w.snapshot(t), w.state(t, "hanako@example.jp")
			page := w.do(http.MethodGet, link, "")
			err := w.confirm(link)
			if !errors.Is(err, test.want) {
				t.Fatalf("confirm: %v, want %v", err, test.want)
			}
			if test.want == nil {
				if page.Code != http.StatusOK || w.state(t, "hanako@example.jp") != Confirmed {
					t.Errorf("page %d, state %s", page.Code, w.state(t, "hanako@example.jp"))
				}
				return
			}
			if page.Code != http.StatusGone || !strings.Contains(page.Body.String(), `href="/newsletter"`) {
				t.Errorf("page %d without the way back: %s", page.Code, page.Body)
			}
			if post := w.do(http.MethodPost, link, "action=confirm"); post.Code != http.StatusGone {
				t.Errorf("post %d", post.Code)
			}
			if diff := cmp.Diff(before, w.snapshot(t)); diff != "" || w.state(t, "hanako@example.jp") != beforeState {
				t.Errorf("a dead link changed something: %s", diff)
			}
		})
	}
}

// TestConfirmTwice: the second click, a double click and a scanner that posts change nothing and see the same page.
func TestConfirmTwice(t *testing.T) {
	w := newWorld(t)
	w.signUp(t, hanako())
	link := w.last(t, "hanako@example.jp", "confirm").Data["link"]
	first := w.do(http.MethodPost, link, "action=confirm")
	before := w.snapshot(t)
	w.after(400 * day)
	second := w.do(http.MethodPost, link, "action=confirm")
	if first.Code != http.StatusOK || second.Code != http.StatusOK || first.Body.String() != second.Body.String() {
		t.Errorf("first %d, second %d: %s", first.Code, second.Code, cmp.Diff(first.Body.String(), second.Body.String()))
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("the second click changed something: %s", diff)
	}
}

// TestReadingChangesNothing: GET and HEAD of every link of every mail, in every state, a hundred times (hard case 12).
func TestReadingChangesNothing(t *testing.T) {
	for _, test := range setUps {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.do(t, w)
			w.signUp(t, hanako("email", "jiro@example.jp"))
			links := map[string]bool{}
			for _, m := range scan[mail.Row](t, w, w.list.Outbox) {
				for name, value := range m.Data {
					if strings.HasPrefix(value, "/") {
						links[value] = true
					} else if strings.Contains(value, "?t=") {
						t.Errorf("%s %s is a link that this test does not follow", m.Kind, name)
					}
				}
			}
			before := w.snapshot(t)
			for link := range links {
				for range 100 / len(links) {
					for _, method := range []string{http.MethodGet, http.MethodHead} {
						if answer := w.do(method, link, ""); answer.Code != http.StatusOK && answer.Code != http.StatusGone {
							t.Fatalf("%s %s: %d", method, link[:strings.Index(link, "?")], answer.Code)
						}
					}
				}
			}
			if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
				t.Errorf("reading changed something: %s", diff)
			}
			if len(links) == 0 {
				t.Error("no link was read")
			}
		})
	}
}
