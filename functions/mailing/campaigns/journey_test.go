package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
)

// as opens a browser on a phone, without JavaScript, for a person.
func (w *screen) as(t *testing.T, query string) *browser.Page {
	t.Helper()
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true, Size: browser.Phone})
	p.Open(w.URL() + "/_local/signin?" + query)
	return p
}

// wants holds the page to a heading.
func wants(t *testing.T, p *browser.Page, title string) {
	t.Helper()
	if got := p.Text("h1"); got != title {
		t.Fatalf("the page at %s is %q, want %q: %s", p.URL(), got, title, p.Text("main"))
	}
}

// idOf is the campaign whose page is open.
func (w *screen) idOf(p *browser.Page) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(p.URL(), w.URL()+base+"/"), "?")
	return id
}

// testReview: a colleague returns what an editor has handed in, with a reason; the editor reads it, changes the text and hands it in
// again; the colleague approves. Whoever saves over a colleague's version is told.
func (w *screen) testReview(t *testing.T, p *browser.Page, id string) {
	p.Submit(`form[action$="/submit"] button`)
	second := w.as(t, "user=editor2")
	second.Open(w.URL() + base + "/" + id)
	second.Submit(`a[href$="/return"]`)
	wants(t, second, "下書きに戻す")
	second.Submit("main button[type=submit]")
	if n := second.Count("#summary li"); n != 1 {
		t.Errorf("%d problems without a reason", n)
	}
	second.WantReadable()
	w.picture(second, "return")
	second.Fill("#reason", "一行目の特集名が古いままです。")
	second.Submit("main button[type=submit]")
	w.mail(t, "【日本アセアンセンター】配信が差し戻されました")
	p.Open(w.URL() + base + "/" + id)
	if text := p.Text("main"); !strings.Contains(text, "一行目の特集名が古いままです。") {
		t.Errorf("the author does not read why: %s", text)
	}
	w.picture(p, "returned")
	// Both change it: the second to save sees what the first has changed, and keeps what was typed.
	second.Open(w.URL() + base + "/" + id + "/edit")
	p.Open(w.URL() + base + "/" + id + "/edit")
	p.Fill("#content\\.ja\\.body_markdown", issue+"\n\n新しい特集です。")
	p.Submit(".buttons button[type=submit]")
	second.Fill("#content\\.ja\\.preheader", "今月はメコン特集")
	if status := second.Submit(".buttons button[type=submit]"); status != http.StatusConflict {
		t.Errorf("saved over a colleague's version: %d", status)
	}
	if text := second.Text("main"); !strings.Contains(text, "新しい特集です。") || second.Value("#content\\.ja\\.preheader") != "今月はメコン特集" {
		t.Errorf("the form says %s", text)
	}
	second.WantReadable()
	w.picture(second, "overtaken")
	p.Submit(`form[action$="/submit"] button`)
	second.Open(w.URL() + base + "/" + id)
	second.Submit(`form[action$="/approve"] button`)
	w.picture(second, "approved")
	p.Open(w.URL() + base + "/" + id)
}

// through takes a draft to the sender by scripts of two people.
func (w *screen) through(t *testing.T, role, id string) {
	t.Helper()
	author, colleague := w.post(t, "/_local/token?role="+role, "", ""), w.post(t, "/_local/token?role="+role+"&user=colleague", "", "")
	w.post(t, base+"/"+id+"/submit", author, "{}")
	w.post(t, base+"/"+id+"/approve", colleague, "{}")
	w.post(t, base+"/"+id+"/schedule", author, `{"at":null}`)
}

