package main

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/web"
)

var pdf = base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n%%EOF\n"))

// Every status of the contract for what is handed in.
func TestCreate(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	eventtest.Save(t, w.editor.events, "japanese", map[string]any{"title": map[string]string{"ja": "講演会"}})
	file := func(name, kind, content string) []any {
		return []any{m{"name": name, "type": kind, "content": content}}
	}
	only := func(languages ...string) m {
		all := m{}
		for _, l := range languages {
			all[l] = m{"subject": "件名", "body_markdown": "本文"}
		}
		return all
	}
	for name, c := range map[string]struct {
		who    string
		body   any
		status int
		fields string // of the errors, in order
	}{
		"newsletter":                         {"editor", newsletter(), 201, ""},
		"narrowed":                           {"editor", newsletter("segment", m{"prefecture": []string{"13", "99"}, "business_category": []string{"trade"}}), 201, ""},
		"press release with an embargo":      {"press", newsletter("kind", "press_release", "embargo_until", "2026-11-25T10:00:00+09:00"), 201, ""},
		"media invitation, picked":           {"press", newsletter("kind", "media_invitation", "segment", m{"people": []string{strings.Repeat("a1", 16)}}), 201, ""},
		"event information":                  {"events", about("seminar"), 201, ""},
		"event in Japanese only":             {"events", about("japanese", "content", only("ja")), 201, ""},
		"event, its Japanese readers":        {"events", about("seminar", "content", only("ja"), "segment", m{"language": []string{"ja"}}), 201, ""},
		"attachment":                         {"editor", newsletter("attachments", file("案内.pdf", "application/pdf", pdf)), 201, ""},
		"reply to":                           {"editor", newsletter("reply_to", "henshu@example.jp"), 201, ""},
		"several roles":                      {"all", newsletter(), 201, ""},
		"no JSON":                            {"editor", `{"kind":`, 400, ""},
		"not UTF-8 (hard case 3)":            {"editor", "{\"kind\":\"\x8a\"}", 400, ""},
		"too large (hard case 5)":            {"editor", `{"kind":"` + strings.Repeat("x", mostBytes) + `"}`, 413, ""},
		"unknown member":                     {"editor", newsletter("colour", "red"), 422, "colour"},
		"unknown member of the content":      {"editor", newsletter("content", m{"ja": m{"subject": "x", "body_markdown": "x", "html": "<p>"}}), 422, "content.ja.html"},
		"wrong type of the content":          {"editor", newsletter("content", m{"ja": m{"subject": 1, "body_markdown": "x"}}), 422, "content.ja.subject"},
		"a member in capitals":               {"editor", newsletter("Kind", "newsletter"), 422, "Kind"},
		"a member twice":                     {"editor", `{"kind":"newsletter","kind":"newsletter"}`, 400, ""},
		"a member of the content twice":      {"editor", `{"kind":"newsletter","content":{"ja":{"subject":"a","subject":"b","body_markdown":"x"}}}`, 400, ""},
		"no base64":                          {"editor", newsletter("attachments", []any{m{"name": "a.pdf", "type": "application/pdf", "content": "?"}}), 422, "attachments.0.content"},
		"wrong type":                         {"editor", newsletter("event", 7), 422, "event"},
		"no kind":                            {"editor", newsletter("kind", nil), 422, "kind"},
		"unknown kind":                       {"editor", newsletter("kind", "spam"), 422, "kind"},
		"a mail that is no campaign":         {"editor", newsletter("kind", "event_registered"), 422, "kind"},
		"no content":                         {"editor", newsletter("content", nil), 422, "content.ja"},
		"no subject, no body":                {"editor", newsletter("content", m{"ja": m{}}), 422, "content.ja.subject content.ja.body_markdown"},
		"a line break in the subject (4)":    {"editor", newsletter("content", m{"ja": m{"subject": "a\r\nBcc: x@example.jp", "body_markdown": "x"}}), 422, "content.ja.subject"},
		"direction marks (hard case 2)":      {"editor", newsletter("content", m{"ja": m{"subject": "a\u202eb", "body_markdown": "x"}}), 422, "content.ja.subject"},
		"English newsletter":                 {"editor", newsletter("content", only("ja", "en")), 422, "content.en"},
		"a language that does not exist":     {"editor", newsletter("content", only("ja", "fr")), 422, "content.fr"},
		"a language of the event is missing": {"events", about("seminar", "content", only("ja")), 422, "content.en"},
		"no event":                           {"events", about(""), 422, "event"},
		"unknown event":                      {"events", about("nowhere"), 422, "event"},
		"no questionnaire":                   {"events", about("seminar", "kind", "questionnaire_invitation"), 422, "event"},
		"unknown prefecture (hard case 7)":   {"editor", newsletter("segment", m{"prefecture": []string{"48"}}), 422, "segment.prefecture"},
		"unknown business":                   {"editor", newsletter("segment", m{"business_category": []string{"magic"}}), 422, "segment.business_category"},
		"unknown status":                     {"events", about("seminar", "segment", m{"status": []string{"dead"}}), 422, "segment.status"},
		"embargo in the past":                {"press", newsletter("kind", "press_release", "embargo_until", "2026-11-24T08:00:00+09:00"), 422, "embargo_until"},
		"embargo of a newsletter":            {"editor", newsletter("embargo_until", "2026-11-25T10:00:00+09:00"), 422, "embargo_until"},
		"embargo that is no time":            {"press", newsletter("kind", "press_release", "embargo_until", "tomorrow"), 422, "embargo_until"},
		"reply to nobody":                    {"editor", newsletter("reply_to", "nobody"), 422, "reply_to"},
		"a page as attachment":               {"editor", newsletter("attachments", file("a.html", "text/html", pdf)), 422, "attachments"},
		"a program that calls itself PDF":    {"editor", newsletter("attachments", file("a.pdf", "application/pdf", base64.StdEncoding.EncodeToString([]byte("MZ\x90\x00")))), 422, "attachments"},
		"a path as name (hard case 4)":       {"editor", newsletter("attachments", file("../a.pdf", "application/pdf", pdf)), 422, "attachments"},
		"attachments too large together": {"editor", newsletter("attachments", file("a.pdf", "application/pdf",
			base64.StdEncoding.EncodeToString([]byte("%PDF-1.7"+strings.Repeat(" ", envelope.LargestFiles))))), 422, "attachments"},
		"follows nothing":               {"editor", newsletter("follows", "aaaaaaaaaaaaaaaa"), 422, "follows.campaign"},
		"another role's kind":           {"editor", newsletter("kind", "press_release"), 403, ""},
		"a role without campaigns":      {"photos", newsletter(), 403, ""},
		"nobody":                        {"", newsletter(), 401, ""},
		"newsletter to an event, 31":    {"editor", newsletter("event", "seminar"), 422, "event"},
		"registrants by prefecture, 31": {"events", about("seminar", "segment", m{"prefecture": []string{"13"}}), 422, "segment.prefecture"},
		"picked subscribers, 31":        {"editor", newsletter("segment", m{"people": []string{strings.Repeat("a1", 16)}}), 422, "segment.people"},
		"photo users, 31":               {"photos", newsletter("kind", "photos_access"), 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			a := w.want(w.call(c.who, http.MethodPost, "", c.body), c.status)
			if c.status == http.StatusCreated {
				if id := answer[struct{ ID string }](w, a).ID; !campaign.IsID(id) || a.Header().Get("Location") != base+"/"+id {
					t.Errorf("created %q at %q", id, a.Header().Get("Location"))
				}
				return
			}
			if got := a.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("answered as %s", got)
			}
			var fields []string
			for _, f := range answer[struct{ Errors []web.FieldError }](w, a).Errors {
				fields = append(fields, f.Field)
				if f.Code == "" || f.Message == "" {
					t.Errorf("the problem of %s says nothing: %+v", f.Field, f)
				}
			}
			if got := strings.Join(fields, " "); got != c.fields {
				t.Errorf("wrong are %q, want %q: %s", got, c.fields, a.Body)
			}
		})
	}
}

