package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/subscription"
)

// entries are those of the ledger that say what was done about holds.
func (w *world) entries(prefix string) []string {
	w.t.Helper()
	all := slices.DeleteFunc(w.ledger(), func(e string) bool { return !strings.HasPrefix(e, prefix) })
	slices.Sort(all)
	return all
}

// General Affairs hold somebody for a privacy case. Beyond the record's own time it is kept and not used (R57, R77): whoever looks after the
// list sees that there is a hold, and nothing of the person; its end leaves nothing.
func TestHold(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	target := "/" + id + "?list=newsletter"
	w.want(w.call("privacy", http.MethodPost, "/"+id+"/hold?list=newsletter", m{"until": "2027-11-01", "reason": "privacy_case", "reference": "P-2026-0007"}), http.StatusOK)
	v := answer[whole](w, w.want(w.call("editor", http.MethodGet, target, nil), http.StatusOK))
	want := hold{Until: "2027-11-02T00:00:00+09:00", Reason: record.PrivacyCase, Reference: "P-2026-0007", Since: "2026-11-24T00:00:00Z"}
	if v.Hold == nil || v.DueAt != "" || v.ExpiresAt != "2029-11-23T09:00:00+09:00" || !v.NextIssue.Receives || slices.Contains(v.May, "hold") || slices.Contains(v.May, "release") {
		t.Fatalf("a hold that ends before the record: %+v", v)
	}
	if diff := cmp.Diff(want, *v.Hold); diff != "" {
		t.Error(diff)
	}
	// They leave; the record's time is over in seven days.
	w.want(w.call("editor", http.MethodPost, "/"+id+"/optout?list=newsletter", m{"channel": "telephone"}), http.StatusOK)
	v = answer[whole](w, w.want(w.call("editor", http.MethodGet, target, nil), http.StatusOK))
	if v.ExpiresAt != want.Until || v.DueAt != "2026-12-01T09:00:00+09:00" {
		t.Errorf("expires at %s, without the hold at %s", v.ExpiresAt, v.DueAt)
	}
	w.after(8 * day)
	text := w.want(w.call("editor", http.MethodGet, target, nil), http.StatusOK).Body.String()
	if strings.Contains(text, "花子") || strings.Contains(text, email) || !strings.Contains(text, "P-2026-0007") || !strings.Contains(text, `"receives":false`) {
		t.Errorf("the editor sees %s", text)
	}
	for _, page := range []string{"", "/export"} {
		if text := w.want(w.page("editor", "/"+id+page+"?list=newsletter", nil), http.StatusOK).Body.String(); strings.Contains(text, "花子") || strings.Contains(text, email) {
			t.Errorf("the editor's page %s shows who is held", page)
		}
		for _, language := range []string{"", "&lang=en"} {
			if text := w.want(w.page("privacy", "/"+id+page+"?list=newsletter"+language, nil), http.StatusOK).Body.String(); !strings.Contains(text, "森 花子") || !strings.Contains(text, "配信を希望します") {
				t.Errorf("General Affairs do not see on %s%s what is kept", page, language)
			} else if language != "" && (strings.Contains(text, "まで") || strings.Contains(text, "から")) {
				t.Errorf("%s%s is not wholly in English", page, language)
			}
		}
	}
	v = answer[whole](w, w.want(w.call("privacy", http.MethodGet, target, nil), http.StatusOK))
	if v.Holds[0].Kept == nil || v.Holds[0].Kept.Fields["name"] != "森 花子" || v.Holds[0].Kept.State != "confirmed" || len(v.Holds[0].Kept.Evidence) != 1 ||
		v.Email != "" || len(v.Fields) != 0 {
		t.Errorf("%+v", v)
	}
	if diff := cmp.Diff([]string{"hold", "release"}, v.May); diff != "" {
		t.Errorf("General Affairs may: %s", diff)
	}
	// An extension changes the last day alone; the end leaves nothing but the wish.
	w.want(w.call("privacy", http.MethodPost, "/"+id+"/hold?list=newsletter", m{"until": "2027-12-01T00:00:00+09:00", "reason": "privacy_case", "reference": "P-2026-0007"}), http.StatusOK)
	list := answer[struct{ Items []heldRow }](w, w.want(w.call("privacy", http.MethodGet, "/holds?list=newsletter", nil), http.StatusOK))
	if len(list.Items) != 1 || list.Items[0].ID != id || list.Items[0].Until != "2027-12-01T00:00:00+09:00" || list.Items[0].Kept != nil {
		t.Errorf("%+v", list)
	}
	w.want(w.page("privacy", "/holds?list=newsletter", nil), http.StatusOK)
	w.want(w.call("privacy", http.MethodPost, "/"+id+"/release?list=newsletter", m{"reference": "P-2026-0007"}), http.StatusOK)
	w.want(w.call("privacy", http.MethodPost, "/"+id+"/release?list=newsletter", m{"reference": "P-2026-0007"}), http.StatusConflict)
	v = answer[whole](w, w.want(w.call("privacy", http.MethodGet, target, nil), http.StatusOK))
	if v.Hold != nil || v.State != subscription.Unsubscribed || v.ExpiresAt != "" {
		t.Errorf("%+v", v)
	}
	done := w.entries("subscriber.hold")
	done = append(done, w.entries("subscriber.release")...)
	object := "newsletter/" + id + "/P-2026-0007 done"
	if diff := cmp.Diff([]string{"subscriber.hold " + object, "subscriber.hold " + object, "subscriber.holds newsletter done", "subscriber.holds newsletter done", "subscriber.release " + object}, done); diff != "" {
		t.Error(diff)
	}
}