// testKinds: a press release under embargo, information on an event in two languages, and a correction of the newsletter are written on a
// phone, and arrive as what they are; the public archive has the newsletter and not what is under embargo (R22, R28).
func (w *screen) testKinds(t *testing.T, newsletter string) {
	now := time.Now()
	event, err := json.Marshal(map[string]any{"id": "seminar", "title": map[string]string{"ja": "投資セミナー", "en": "Investment seminar"}, "kind": "venue", "capacity": 10, "waiting_list": false,
		"starts_at": now.AddDate(0, 1, 0).Format(time.RFC3339), "ends_at": now.AddDate(0, 1, 0).Add(time.Hour).Format(time.RFC3339), "closes_at": now.AddDate(0, 0, 20).Format(time.RFC3339),
		"place": map[string]string{"ja": "新橋ビル", "en": "Shimbashi Building"}})
	if err != nil {
		t.Fatal(err)
	}
	registration := func(lang, email string) string {
		return fmt.Sprintf(`{"event":"seminar","lang":%q,"name":"花子","email":%q,"phone":"+81312345678","organization":"例示商事","title":"課長"}`, lang, email)
	}
	if _, err := w.Load(t.Context(), fmt.Appendf(nil, `{"events":[%s],"registrations":[%s,%s],"subscribers":{"list":"press","count":3}}`, event,
		registration("ja", "ja@example.jp"), registration("en", "en@example.jp"))); err != nil {
		t.Fatal(err)
	}
	p := w.as(t, "role=editor,press,events&user=all")
	p.Open(w.URL() + base + "/new?kind=press_release")
	p.Fill("#content\\.ja\\.subject", "投資環境報告の公表")
	p.Fill("#content\\.ja\\.body_markdown", "{{name|ご担当者}} 様\n\n本日、報告書を公表しました。")
	p.Choose("#embargo_until", now.In(tokyo).AddDate(0, 0, 1).Format("2006-01-02T15:04"))
	p.Submit(".buttons button[type=submit]")
	release := w.idOf(p)
	p.WantReadable()
	w.picture(p, "press release")

	p.Open(w.URL() + base + "/new?kind=event_information")
	p.Choose("#event", "seminar")
	for l, text := range map[string][2]string{"ja": {"会場のご案内", "{{name|参加者}} 様\n\n新橋ビル 1階へお越しください。"}, "en": {"How to get there", "Dear {{name|guest}}\n\nPlease come to the first floor."}} {
		p.Fill("#content\\."+l+"\\.subject", text[0])
		p.Fill("#content\\."+l+"\\.body_markdown", text[1])
	}
	w.picture(p, "event form")
	p.Submit(".buttons button[type=submit]")
	if text := p.Text("main"); !strings.Contains(text, "2件") {
		t.Errorf("the information reaches %s", text)
	}
	w.picture(p, "event information")
	information := w.idOf(p)

	p.Open(w.URL() + base + "/" + newsletter)
	p.Submit(`a[href*="whom=accepted"]`)
	wants(t, p, "メールマガジンを書く")
	p.Fill("#follows\\.correction", "展示会の日付に誤りがありました。")
	w.picture(p, "correction form")
	p.Submit(".buttons button[type=submit]")
	correction := w.idOf(p)

	w.through(t, "press", release)
	w.through(t, "events", information)
	w.through(t, "editor", correction)
	for _, id := range []string{release, information, correction} {
		for deadline := time.Now().Add(time.Minute); ; {
			p.Open(w.URL() + base + "/" + id)
			if p.Text(".state") == "配信済み" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("it is not sent: %s", p.Text("main"))
			}
			w.tick(t)
		}
	}
	for subject, says := range map[string]string{"投資環境報告の公表": "報道解禁", "会場のご案内": "花子 様", "How to get there": "Dear 花子", "【お詫びと訂正】アセアン通信": "展示会の日付に誤りがありました。"} {
		if m := w.mail(t, subject); !strings.Contains(m.Text, says) {
			t.Errorf("%s says %s", subject, m.Text)
		}
	}
	p.Open(w.URL() + base + "/" + release + "/results")
	w.picture(p, "results")

	visitor := w.chromium.Page(t, browser.Options{NoJavaScript: true, Size: browser.Phone})
	visitor.Open(w.URL() + "/newsletter/archive")
	if text := visitor.Text("main"); !strings.Contains(text, "アセアン通信 十一月号") {
		t.Errorf("the archive has %s", text)
	}
	visitor.WantReadable()
	w.picture(visitor, "archive")
	visitor.Submit(`main a[href="/newsletter/archive/` + newsletter + `"]`)
	wants(t, visitor, "アセアン通信 十一月号")
	if text := visitor.Text("main"); !strings.Contains(text, "読者 様") || strings.Contains(text, "見本") {
		t.Errorf("the issue says %s", text)
	}
	w.picture(visitor, "issue")
	if feed := w.post(t, "/newsletter/archive.atom", "", ""); !strings.Contains(feed, "/newsletter/archive/"+newsletter) || !strings.Contains(feed, "お詫びと訂正") {
		t.Errorf("the feed says %s", feed)
	}
	if status := visitor.Open(w.URL() + "/press/archive/" + release); status != http.StatusNotFound {
		t.Errorf("what is under embargo can be read: %d", status)
	}
	w.picture(p, "end")
}
