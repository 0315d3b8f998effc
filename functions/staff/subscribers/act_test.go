package main

import (
	"fmt"
	"maps"
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

// next is what the person's page says of the next issue.
func (w *world) next(name, list, id string) nextIssue {
	w.t.Helper()
	return answer[whole](w, w.want(w.call(name, http.MethodGet, "/"+id+"?list="+list, nil), http.StatusOK)).NextIssue
}

// Everything that is known of a person is on one page, and in one sentence what would have to happen for the next issue to arrive.
func TestShow(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	v := answer[whole](w, w.want(w.call("editor", http.MethodGet, "/"+id+"?list=newsletter", nil), http.StatusOK))
	if v.Email != email || v.Fields["name"] != "森 花子" || v.State != "confirmed" || v.Channel != "letter" || v.ExpiresAt == "" || v.Suppression != nil ||
		!v.NextIssue.Receives || len(v.Evidence) != 1 || v.Evidence[0].Words != "配信を希望します" {
		t.Errorf("%+v", v)
	}
	if len(v.Mails) != 1 || v.Mails[0].Kind != policy.NewsletterWelcome || v.Mails[0].Outcome != "queued" {
		t.Errorf("mails: %+v", v.Mails)
	}
	for target, status := range map[string]int{"/" + id: 200, "/" + strings.Repeat("0", 32): 404, "/nobody?list=newsletter": 404, "/" + id + "?list=press": 403} {
		w.want(w.call("editor", http.MethodGet, target, nil), status)
	}
	w.want(w.call("both", http.MethodGet, "/"+id, nil), http.StatusOK)
	w.put(policy.Press, email)
	w.want(w.call("both", http.MethodGet, "/"+id, nil), http.StatusUnprocessableEntity) // on both lists
	if want := "subscriber.view newsletter/" + id + " done"; !slices.Contains(w.ledger(), want) {
		t.Errorf("the ledger holds %q", w.ledger())
	}
	for _, page := range []string{"/" + id + "?list=newsletter", "/" + id + "/export?list=newsletter", "/" + id + "/correct?list=newsletter", "/" + id + "?list=newsletter&lang=en"} {
		if text := w.want(w.page("editor", page, nil), http.StatusOK).Body.String(); !strings.Contains(text, email) {
			t.Errorf("%s does not show the person", page)
		}
	}
}

// The page for printing leaves nothing out: the record, what stands beside it, and what the form showed, unfolded.
func TestExportIsEverything(t *testing.T) {
	w := newWorld(t)
	l := w.list(policy.Newsletter)
	id := w.put(policy.Newsletter, email)
	put := func(item any) {
		if ok, err := record.Put(t.Context(), w.client, l.Table, item, record.Condition{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	left := subscription.Subscriber{PK: "left#" + id[:2], Person: id, State: subscription.Unsubscribed, Email: email, Fields: map[string]string{"name": "以前の名前"},
		ExpiresAt: w.now().Add(day).Unix()}
	signedUp := subscription.Proof{Ref: "N1", FormVersion: 1, Language: policy.Japanese, Channel: "form", SubmittedAt: "2026-11-24T00:00:00Z"}
	again := subscription.Subscriber{PK: id[:2], Person: id, State: subscription.Unconfirmed, Email: email, Fields: map[string]string{"name": "今度の名前"}, Proof: signedUp,
		Earlier: []subscription.Submission{{Email: email, Fields: map[string]string{"name": "もうひとつの名前"}, Proof: signedUp}}, ExpiresAt: w.now().Add(day).Unix()}
	put(left)
	put(again)
	text := w.want(w.page("editor", "/"+id+"/export?list=newsletter", nil), http.StatusOK).Body.String()
	for _, want := range []string{"以前の名前", "今度の名前", "もうひとつの名前", "配信を希望します", `<details class="more" open>`, "個人情報の取り扱い"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	v := answer[whole](w, w.want(w.call("editor", http.MethodGet, "/"+id+"/export?list=newsletter", nil), http.StatusOK))
	if len(v.Waiting) != 1 || v.Left == nil || len(v.Evidence) != 2 {
		t.Errorf("%+v", v)
	}
	if want := "subscriber.export newsletter/" + id + " done"; !slices.Contains(w.ledger(), want) {
		t.Errorf("the ledger holds %q", w.ledger())
	}
}

// The evidence of a form is what the form showed (R1).
func TestEvidenceIsWhatTheFormShowed(t *testing.T) {
	l := list{List: &subscription.List{Service: policy.Get(policy.Newsletter)}}
	e := l.evidence(subscription.Proof{Channel: "json", FormVersion: 1, Language: policy.Japanese}, "", "")
	want, _ := policy.Shown(policy.Newsletter, 1, policy.Japanese)
	if e.Channel != "form" || e.Notice != want || want == "" {
		t.Errorf("%+v", e)
	}
}

// The evidence of a consent that was given elsewhere is where, when and to which words: no form was seen, and nothing was confirmed by a
// click. The sentence says so too.
func TestEvidenceOfAConsentGivenElsewhere(t *testing.T) {
	w := newWorld(t)
	added := answer[row](w, w.want(w.call("editor", http.MethodPost, "", m{"list": "newsletter", "channel": "letter", "fields": fields(policy.Newsletter, email),
		"evidence": m{"where": "展示会", "when": "2020-04-01", "words": "希望します"}}), http.StatusCreated))
	v := answer[whole](w, w.want(w.call("editor", http.MethodGet, "/"+added.ID+"?list=newsletter", nil), http.StatusOK))
	if e := v.Evidence[0]; e.Where != "展示会" || e.FormVersion != 0 || e.Notice != "" || !strings.Contains(v.NextIssue.Because, "同意の記録により") || !v.NextIssue.Receives {
		t.Errorf("%+v %s", e, v.NextIssue.Because)
	}
	text := w.want(w.page("editor", "/"+added.ID+"?list=newsletter", nil), http.StatusOK).Body.String()
	_, shown, _ := strings.Cut(text, "同意の記録は変更できません")
	shown, _, _ = strings.Cut(shown, "</dl>")
	for part, want := range map[string]bool{"展示会": true, "2020-04-01": true, "希望します": true, "職員による登録": true, "フォーム第": false, "確認": false} {
		if strings.Contains(shown, part) != want {
			t.Errorf("%s: %v, want %v: %s", part, !want, want, shown)
		}
	}
}

// For each state the sentence names what is missing, in both languages.
func TestNextIssue(t *testing.T) {
	w := newWorld(t)
	waits, pending, gone, bad := w.ask(policy.Press, "waits@example.jp"), w.pending("pending@example.jp"), w.put(policy.Press, "gone@example.jp"), w.put(policy.Press, "bad@example.jp")
	member, angry := w.put(policy.Press, "member@example.jp"), w.put(policy.Press, "angry@example.jp")
	w.want(w.call("press", http.MethodPost, "/"+gone+"/optout", m{"channel": "mail"}), http.StatusOK)
	w.bounce(policy.Press, bad)
	if _, err := w.list(policy.Press).Complain(t.Context(), angry, w.now()); err != nil {
		t.Fatal(err)
	}
	synthetic, err := w.list(policy.Press).Synthetic(1, []string{"13"})
	if err == nil {
		err = w.list(policy.Press).StoreSynthetic(t.Context(), []subscription.Subscriber{synthetic})
	}
	if err != nil {
		t.Fatal(err)
	}
	clicked := synthetic.Person
	unknown := w.list(policy.Press).Person(map[string]string{"email": "dead@example.jp"}) // it came back of a mail of before, and nobody is there to put back
	if _, err := w.list(policy.Press).Bounce(t.Context(), unknown, w.now()); err != nil {
		t.Fatal(err)
	}
	for id, words := range map[string][2]string{unknown: {"登録し、確認", "signs up and confirms it: mail to this address"}, waits: {"2026年12月1日までに", "before 1 December 2026"}, pending: {"承認する必要", "staff approve"},
		gone: {"登録し直し", "signs up again"}, bad: {"配信に戻す", "put the person back"}, member: {"同意の記録により", "entered on"}, clicked: {"届きます", "confirmed on"}, angry: {"迷惑メール", "unwanted"}} {
		next := w.next("press", "press", id)
		if next.Receives != (id == member || id == clicked) || !strings.Contains(next.Because, words[0]) {
			t.Errorf("%+v, want %s", next, words[0])
		}
		english := answer[whole](w, w.want(w.call("press", http.MethodGet, "/"+id+"?list=press&lang=en", nil), http.StatusOK)).NextIssue.Because
		if !strings.Contains(english, words[1]) {
			t.Errorf("%s, want %s", english, words[1])
		}
	}
}

// R73: a person who telephones is off the list at once; later, when the profile has gone, the address still leads to the reason.
func TestOptOut(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	for _, body := range []any{nil, m{}, m{"channel": "telepathy"}, m{"channel": "mail", "since": "2020"}} {
		w.want(w.call("editor", http.MethodPost, "/"+id+"/optout?list=newsletter", body), http.StatusUnprocessableEntity)
	}
	w.want(w.call("press", http.MethodPost, "/"+id+"/optout?list=newsletter", m{"channel": "mail"}), http.StatusForbidden)
	w.want(w.call("editor", http.MethodPost, "/"+strings.Repeat("a", 32)+"/optout?list=newsletter", m{"channel": "mail"}), http.StatusNotFound)
	got := answer[row](w, w.want(w.call("editor", http.MethodPost, "/"+id+"/optout?list=newsletter", m{"channel": "telephone"}), http.StatusOK))
	if got.State != "unsubscribed" || got.Suppression != "unsubscribed" {
		t.Errorf("%+v", got)
	}
	v := answer[whole](w, w.call("editor", http.MethodGet, "/"+id+"?list=newsletter", nil))
	if v.Suppression == nil || v.Suppression.Channel != "telephone" || v.NextIssue.Receives {
		t.Errorf("%+v", v.Suppression)
	}
	if want := "subscriber.optout newsletter/" + id + " done"; !slices.Contains(w.ledger(), want) {
		t.Errorf("the ledger holds %q", w.ledger())
	}
	w.after(400 * day)
	later := answer[found](w, w.want(w.call("editor", http.MethodGet, "?list=newsletter&email="+email, nil), http.StatusOK))
	if len(later.Items) != 1 || later.Items[0].State != "unsubscribed" || later.Items[0].Name != "" {
		t.Errorf("later: %+v", later.Items)
	}
	w.want(w.page("editor", "/"+id+"?list=newsletter", nil), http.StatusOK)
}

// Whoever bounced wrongly gets the next issue: our suppression has gone, and SES's own too.
func TestRestore(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/restore?list=newsletter", m{"reason": "x"}), http.StatusConflict)
	w.bounce(policy.Newsletter, id)
	w.suppressAtSES(email)
	for _, body := range []any{nil, m{"reason": " "}, m{"reason": strings.Repeat("長", 201)}} {
		w.want(w.call("editor", http.MethodPost, "/"+id+"/restore?list=newsletter", body), http.StatusUnprocessableEntity)
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/restore?list=newsletter", m{"reason": "サーバー移転中の誤り"}), http.StatusOK)
	if _, there, err := w.ses.Find(t.Context(), email); there || err != nil {
		t.Errorf("SES still keeps mail from the address: %v, %v", there, err)
	}
	if !w.next("editor", "newsletter", id).Receives {
		t.Error("the next issue does not arrive")
	}
	w.bounce(policy.Newsletter, id)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/optout?list=newsletter", m{"channel": "letter"}), http.StatusOK)
	a := w.want(w.call("editor", http.MethodPost, "/"+id+"/restore?list=newsletter", m{"reason": "x"}), http.StatusConflict)
	if !strings.Contains(a.Body.String(), `"reason":"unsubscribed"`) {
		t.Errorf("a wish is overruled: %s", a.Body)
	}
}

// Media are approved or refused one by one or many at once, each with an entry and a mail of its own.
func TestApprove(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 4 {
		ids = append(ids, w.pending(fmt.Sprintf("medium%d@example.jp", i)))
	}
	got := answer[row](w, w.want(w.call("press", http.MethodPost, "/"+ids[0]+"/approve", nil), http.StatusOK))
	if got.State != "confirmed" {
		t.Errorf("%+v", got)
	}
	w.want(w.call("press", http.MethodPost, "/"+ids[0]+"/approve?list=press", nil), http.StatusConflict)
	w.want(w.call("press", http.MethodPost, "/"+ids[1]+"/refuse?list=press", nil), http.StatusOK)
	many := answer[struct {
		Items []struct{ ID, Result string }
	}](w, w.want(w.call("press", http.MethodPost, "/approve", m{"list": "press", "ids": ids}), http.StatusOK))
	var results []string
	for _, one := range many.Items {
		results = append(results, one.Result)
	}
	if diff := cmp.Diff([]string{"not_waiting", "not_waiting", "done", "done"}, results); diff != "" {
		t.Error(diff)
	}
	for _, body := range []m{{"list": "press"}, {"list": "press", "ids": make([]string, mostDecided+1)}} {
		w.want(w.call("press", http.MethodPost, "/refuse", body), http.StatusUnprocessableEntity)
	}
	w.want(w.call("editor", http.MethodPost, "/approve", m{"list": "press", "ids": ids}), http.StatusForbidden)
	waiting := w.pending("last@example.jp")
	if text := w.want(w.page("press", "?list=press&state=pending_approval", nil), http.StatusOK).Body.String(); !strings.Contains(text, `value="`+waiting+`"`) {
		t.Error("the page offers nobody to approve")
	}
	a := w.want(w.page("press", "/refuse", url.Values{"list": {"press"}, "ids": {waiting}}), http.StatusSeeOther)
	w.want(w.page("press", strings.TrimPrefix(a.Header().Get("Location"), base), nil), http.StatusOK)
}

// Adding by hand takes a channel; evidence makes a subscriber of it, and an address that opted out is refused with the reason.
func TestAdd(t *testing.T) {
	w := newWorld(t)
	gone := w.put(policy.Newsletter, "gone@example.jp")
	w.want(w.call("editor", http.MethodPost, "/"+gone+"/optout", m{"channel": "mail"}), http.StatusOK)
	proof := m{"where": "展示会", "when": "2026-10-01", "words": "希望します"}
	with := func(email string, more ...m) m {
		v := m{"list": "newsletter", "fields": fields(policy.Newsletter, email), "channel": "telephone"}
		for _, one := range more {
			maps.Copy(v, one)
		}
		return v
	}
	for _, test := range []struct {
		name   string
		body   any
		status int
		says   string
	}{
		{"asked to confirm", with("a@example.jp"), 201, `"state":"unconfirmed"`},
		{"with evidence", with("b@example.jp", m{"evidence": proof}), 201, `"state":"confirmed"`},
		{"again", with("b@example.jp"), 409, ""},
		{"who opted out", with("gone@example.jp", m{"evidence": proof}), 409, `"reason":"unsubscribed"`},
		{"no channel", with("c@example.jp", m{"channel": ""}), 422, `"field":"channel"`},
		{"half an evidence", with("c@example.jp", m{"evidence": m{"where": "x"}}), 422, `"field":"evidence.when"`},
		{"evidence of tomorrow", with("c@example.jp", m{"evidence": m{"where": "x", "when": "2026-11-26", "words": "x"}}), 422, `"field":"evidence.when"`},
		{"fields missing", with("c@example.jp", m{"fields": m{"email": "c@example.jp"}}), 422, `"field":"fields.name"`},
		{"a field of another list", with("c@example.jp", m{"fields": m{"phone": "1"}}), 422, `"field":"fields.phone"`},
		{"an unknown member", with("c@example.jp", m{"state": "confirmed"}), 422, `"field":"state"`},
		{"an unknown member of the evidence", with("c@example.jp", m{"evidence": m{"policy_version": "x"}}), 422, `"field":"policy_version"`},
		{"another's list", with("c@example.jp", m{"list": "press"}), 403, ""},
		{"no JSON", `{"list":`, 400, ""},
		{"too large (hard case 5)", `{"list":"` + strings.Repeat("x", mostBytes) + `"}`, 413, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := w.call("editor", http.MethodPost, "", test.body); a.Code != test.status || !strings.Contains(a.Body.String(), test.says) {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	if want := "subscriber.add newsletter/" + gone + " refused"; !slices.Contains(w.ledger(), want) {
		t.Errorf("the ledger holds %q", w.ledger())
	}
	form := url.Values{"list": {"newsletter"}, "channel": {"letter"}, "email": {"page@example.jp"}}
	if a := w.want(w.page("editor", "", form), http.StatusUnprocessableEntity); !strings.Contains(a.Body.String(), "page@example.jp") {
		t.Error("the form forgets what was typed")
	}
	for name, value := range fields(policy.Newsletter, "page@example.jp") {
		form.Set(name, value)
	}
	w.want(w.page("editor", "", form), http.StatusSeeOther)
}

// That something was corrected is in the ledger, what it was and is now is not.
func TestCorrect(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	path := "/" + id + "/correct?list=newsletter"
	for _, test := range []struct {
		fields any
		status int
	}{{m{"name": "林 花子"}, 200}, {m{"name": ""}, 422}, {m{"prefecture": "48"}, 422}, {m{"ref": "x"}, 422}, {m{}, 422}, {m{"email": "new@example.jp"}, 200}} {
		w.want(w.call("editor", http.MethodPost, path, m{"fields": test.fields}), test.status)
	}
	v := answer[whole](w, w.call("editor", http.MethodGet, "/"+id+"?list=newsletter", nil))
	if v.Fields["name"] != "林 花子" || v.Fields["organization"] != "例示株式会社" || v.Email != email || v.NewAddress != "new@example.jp" {
		t.Errorf("%+v", v)
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/resend?list=newsletter", nil), http.StatusOK)
	w.want(w.call("editor", http.MethodPost, "/"+w.put(policy.Newsletter, "other@example.jp")+"/resend?list=newsletter", nil), http.StatusConflict)
	for _, item := range registrationtest.Items[map[string]any](t, w.client, w.office.Env["LEDGER_TABLE"]) {
		if text := fmt.Sprint(item); strings.Contains(text, "林") || strings.Contains(text, "森") || strings.Contains(text, "example") {
			t.Errorf("the ledger holds %s", text)
		}
	}
	form := url.Values{"name": {""}}
	w.want(w.page("editor", path, form), http.StatusUnprocessableEntity)
	form.Set("name", "森 花子")
	w.want(w.page("editor", path, form), http.StatusSeeOther)
}

// No editing of consent, ever: whatever is posted to whatever route, the proof that was given stays as it was given; a consent only ends.
func TestNoRouteEditsAConsent(t *testing.T) {
	w := newWorld(t)
	proofs := func(id string) []subscription.Consent {
		card, _, err := w.list(policy.Newsletter).Card(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for i := range card.Consents {
			card.Consents[i].EndedAt, card.Consents[i].ExpiresAt = "", 0
		}
		return card.Consents
	}
	tampered := m{"list": "newsletter", "fields": m{"policy_version": "2030-01-01", "confirmed_at": "2020-01-01"}, "evidence": m{"where": "w", "when": "2020-01-01", "words": "w"},
		"channel": "letter", "reason": "x", "consent": m{"ref": "x"}, "confirmed_at": "2020-01-01T00:00:00Z", "policy_version": "2030-01-01"}
	posts := 0
	mux, ok := w.handler.(interface{ Routes() []string })
	if !ok {
		t.Fatal("the handler does not tell its routes")
	}
	for _, route := range mux.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost {
			continue
		}
		posts++
		address := fmt.Sprintf("p%d@example.jp", posts)
		id := w.put(policy.Newsletter, address)
		before := proofs(id)
		target := strings.TrimPrefix(strings.ReplaceAll(path, "{id}", id), base)
		if a := w.call("all", http.MethodPost, target, tampered); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s takes members that it does not have: %d %s", route, a.Code, a.Body)
		}
		form := url.Values{"list": {"newsletter"}, "channel": {"letter"}, "reason": {"x"}, "ids": {id}, "evidence.where": {"w"}, "evidence.when": {"2020-01-01"},
			"evidence.words": {"w"}, "until": {"2027-01-01"}, "reference": {"P-1"}, "ref": {"x"}, "confirmed_at": {"2020-01-01T00:00:00Z"}, "policy_version": {"2030-01-01"}}
		for name, value := range fields(policy.Newsletter, address) {
			form.Set(name, value)
		}
		w.page("all", target, form)
		if diff := cmp.Diff(before, proofs(id)); diff != "" || len(before) != 1 {
			t.Errorf("%s: %s", route, diff)
		}
	}
	if posts < 10 {
		t.Errorf("%d routes were tried", posts)
	}
}

// The function names every setting that is missing.
func TestSettings(t *testing.T) {
	_, err := run(t.Context(), func(string) (string, bool) { return "", false })
	for _, name := range []string{"NEWSLETTER_TABLE", "PRESS_TABLE", "ADDRESS_KEY", "STAFF_TABLE", "UNCONFIRMED_HOURS", "PENDING_APPROVAL_DAYS"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}