// A sign-up that was never confirmed and is held goes wholly, where its time is over when the hold ends.
func TestHoldEndsAfterTheRecord(t *testing.T) {
	w := newWorld(t)
	id := w.ask(policy.Press, "kisha@example.jp")
	a := w.page("privacy", "/"+id+"/hold?list=press", url.Values{"until": {"2026-12-31"}, "reason": {"incident"}, "reference": {"I-3"}})
	if w.want(a, http.StatusSeeOther); !strings.Contains(a.Header().Get("Location"), id) {
		t.Error(a.Header())
	}
	w.after(8 * day)
	row := answer[found](w, w.want(w.call("press", http.MethodGet, "?list=press&email=kisha@example.jp", nil), http.StatusOK)).Items
	if len(row) != 1 || row[0].State != subscription.OnHold || row[0].Name != "" || row[0].Email != "" || row[0].HoldUntil != "2027-01-01T00:00:00+09:00" {
		t.Fatalf("%+v", row)
	}
	if because := w.next("press", "press", id); because.Receives || !strings.Contains(because.Because, "事故") {
		t.Errorf("%+v", because)
	}
	a = w.want(w.page("privacy", "/"+id+"/release?list=press", url.Values{"reference": {"I-3"}}), http.StatusSeeOther)
	to := strings.TrimPrefix(a.Header().Get("Location"), base)
	if text := w.want(w.page("privacy", to, nil), http.StatusOK).Body.String(); !strings.Contains(text, "延長を終わりました") {
		t.Errorf("%s says %.300s", to, text)
	}
	w.want(w.call("privacy", http.MethodGet, "/"+id+"?list=press", nil), http.StatusNotFound)
	for _, item := range registrationtest.Items[struct {
		SK      string `dynamodbav:"sk"`
		Expires int64  `dynamodbav:"expires_at"`
	}](t, w.client, w.list(policy.Press).Table) {
		if strings.Contains(item.SK, id) && item.Expires > w.now().Unix() {
			t.Errorf("%s is left", item.SK)
		}
	}
}

