package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/web"
)

// says is the form of a newsletter.
func says(subject, body, version string) url.Values {
	return url.Values{"kind": {"newsletter"}, "content.ja.subject": {subject}, "content.ja.body_markdown": {body}, "version": {version}}
}

// Two editors: the second is told who saved what and when, and loses nothing (hard case 18).
func TestTwoEditors(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	if page := w.page("editor", "/"+id+"/edit"); !strings.Contains(page, `name="version" value="1"`) {
		t.Error("the form does not say what version it changes")
	}
	w.after(time.Minute)
	w.want(w.send("editor2", "/"+id, says("十二月号", "一行目\n二行目", "1")), http.StatusSeeOther)

	type told struct {
		State     campaign.State
		Version   int
		ChangedBy string `json:"changed_by"`
		ChangedAt string `json:"changed_at"`
	}
	want := told{campaign.Draft, 2, "editor2", "2026-11-24T09:01:00+09:00"}
	got := answer[told](w, w.want(w.call("editor", http.MethodPost, "/"+id, newsletter("version", 1)), http.StatusConflict))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	a := w.want(w.send("editor", "/"+id, says("わたしの号", "わたしの本文", "1")), http.StatusConflict)
	for _, piece := range []string{"担当 editor2", "9:01", `value="わたしの号"`, "わたしの本文", `name="version" value="2"`, "十二月号</ins>", "十一月号</del>", "二行目</ins>"} {
		if !strings.Contains(a.Body.String(), piece) {
			t.Errorf("the form lacks %q", piece)
		}
	}
	if c, err := w.editor.store.Get(t.Context(), id); err != nil || c.Title != "十二月号" || c.Version != 2 {
		t.Errorf("%s, version %d, %v", c.Title, c.Version, err)
	}
	// What is saved next is saved knowingly; a script that names no version saves over whatever there is.
	w.want(w.send("editor", "/"+id, says("わたしの号", "わたしの本文", "2")), http.StatusSeeOther)
	w.want(w.call("editor2", http.MethodPost, "/"+id, newsletter()), http.StatusOK)
	w.want(w.call("editor2", http.MethodPost, "/"+id, newsletter("version", 4)), http.StatusOK)
	w.want(w.call("editor2", http.MethodPost, "/"+id, newsletter("version", 9)), http.StatusConflict)
	w.want(w.call("editor2", http.MethodPost, "", newsletter("version", 1)), http.StatusUnprocessableEntity)

	// Nobody decides on what they have not seen.
	w.subscribe(policy.Newsletter, 1)
	for _, a := range []action{actSubmit, actSchedule} {
		w.want(w.call("editor", http.MethodPost, "/"+id+"/"+string(a), map[action]m{actSubmit: {"version": 4}, actSchedule: {"at": nil, "version": 4}}[a]), http.StatusConflict)
	}
	if status := w.status(id); status != campaign.Draft {
		t.Errorf("it is %s", status)
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/schedule", m{"at": nil, "version": 5}), http.StatusAccepted)

	// A colleague has scheduled it while somebody was typing: what was typed is still there.
	a = w.want(w.send("editor2", "/"+id, says("長い号", "長い本文", "5")), http.StatusConflict)
	if page := a.Body.String(); !strings.Contains(page, "長い本文") || !strings.Contains(page, "配信予約") {
		t.Errorf("%s", page)
	}
}

// Lines are compared as a person would compare them.
func TestDiff(t *testing.T) {
	for name, c := range map[string]struct{ was, now, want string }{
		"nothing":  {"a", "a", " a"},
		"new":      {"", "a\nb", "+a +b"},
		"gone":     {"a", "", "-a"},
		"replaced": {"a\nb\nc", "a\nx\nc", " a -b +x  c"},
		"inserted": {"a\nc", "a\nb\nc", " a +b  c"},
		"long":     {strings.Repeat("x\n", mostCompared+1), "y", "-" + strings.Repeat("x\n", mostCompared+1) + " +y"},
	} {
		var got []string
		for _, l := range diff(c.was, c.now) {
			sign := l.Sign
			if sign == "" {
				sign = " "
			}
			got = append(got, sign+l.Text)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A campaign is returned with a reason, which whoever wrote it reads; the mail and the ledger hold nothing of it (R47).
func TestReturn(t *testing.T) {
	w := newWorld(t, "CAMPAIGN_REVIEW", "true")
	w.cookie("editor")
	w.cookie("editor2")
	id := w.create("editor", newsletter())
	w.want(w.call("editor", http.MethodPost, "/"+id+"/submit", nil), 200)
	if page := w.page("editor2", "/"+id); !strings.Contains(page, `/return"`) || strings.Contains(page, `action="/staff/campaigns/`+id+`/return"`) {
		t.Error("the page returns without asking why")
	}
	w.page("editor2", "/"+id+"/return")
	const reason = "差し戻しの理由：日付が違います。\n二か所あります。"
	w.want(w.send("editor2", "/"+id+"/return", url.Values{"reason": {" "}}), http.StatusUnprocessableEntity)
	long := w.want(w.call("editor2", http.MethodPost, "/"+id+"/return", m{"reason": strings.Repeat("長", mostReason+1)}), http.StatusUnprocessableEntity)
	if !strings.Contains(long.Body.String(), "1001文字") {
		t.Errorf("%s", long.Body)
	}
	w.want(w.call("editor2", http.MethodPost, "/"+id+"/return", m{"why": reason}), http.StatusUnprocessableEntity)
	w.want(w.send("editor2", "/"+id+"/return", url.Values{"reason": {reason}, "version": {"1"}}), http.StatusSeeOther)
	w.want(w.send("editor2", "/"+id+"/return", url.Values{"reason": {reason}}), http.StatusConflict)
	got := answer[whole](w, w.call("editor", http.MethodGet, "/"+id, nil))
	if last := got.History[len(got.History)-1]; got.Status != campaign.Draft || last.Reason != reason || last.By != "editor2" {
		t.Errorf("%+v", got.History)
	}
	if page := w.page("editor", "/"+id); !strings.Contains(page, "日付が違います。\n二か所") || !strings.Contains(page, "差し戻しの理由") {
		t.Errorf("%s", page)
	}
	for _, line := range registrationtest.Items[map[string]any](t, w.client, w.env["LEDGER_TABLE"]) {
		for _, value := range line {
			if s, ok := value.(string); ok && strings.Contains(s, "日付") {
				t.Errorf("the ledger holds %q", s)
			}
		}
	}
	var to []string
	for _, row := range registrationtest.Items[mail.Row](t, w.client, w.env["OUTBOX_TABLE"]) {
		if row.Kind == policy.CampaignReturned {
			to = append(to, row.To)
			if row.Data["link"] != base+"/"+id || strings.Contains(row.Data["link"]+row.Data["kind"], "日付") {
				t.Errorf("%+v", row.Data)
			}
		}
	}
	if diff := cmp.Diff([]string{"editor@office.example"}, to); diff != "" {
		t.Error(diff)
	}
	// Handed in again, and returned by a script that says nothing.
	w.after(time.Minute)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/submit", nil), 200)
	if page := w.page("editor", "/"+id); strings.Contains(page, `id="returned"`) {
		t.Error("the reason of the last time stands above what was handed in again")
	}
	w.after(time.Minute)
	w.want(w.call("editor2", http.MethodPost, "/"+id+"/return", nil), 200)
}

// Whoever asks for a questionnaire a second time is told so: it is a reminder, and meant as one.
func TestAskedBefore(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", map[string]any{"questionnaire": map[string]any{"anonymous": true, "opens_after_hours": 3,
		"questions": []any{map[string]any{"name": "overall", "label": map[string]string{"ja": "満足度", "en": "Overall"}, "type": "rating", "required": true}}}})
	ask := func() (id string, warned bool) {
		got := answer[kept](w, w.want(w.call("events", http.MethodPost, "", about("seminar", "kind", "questionnaire_invitation")), 201))
		return got.ID, slices.ContainsFunc(got.Warnings, func(f web.FieldError) bool { return f.Code == "invited_before" })
	}
	first, warned := ask()
	if warned {
		t.Error("the first is warned about")
	}
	if _, warned := ask(); warned {
		t.Error("a draft has asked nobody")
	}
	w.sent(first, []string{"E-1", "E-2", "E-3", "E-4"})
	if _, warned := ask(); !warned {
		t.Error("the second is not warned about")
	}
}
