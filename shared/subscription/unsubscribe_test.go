package subscription

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/link"
	"madoguchi/shared/record"
)

// TestUnsubscribe holds what leaving stores: the profile for a week, the evidence for a year, a keyed hash for good.
func TestUnsubscribe(t *testing.T) {
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	was, _ := w.stored(t, "hanako@example.jp")
	evidence := w.consents(t, "hanako@example.jp")[0]
	w.after(30 * day)
	mails := len(w.mails(t, "hanako@example.jp", ""))
	if err := w.unsubscribe(welcome.Unsub); err != nil {
		t.Fatal(err)
	}

	left := was
	left.State, left.UnsubscribedAt, left.KeptUntil, left.ExpiresAt = Unsubscribed, stamp(w.now()), was.ExpiresAt, w.now().Add(7*day).Unix()
	got, _ := w.stored(t, "hanako@example.jp")
	if diff := cmp.Diff(left, got); diff != "" {
		t.Errorf("subscriber: %s", diff)
	}
	evidence.EndedAt, evidence.ExpiresAt = stamp(w.now()), w.now().Add(365*day).Unix()
	if diff := cmp.Diff([]consent{evidence}, w.consents(t, "hanako@example.jp")); diff != "" {
		t.Errorf("evidence: %s", diff)
	}
	if diff := cmp.Diff([]suppression{{Person: w.person("hanako@example.jp"), List: "newsletter", Reason: "unsubscribed", Since: stamp(w.now())}},
		scan[suppression](t, w, w.list.Suppression)); diff != "" {
		t.Errorf("suppression: %s", diff)
	}
	if got := len(w.mails(t, "hanako@example.jp", "")); got != mails {
		t.Errorf("unsubscribing sent %d mails", got-mails)
	}
}

// TestStopOfUseStands: whoever asked that the data must not be used (R77) leaves by the link as everybody does, and what was asked stays:
// its reason, its day, and beyond the undo of the unsubscription. A new sign-up that is confirmed ends it.
func TestStopOfUseStands(t *testing.T) {
	const email = "hanako@example.jp"
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	stop := suppression{Person: w.person(email), List: "newsletter", Reason: stopUse, Since: stamp(w.now())}
	if _, err := record.Put(t.Context(), w.list.Client, w.list.Suppression, stop, record.Condition{}); err != nil {
		t.Fatal(err)
	}
	stands := func(state State) {
		t.Helper()
		if got, _ := w.stored(t, email); got.State != state {
			t.Errorf("the subscriber is %s, want %s", got.State, state)
		}
		if diff := cmp.Diff([]suppression{stop}, scan[suppression](t, w, w.list.Suppression)); diff != "" {
			t.Errorf("suppression: %s", diff)
		}
	}
	w.after(day)
	w.mustUnsubscribe(t, welcome.Unsub)
	stands(Unsubscribed)
	w.mustUnsubscribe(t, welcome.Unsub)
	stands(Unsubscribed)
	if err := w.undo(welcome.Unsub); !errors.Is(err, ErrGone) {
		t.Errorf("undone: %v", err)
	}
	stands(Unsubscribed)
	if err := w.list.OptOutByHand(t.Context(), stop.Person, ChannelTelephone); err != nil {
		t.Error(err)
	}
	stands(Unsubscribed)
	w.after(day)
	w.subscribed(t, hanako())
	if got := scan[suppression](t, w, w.list.Suppression); len(got) != 0 {
		t.Errorf("after a new consent: %v", got)
	}
}

// TestUnsubscribeForEver: the link works at once and for ever, by the page and by RFC 8058 (hard case 13): again, a year
// later, after the deletion, from whatever mail; the day of the first wish is kept.
func TestUnsubscribeForEver(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, w *world, link string)
	}{
		{"at once", func(*testing.T, *world, string) {}},
		{"twice", func(t *testing.T, w *world, link string) { w.mustUnsubscribe(t, link) }},
		{"a month later, the profile expired but not deleted", func(t *testing.T, w *world, link string) {
			w.mustUnsubscribe(t, link)
			w.after(30 * day)
		}},
		{"a year later, deleted", func(t *testing.T, w *world, link string) {
			w.mustUnsubscribe(t, link)
			w.after(366 * day)
			w.deleteExpired(t)
		}},
		{"never before, deleted after three years", func(t *testing.T, w *world, _ string) {
			w.after(1100 * day)
			w.deleteExpired(t)
		}},
		{"from a mail of before, while a new sign-up waits", func(t *testing.T, w *world, link string) {
			w.mustUnsubscribe(t, link)
			w.signUp(t, hanako())
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			link := w.subscribed(t, hanako()).Unsub
			test.do(t, w, link)
			first := w.since(t)
			w.after(time.Hour)
			w.mustUnsubscribe(t, link)
			if first == "" {
				first = stamp(w.now())
			}
			w.after(time.Hour)
			w.mustUnsubscribe(t, link)
			if w.state(t, "hanako@example.jp") == Confirmed || !w.suppressed(t, "hanako@example.jp") {
				t.Errorf("state %q, suppressed %v", w.state(t, "hanako@example.jp"), w.suppressed(t, "hanako@example.jp"))
			}
			if got := w.since(t); got != first {
				t.Errorf("suppressed since %s, want %s", got, first)
			}
		})
	}
}