// Who may hold, and what is refused, with what to do; a refusal stands in the ledger.
func TestHoldStatuses(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	good := func(change ...string) m {
		v := m{"until": "2027-03-31", "reason": "privacy_case", "reference": "P-7"}
		for i := 0; i < len(change); i += 2 {
			v[change[i]] = change[i+1]
		}
		return v
	}
	for name, test := range map[string]struct {
		who, target string
		body        any
		status      int
		field       string
	}{
		"the editor":           {"editor", "/" + id + "/hold", good(), 403, ""},
		"the administrator":    {"admin", "/" + id + "/hold", good(), 403, ""},
		"the editor ends it":   {"editor", "/" + id + "/release", m{"reference": "P-7"}, 403, ""},
		"over a year":          {"privacy", "/" + id + "/hold", good("until", "2027-12-31"), 422, "until"},
		"yesterday":            {"privacy", "/" + id + "/hold", good("until", "2026-11-23"), 422, "until"},
		"no day":               {"privacy", "/" + id + "/hold", good("until", "soon"), 422, "until"},
		"another reason":       {"privacy", "/" + id + "/hold", good("reason", "curiosity"), 422, "reason"},
		"a name":               {"privacy", "/" + id + "/hold", good("reference", "森花子"), 422, "reference"},
		"another member":       {"privacy", "/" + id + "/hold", m{"till": "2027-03-31"}, 422, "till"},
		"nobody":               {"privacy", "/" + strings.Repeat("0", 32) + "/hold", good(), 404, ""},
		"nothing held":         {"privacy", "/" + id + "/release", m{"reference": "P-7"}, 409, ""},
		"they may not opt out": {"privacy", "/" + id + "/optout", m{"channel": "telephone"}, 403, ""},
		"nor correct":          {"privacy", "/" + id + "/correct", m{"fields": m{"name": "林"}}, 403, ""},
	} {
		a := w.call(test.who, http.MethodPost, test.target+"?list=newsletter", test.body)
		if a.Code != test.status || test.field != "" && !strings.Contains(a.Body.String(), `"field":"`+test.field+`"`) {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
	if v := answer[whole](w, w.call("editor", http.MethodGet, "/"+id+"?list=newsletter", nil)); v.Hold != nil {
		t.Errorf("%+v", v.Hold)
	}
	w.want(w.call("privacy", http.MethodGet, "/holds?list=newsletter&cursor=x", nil), http.StatusBadRequest)
	w.want(w.call("editor", http.MethodGet, "/holds?list=newsletter", nil), http.StatusForbidden)
}

// Somebody telephones who is not on the list: the wish is recorded all the same, by the page that has found nobody or by a script.
func TestOptOutUnknown(t *testing.T) {
	w := newWorld(t)
	found := w.want(w.page("editor", "/find", url.Values{"list": {"newsletter"}, "email": {"ｎｏｂｏｄｙ@example.jp"}}), http.StatusOK).Body.String()
	if !strings.Contains(found, `action="`+base+`/optout"`) || !strings.Contains(found, "記録できます") {
		t.Errorf("the page says %.2000s", found)
	}
	if text := w.want(w.page("privacy", "/find", url.Values{"list": {"newsletter"}, "email": {"nobody@example.jp"}}), http.StatusOK).Body.String(); strings.Contains(text, "/optout") {
		t.Error("General Affairs are offered what they may not do")
	}
	form := url.Values{"list": {"newsletter"}, "email": {"ｎｏｂｏｄｙ@example.jp"}}
	if text := w.want(w.page("editor", "/optout", form), http.StatusUnprocessableEntity).Body.String(); !strings.Contains(text, "電話・メール・書面") || !strings.Contains(text, "ｎｏｂｏｄｙ@example.jp") {
		t.Errorf("without a channel the page says %.2000s", text)
	}
	form.Set("channel", "telephone")
	to := w.want(w.page("editor", "/optout", form), http.StatusSeeOther).Header().Get("Location")
	id := w.list(policy.Newsletter).Person(map[string]string{"email": "nobody@example.jp"})
	if !strings.Contains(to, id) || strings.Contains(to, "nobody") {
		t.Fatal(to)
	}
	if text := w.want(w.page("editor", strings.TrimPrefix(to, base), nil), http.StatusOK).Body.String(); !strings.Contains(text, "電話") || !strings.Contains(text, "次号は届きません") {
		t.Errorf("the person's page says %.2000s", text)
	}
	if want := []string{"subscriber.optout newsletter/" + id + " done"}; !slices.Equal(w.entries("subscriber.optout"), want) {
		t.Errorf("the ledger holds %q", w.entries("subscriber.optout"))
	}
	// Nobody may put the address on the list now, but for the person.
	w.want(w.call("editor", http.MethodPost, "", m{"list": "newsletter", "channel": "letter", "fields": fields(policy.Newsletter, "nobody@example.jp"),
		"evidence": m{"where": "展示会", "when": "2026-10-01", "words": "希望"}}), http.StatusConflict)
	// Somebody who is on the list leaves by the address as well; a script is told what is wrong.
	known := w.put(policy.Newsletter, email)
	row := answer[row](w, w.want(w.call("editor", http.MethodPost, "/optout", m{"list": "newsletter", "email": email, "channel": "mail"}), http.StatusOK))
	if row.ID != known || row.State != subscription.Unsubscribed || row.Suppression != "unsubscribed" {
		t.Errorf("%+v", row)
	}
	for name, test := range map[string]struct {
		body   any
		who    string
		status int
	}{
		"no address":     {m{"list": "newsletter", "email": "森", "channel": "mail"}, "editor", 422},
		"no channel":     {m{"list": "newsletter", "email": "x@example.jp"}, "editor", 422},
		"another's list": {m{"list": "press", "email": "x@example.jp", "channel": "mail"}, "editor", 403},
		"a consent":      {m{"list": "newsletter", "email": "x@example.jp", "channel": "mail", "consent": true}, "editor", 422},
		"no role":        {m{"list": "newsletter", "email": "x@example.jp", "channel": "mail"}, "privacy", 403},
	} {
		if a := w.call(test.who, http.MethodPost, "/optout", test.body); a.Code != test.status {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
}
