package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/registration/registrationtest"
)

// A test goes to one's own address or to one that the deployment lists, in every language, as the mail itself would.
func TestTestSend(t *testing.T) {
	w := newWorld(t, "TEST_RECIPIENTS", "henshu@example.jp, check@example.jp")
	eventtest.Save(t, w.editor.events, "seminar", nil)
	id := w.create("editor", newsletter("attachments", []any{m{"name": "案内.pdf", "type": "application/pdf", "content": pdf}}))
	two := w.create("events", about("seminar"))
	for name, c := range map[string]struct {
		body   any
		status int
	}{
		"a stranger":     {m{"to": "stranger@example.jp"}, 422},
		"no address":     {m{"to": "x"}, 422},
		"unknown member": {m{"cc": "henshu@example.jp"}, 422},
		"no JSON":        {"{", 400},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.want(w.call("editor", http.MethodPost, "/"+id+"/test", c.body), c.status)
		})
	}
	if got := w.mails(); len(got) != 0 {
		t.Fatalf("refused tests sent %d mails", len(got))
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/test", nil), 202)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/test", m{"to": "Check@example.jp"}), 202)
	w.want(w.call("events", http.MethodPost, "/"+two+"/test", m{}), 202)
	// Each is debited from the rate that all senders share, and none has waited for it.
	var rate struct {
		Until int64 `dynamodbav:"tat"`
	}
	if found, err := record.Get(t.Context(), w.client, w.env["CAMPAIGNS_TABLE"], record.Key("rate", "rate"), w.now(), &rate); err != nil || !found {
		t.Fatal(found, err)
	}
	if got, want := rate.Until, w.now().Add(4*time.Second/200).UnixMicro(); got != want {
		t.Errorf("the rate is spent until %d, want %d", got, want)
	}
	got := w.mails()
	if len(got) != 4 {
		t.Fatalf("%d mails", len(got))
	}
	one := got[0]
	if one.To[0] != "editor@office.example" || one.Subject != "【テスト】十一月号" || !strings.Contains(one.Text, "見本 花子 様") || one.Tags["kind"] != "test" ||
		len(one.Attachments) != 1 || one.Attachments[0].Name != "案内.pdf" {
		t.Errorf("%v %q %v %+v\n%s", one.To, one.Subject, one.Tags, one.Attachments, one.Text)
	}
	if list := one.Headers["List-Unsubscribe"]; !strings.Contains(list, "/newsletter/unsubscribe?t=") {
		t.Errorf("it is no list mail: %q", list)
	}
	if got[1].To[0] != "Check@example.jp" || got[2].Subject != "【テスト】会場のご案内" || got[3].Subject != "[Test] How to get there" || !strings.Contains(got[3].Text, "Dear Hanako Sample") {
		t.Errorf("%v, %q, %q:\n%s", got[1].To, got[2].Subject, got[3].Subject, got[3].Text)
	}
	if _, err := w.editor.store.Change(t.Context(), id, func(c *campaign.Campaign) error { c.State = campaign.Sent; return nil }); err != nil {
		t.Fatal(err)
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/test", nil), 409)
}

// On a developer's machine a test goes anywhere.
func TestTestSendAnywhere(t *testing.T) {
	w := newWorld(t, "TEST_RECIPIENTS", "*")
	id := w.create("editor", newsletter())
	w.want(w.call("editor", http.MethodPost, "/"+id+"/test", m{"to": "anybody@example.jp"}), 202)
	w.ses.Close()
	w.want(w.call("editor", http.MethodPost, "/"+id+"/test", nil), 503)
}

// What arrives, for an invented person and for real ones; that one looked at these is recorded, and no name stands anywhere else.
func TestPreview(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	w.register("seminar", "E-1", "registered", "ja")
	w.register("seminar", "E-2", "registered", "en")
	w.register("seminar", "E-3", "cancelled", "ja")
	id := w.create("events", about("seminar"))
	page := w.page("events", "/"+id+"/preview")
	if !strings.Contains(page, "見本 花子 様") || strings.Contains(page, "髙﨑") || strings.Count(page, "<iframe") != 2 || strings.Contains(page, "見本 2<") {
		t.Errorf("%s", page)
	}
	before := len(w.ledger())
	if page = w.page("events", "/"+id+"/preview?person=1"); !strings.Contains(page, "髙﨑 花子 様") {
		t.Errorf("%s", page)
	}
	if got := w.ledger(); len(got) != before+1 || got[before] != "events campaign.preview campaign/"+id+" done" {
		t.Errorf("%v", got)
	}
	part := w.want(w.do("events", http.MethodGet, base+"/"+id+"/preview?part=html&language=en&person=1", "", "Accept", "text/html"), 200)
	csp := part.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'self'") || strings.Contains(csp, "script") || !strings.Contains(part.Body.String(), "Dear 髙﨑 花子") {
		t.Errorf("%s: %.200s", csp, part.Body)
	}
	text := w.want(w.do("events", http.MethodGet, base+"/"+id+"/preview?part=text", "", "Accept", "text/html"), 200)
	if !strings.HasPrefix(text.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%v", text.Header())
	}
	for _, query := range []string{"person=3", "person=-1", "person=x", "language=fr", "version=2", "version=0"} {
		w.want(w.do("events", http.MethodGet, base+"/"+id+"/preview?"+query, "", "Accept", "text/html"), 404)
	}
	// A preview of an invitation invites nobody.
	ended := map[string]any{"starts_at": "2026-11-20T10:00:00+09:00", "ends_at": "2026-11-20T12:00:00+09:00", "closes_at": "2026-11-19T10:00:00+09:00",
		"questionnaire": map[string]any{"anonymous": true, "opens_after_hours": 0, "questions": []any{map[string]any{"name": "overall",
			"label": map[string]string{"ja": "満足度", "en": "Overall"}, "type": "rating", "required": true}}}}
	eventtest.Save(t, w.editor.events, "past", ended)
	w.register("past", "E-9", "registered", "ja")
	asking := w.create("events", about("past", "kind", "questionnaire_invitation"))
	if page := w.page("events", "/"+asking+"/preview?person=1"); !strings.Contains(page, "/questionnaires/past?t=") {
		t.Errorf("%s", page)
	}
	if got := registrationtest.Items[m](t, w.client, w.env["INVITATIONS_TABLE"]); len(got) != 0 {
		t.Errorf("%d invitations", len(got))
	}
}

// Colleagues who may approve are told that something waits, and nothing of what it says.
func TestReviewMail(t *testing.T) {
	w := newWorld(t, "CAMPAIGN_REVIEW", "true")
	for _, who := range []string{"editor", "editor2", "press", "all"} {
		w.cookie(who)
	}
	id := w.create("editor", newsletter())
	w.want(w.call("editor", http.MethodPost, "/"+id+"/submit", nil), 200)
	to := map[string]bool{}
	for _, row := range registrationtest.Items[mail.Row](t, w.client, w.env["OUTBOX_TABLE"]) {
		if row.Kind == policy.CampaignReview && row.Data["link"] == base+"/"+id {
			to[row.To] = true
		}
		for _, value := range row.Data {
			if strings.Contains(value, "十一月号") {
				t.Errorf("the mail says %q", value)
			}
		}
	}
	if len(to) != 2 || !to["editor2@office.example"] || !to["all@office.example"] {
		t.Errorf("asked: %v", to)
	}
}