// mustUnsubscribe is the one-click post of a mail program.
func (w *world) mustUnsubscribe(t fatal, link string) {
	t.Helper()
	if answer := w.do(http.MethodPost, link, "List-Unsubscribe=One-Click"); answer.Code != http.StatusOK {
		t.Fatalf("one-click: %d %s", answer.Code, answer.Body)
	}
}

// since is the day of the only suppression, "" where there is none.
func (w *world) since(t fatal) string {
	t.Helper()
	for _, s := range scan[suppression](t, w, w.list.Suppression) {
		return s.Since
	}
	return ""
}

// TestOneClickBodies: mail programs post what they like, without cookie and Origin (RFC 8058; hard case 13).
func TestOneClickBodies(t *testing.T) {
	const multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	for _, test := range []struct {
		name, media, body string
		text              bool // the short answer for machines
	}{
		{"form", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", true},
		{"form with charset", "application/x-www-form-urlencoded; charset=UTF-8", "List-Unsubscribe=One-Click", true},
		{"form with another charset", "application/x-www-form-urlencoded; charset=iso-8859-1", "List-Unsubscribe=One-Click", true},
		{"form with an empty charset", `application/x-www-form-urlencoded; charset=""`, "List-Unsubscribe=One-Click", true},
		{"form that is none", "application/x-www-form-urlencoded", "%zz", true},
		{"multipart", "multipart/form-data; boundary=b", multipart, true},
		{"text", "text/plain", "List-Unsubscribe=One-Click", true},
		{"no body", "", "", true},
		{"a person on the page", "application/x-www-form-urlencoded", "action=unsubscribe", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			link := w.subscribed(t, hanako()).Unsub
			r := httptest.NewRequest(http.MethodPost, link, strings.NewReader(test.body))
			if test.media != "" {
				r.Header.Set("Content-Type", test.media)
			}
			answer := httptest.NewRecorder()
			w.handler.ServeHTTP(answer, r)
			if answer.Code != http.StatusOK || strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain") != test.text {
				t.Errorf("%d %s", answer.Code, answer.Header().Get("Content-Type"))
			}
			if w.state(t, "hanako@example.jp") != Unsubscribed {
				t.Errorf("state %q", w.state(t, "hanako@example.jp"))
			}
		})
	}
}

// TestUndo: within the week everything is as it was before, evidence and expiry included; after it there is nothing left
// to undo, and saying so changes nothing.
func TestUndo(t *testing.T) {
	for _, test := range []struct {
		name  string
		after func(t *testing.T, w *world)
		want  error
	}{
		{"at once", func(*testing.T, *world) {}, nil},
		{"the last second of the week", func(_ *testing.T, w *world) { w.after(7*day - time.Second) }, nil},
		{"after the week, not deleted", func(_ *testing.T, w *world) { w.after(7 * day) }, ErrGone},
		{"after the week, deleted", func(t *testing.T, w *world) { w.after(7 * day); w.deleteExpired(t) }, ErrGone},
		{"after a sign-up by anybody", func(t *testing.T, w *world) { w.signUp(t, hanako("name", "他人")) }, nil},
		{"after the week, in spite of a sign-up by anybody", func(t *testing.T, w *world) { w.after(6 * day); w.signUp(t, hanako()); w.after(day) }, ErrGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			link := w.subscribed(t, hanako()).Unsub
			was, _ := w.stored(t, "hanako@example.jp")
			evidence := w.consents(t, "hanako@example.jp")
			w.after(10 * day)
			w.mustUnsubscribe(t, link)
			test.after(t, w)
			page, left := w.do(http.MethodGet, link, ""), w.snapshot(t)
			if offered := strings.Contains(page.Body.String(), `value="undo"`); offered != (test.want == nil) {
				t.Errorf("the page offers to undo: %v", offered)
			}
			if err := w.undo(link); !errors.Is(err, test.want) {
				t.Fatalf("undo: %v, want %v", err, test.want)
			}
			if test.want != nil {
				if diff := cmp.Diff(left, w.snapshot(t)); diff != "" || !w.suppressed(t, "hanako@example.jp") {
					t.Errorf("suppressed %v; changed: %s", w.suppressed(t, "hanako@example.jp"), diff)
				}
				if answer := w.do(http.MethodPost, link, "action=undo"); answer.Code != http.StatusGone {
					t.Errorf("page %d", answer.Code)
				}
				return
			}
			now, _ := w.stored(t, "hanako@example.jp")
			if diff := cmp.Diff(was, now); diff != "" {
				t.Errorf("subscriber: %s", diff)
			}
			if diff := cmp.Diff(evidence, w.consents(t, "hanako@example.jp")); diff != "" {
				t.Errorf("evidence: %s", diff)
			}
			if w.suppressed(t, "hanako@example.jp") {
				t.Error("still suppressed")
			}
			if err := w.undo(link); err != nil {
				t.Errorf("undo again: %v", err)
			}
			// And leaving once more works.
			w.mustUnsubscribe(t, link)
			if w.state(t, "hanako@example.jp") != Unsubscribed {
				t.Error("cannot leave again")
			}
		})
	}
}