// What is too long is told by how much, and where replies would leave the organisation it is said (R45).
func TestSaysHowMuch(t *testing.T) {
	w := newWorld(t)
	type errs struct{ Errors, Warnings []web.FieldError }
	long := answer[errs](w, w.want(w.call("editor", http.MethodPost, "", newsletter("content", m{"ja": m{"subject": strings.Repeat("長", 201), "body_markdown": strings.Repeat("長", 41_000)}})), 422))
	var said []string
	for _, e := range long.Errors {
		said = append(said, e.Message)
	}
	if text := strings.Join(said, "|"); !strings.Contains(text, "201文字") || !strings.Contains(text, "200文字以内") || !strings.Contains(text, "123.0kB") || !strings.Contains(text, "100.0kB以内") {
		t.Error(text)
	}
	for address, warned := range map[string]bool{"henshu@example.jp": false, "henshu@press.example.jp": false, "info@FORMS.example.jp": false, "henshu@gmail.com": true,
		"henshu@notexample.jp": true, "henshu@example.jp.evil.example": true} {
		var found bool
		for _, one := range answer[errs](w, w.want(w.call("editor", http.MethodPost, "", newsletter("reply_to", address)), 201)).Warnings {
			found = found || one.Field == "reply_to" && one.Code == "foreign_domain"
		}
		if found != warned {
			t.Errorf("replies to %s: warned %t", address, found)
		}
	}
	id := w.create("editor", newsletter())
	if got := answer[whole](w, w.call("editor", http.MethodGet, "/"+id, nil)); got.CreatedAt != "2026-11-24T09:00:00+09:00" || got.History[0].At != got.CreatedAt {
		t.Errorf("created at %s, %+v", got.CreatedAt, got.History)
	}
}