// TestUndoEndsWithTheProfile: who leaves in the last days of three years cannot come back after them.
func TestUndoEndsWithTheProfile(t *testing.T) {
	w := newWorld(t)
	link := w.subscribed(t, hanako()).Unsub
	w.after(1093 * day)
	w.mustUnsubscribe(t, link)
	w.after(3 * day)
	if page := w.do(http.MethodGet, link, ""); strings.Contains(page.Body.String(), `value="undo"`) {
		t.Error("the page offers to undo")
	}
	if err := w.undo(link); !errors.Is(err, ErrGone) {
		t.Errorf("undo: %v", err)
	}
}

// TestUnsubscribedPersonComesBack: a new sign-up alone does not lift the suppression, its confirmation does; the evidence
// of both consents stays, each for its own time.
func TestUnsubscribedPersonComesBack(t *testing.T) {
	w := newWorld(t)
	w.left(t, hanako())
	ended := w.now()
	w.after(3 * day)
	w.signUp(t, hanako("name", "山田 はな"))
	if !w.suppressed(t, "hanako@example.jp") {
		t.Error("a form that anybody can send lifted the suppression")
	}
	if err := w.confirm(w.last(t, "hanako@example.jp", "confirm").Data["link"]); err != nil {
		t.Fatal(err)
	}
	if w.suppressed(t, "hanako@example.jp") || w.state(t, "hanako@example.jp") != Confirmed {
		t.Error("not subscribed again")
	}
	evidence := w.consents(t, "hanako@example.jp")
	if len(evidence) != 2 || evidence[0].EndedAt != stamp(ended) || evidence[0].ExpiresAt != ended.Add(365*day).Unix() ||
		evidence[1].EndedAt != "" || evidence[1].ExpiresAt != w.now().Add((1095+365)*day).Unix() {
		t.Errorf("evidence %+v", evidence)
	}
}

// TestLinksOfOthers: a link of one purpose is no other's, and what is not signed by us is 400 and changes nothing (hard
// case 10).
func TestLinksOfOthers(t *testing.T) {
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	_, preferences, _ := strings.Cut(welcome.Data["preferences"], "?")
	_, unsubscribe, _ := strings.Cut(welcome.Unsub, "?")
	short := link.Token{Service: "newsletter", Purpose: link.Unsubscribe, Person: "x", Issued: w.now()}
	before := w.snapshot(t)
	for _, test := range []struct {
		name, target string
		want         int
	}{
		{"preferences as unsubscribe", "/newsletter/unsubscribe?" + preferences, http.StatusBadRequest},
		{"unsubscribe as preferences", "/newsletter/preferences?" + unsubscribe, http.StatusBadRequest},
		{"unsubscribe as confirm", "/newsletter/confirm?" + unsubscribe, http.StatusBadRequest},
		{"changed", "/newsletter/unsubscribe?" + strings.Replace(unsubscribe, unsubscribe[6:8], "ZZ", 1), http.StatusBadRequest},
		{"cut", "/newsletter/unsubscribe?" + unsubscribe[:len(unsubscribe)-1], http.StatusBadRequest},
		{"none", "/newsletter/unsubscribe", http.StatusBadRequest},
		{"long", "/newsletter/unsubscribe?t=" + strings.Repeat("A", 5000), http.StatusBadRequest},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if answer := w.do(method, test.target, ""); answer.Code != test.want {
				t.Errorf("%s: %s %d, want %d", test.name, method, answer.Code, test.want)
			}
		}
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("changed: %s", diff)
	}
	// One that we signed, for somebody who cannot be: no error, nothing found.
	if s, err := w.list.Standing(t.Context(), short); err != nil || s != (Standing{}) {
		t.Errorf("standing %+v, %v", s, err)
	}
}

// TestUnknownActions: a page of a link does what its buttons say and nothing else.
func TestUnknownActions(t *testing.T) {
	w := newWorld(t)
	row := w.subscribed(t, hanako())
	before := w.snapshot(t)
	for _, link := range []string{row.Unsub, row.Data["preferences"], w.last(t, "hanako@example.jp", "confirm").Data["link"]} {
		if answer := w.do(http.MethodPost, link, "action=bogus"); answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", strings.SplitN(link, "?", 2)[0], answer.Code)
		}
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("changed: %s", diff)
	}
}