// TestGate: whoever tries to write to another service's people is refused, and it is recorded who tried (hard case 31, R7, R19, R28, R57).
func TestGate(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	eventtest.Save(t, w.editor.events, "other", nil)
	w.want(w.call("editor", http.MethodPost, "", newsletter("event", "seminar")), 422)
	w.want(w.call("editor", http.MethodPost, "", newsletter("kind", "event_information", "event", "seminar")), 403)
	w.want(w.call("photos", http.MethodPost, "", newsletter()), 403)
	id := w.create("events", about("seminar"))
	w.want(w.call("events", http.MethodPost, "/"+id, about("other")), 422) // it stays with its event
	w.want(w.call("editor", http.MethodGet, "/"+id, nil), 403)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/schedule", m{"at": nil}), 403)
	// Those who registered for one event are never told of another by way of a correction.
	c, err := w.editor.store.Enter(t.Context(), id, campaign.Cancelled, "events", "")
	if err != nil || c.State != campaign.Cancelled {
		t.Fatal(c.State, err)
	}
	w.want(w.call("events", http.MethodPost, "", about("other", "follows", id)), 422)
	w.want(w.call("events", http.MethodPost, "", about("seminar", "follows", id)), 201)
	want := []string{
		"editor campaign.newsletter campaign refused",
		"editor campaign.event_information campaign refused",
		"photos POST /staff/campaigns  refused",
		"events campaign.create campaign/" + id + " done",
		"events campaign.event_information campaign refused",
		"editor campaign.event_information campaign/" + id + " refused",
		"editor campaign.event_information campaign/" + id + " refused",
		"events campaign.event_information campaign refused",
	}
	if diff := cmp.Diff(want, w.ledger()[:len(want)]); diff != "" {
		t.Error(diff)
	}
}

// The list shows the caller's kinds only, in pages.
func TestList(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	var want []string
	for i := range 25 {
		w.after(time.Minute)
		if i%5 == 0 {
			want = append([]string{w.create("events", about("seminar"))}, want...)
			continue
		}
		want = append([]string{w.create("editor", newsletter())}, want...)
	}
	w.want(w.call("editor", http.MethodPost, "/"+want[0]+"/submit", nil), 200)
	type list struct {
		Items []summary
		Next  *string
	}
	all := func(who, query string) (ids []string, pages int) {
		for next := ""; ; {
			got := answer[list](w, w.want(w.call(who, http.MethodGet, "?"+query+"&cursor="+next, nil), 200))
			for _, item := range got.Items {
				ids = append(ids, item.ID)
			}
			if pages++; got.Next == nil {
				return ids, pages
			}
			next = *got.Next
		}
	}
	got, pages := all("all", "")
	if diff := cmp.Diff(want, got); diff != "" || pages != 2 {
		t.Errorf("%d pages: %s", pages, diff)
	}
	if got, _ := all("editor", ""); len(got) != 20 {
		t.Errorf("the editor sees %d", len(got))
	}
	if got, _ := all("press", ""); len(got) != 0 {
		t.Errorf("press sees %d", len(got))
	}
	if got, _ := all("all", "kind=event_information"); len(got) != 5 {
		t.Errorf("%d for events", len(got))
	}
	if got, _ := all("all", "status=in_review"); len(got) != 1 || got[0] != want[0] {
		t.Errorf("in review: %v", got)
	}
	for query, status := range map[string]int{"kind=press_release": 403, "kind=spam": 400, "status=lost": 400, "cursor=x": 400, "cursor=e30": 200} {
		w.want(w.call("editor", http.MethodGet, "?"+query, nil), status)
	}
}

// A copy says the same and is nobody's decision yet.
func TestCopy(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter("attachments", []any{m{"name": "案内.pdf", "type": "application/pdf", "content": pdf}}))
	a := w.want(w.call("editor2", http.MethodPost, "/"+id+"/copy", nil), 201)
	other := answer[struct{ ID string }](w, a).ID
	got := answer[whole](w, w.call("editor", http.MethodGet, "/"+other, nil))
	if got.Status != campaign.Draft || got.Author != "editor2" || got.Title != "十一月号" || len(got.Attachments) != 1 || got.Attachments[0].Name != "案内.pdf" {
		t.Errorf("%+v", got)
	}
	// Attachments stay where a new version does not name them, and go where it names none.
	w.want(w.call("editor", http.MethodPost, "/"+other, newsletter()), 200)
	if got := answer[whole](w, w.call("editor", http.MethodGet, "/"+other, nil)); len(got.Attachments) != 1 || got.Version != 2 {
		t.Errorf("%+v", got)
	}
	w.want(w.call("editor", http.MethodPost, "/"+other, newsletter("attachments", []any{})), 200)
	if got := answer[whole](w, w.call("editor", http.MethodGet, "/"+other, nil)); len(got.Attachments) != 0 {
		t.Errorf("%+v", got)
	}
}
