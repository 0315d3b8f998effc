package main

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"madoguchi/infra/browser"
)

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// TestPages is what people see in Chromium, without scripts and without cookies: the list, a registration with a partner and a
// consent in Japanese, one in English, the waiting list, an event that was cancelled, the own registration.
func TestPages(t *testing.T) {
	p := begin(t)
	p.load(t, map[string]any{"events": []any{
		definition("open", month, map[string]any{"kind": "hybrid", "online_url": "https://meet.example.jp/open", "capacity": map[string]int{"venue": 3, "online": 200},
			"partners": []any{
				map[string]any{"id": "foundation", "name": map[string]string{"ja": "アセアン財団", "en": "ASEAN Foundation"}, "role": "co_organiser",
					"country": "ID", "legal_form": "consented_provision", "receives": []string{"name", "email", "nationality"}},
				map[string]any{"id": "desk", "name": map[string]string{"ja": "受付サービス株式会社", "en": "Reception Services"}, "role": "contractor",
					"country": "JP", "legal_form": "entrustment", "receives": []string{"name", "organization", "attendance"}}},
			"fields": []any{
				map[string]any{"name": "nationality", "label": map[string]string{"ja": "国籍", "en": "Nationality"}, "type": "country", "required": true, "for": []string{"foundation"}},
				map[string]any{"name": "meal", "label": map[string]string{"ja": "昼食の配慮", "en": "Diet"}, "type": "choices", "for": []string{"desk"}, "special_care": true, "expires_after_days": 7,
					"options": []any{map[string]any{"value": "halal", "label": map[string]string{"ja": "ハラール", "en": "Halal"}}, map[string]any{"value": "vegetarian", "label": map[string]string{"ja": "菜食", "en": "Vegetarian"}}}}},
		}),
		definition("full", month, map[string]any{"capacity": 1, "waiting_list": true}),
		definition("off", month, map[string]any{"state": "cancelled"}),
		definition("past", -month, nil),
	}, "registrations": []any{map[string]any{"event": "full", "name": "先客", "email": "first@example.jp", "phone": "03-1234-5678", "organization": "例示", "title": "なし"}}})
	b := &look{t: t, product: p, chromium: browser.Start(t)}
	b.japanese()
	b.english()
	b.waiting()
	b.closed()
}

type look struct {
	t *testing.T
	product
	chromium *browser.Browser
	n        int
}

// hold holds a page to what every page promises.
func (b *look) hold(page *browser.Page, title string) {
	b.t.Helper()
	b.titled(page, title)
	page.WantPlain(b.URL())
	page.WantReadable()
	page.Show(browser.Look{Size: browser.Phone})
	b.picture(page)
}

// glance looks at the title only, and takes the picture: for pages like one that was held.
func (b *look) glance(page *browser.Page, title string) {
	b.t.Helper()
	b.titled(page, title)
	b.picture(page)
}

func (b *look) titled(page *browser.Page, title string) {
	b.t.Helper()
	if got := page.Text("h1"); got != title {
		b.t.Fatalf("at %s: titled %q, want %q", page.URL(), got, title)
	}
}

// picture comes last: for it the window grows, which moves what is on the page.
func (b *look) picture(page *browser.Page) {
	if *shots != "" {
		b.n++
		page.Screenshot(filepath.Join(*shots, fmt.Sprintf("%02d.png", b.n)))
	}
}

func (b *look) open(options browser.Options, path string) *browser.Page {
	b.t.Helper()
	options.NoCookies = true // and there are no scripts on these pages; the journey runs without a browser that could
	page := b.chromium.Page(b.t, options)
	if status := page.Open(b.URL() + path); status != http.StatusOK {
		b.t.Fatalf("%s: %d", path, status)
	}
	return page
}

func (b *look) japanese() {
	page := b.open(browser.Options{Size: browser.Phone}, "/events")
	b.hold(page, "イベント一覧")
	page.WantPrintable()
	page.Submit(`main a[href^="/events/open"]`)
	b.hold(page, "投資セミナー open")
	page.Submit("button[value=check]")
	b.hold(page, "投資セミナー open")
	if n := page.Count("#summary a"); n != 7 {
		b.t.Errorf("%d problems are listed, want the seven required items", n)
	}
	for id, value := range person("hanako@example.jp") {
		page.Fill("#"+id, value)
	}
	page.Click("input[name=attendance][value=venue]")
	page.Choose("#nationality", "ID")
	page.Click("input[name=meal][value=halal]")
	page.Click(`[id="consent.foundation"]`)
	page.Submit("button[value=check]")
	b.hold(page, "入力内容の確認")
	page.Submit("button[value=submit]")
	b.hold(page, "参加登録を受け付けました")
	mail := b.target().Wait(b.t, "hanako@example.jp", "event_registered", 1)
	page.Open(b.URL() + mail.Link(b.t, "/events/open/registration"))
	b.hold(page, "投資セミナー open")
	page.WantPrintable()
	page.Fill("#phone", "x")
	page.Submit("button[value=edit]")
	b.hold(page, "投資セミナー open")
	if n := page.Count("[aria-invalid]"); n != 1 {
		b.t.Errorf("%d fields are marked as wrong", n)
	}
	page.Fill("#phone", "03-9999-9999")
	page.Click(`[id="consent.foundation"]`) // withdrawn
	page.Submit("button[value=edit]")
	b.glance(page, "投資セミナー open")
	if page.Count(".success") != 1 || page.Count(`[id="consent.foundation"]:checked`) != 0 || page.Count("input[name=meal]:checked") != 1 {
		b.t.Error("what was saved is not what the page shows")
	}
	page.Submit("button[value=cancel]")
	b.hold(page, "投資セミナー open")
	if page.Count("button[value=cancel]") != 0 {
		b.t.Error("a cancelled registration can be cancelled")
	}
}

// english goes by keyboard alone, on a dark screen.
func (b *look) english() {
	page := b.open(browser.Options{Language: "en", Dark: true}, "/events/open")
	b.hold(page, "Investment seminar open")
	for _, id := range []string{"name", "email", "phone", "organization", "title"} {
		page.TabTo("#" + id)
		page.Type(person("jane@example.com", "name", "Jane Doe")[id])
	}
	page.TabTo("input[name=attendance]")
	page.Press(" ")
	page.Choose("#nationality", "SG")
	page.TabTo("button[value=check]")
	page.PressAndLoad("\r")
	b.glance(page, "Please check what you entered")
	page.TabTo("button[value=submit]")
	page.PressAndLoad("\r")
	b.hold(page, "You are registered")
	mail := b.target().Wait(b.t, "jane@example.com", "event_registered", 1)
	page.Open(b.URL() + mail.Link(b.t, "/events/open/registration"))
	b.hold(page, "Investment seminar open")
}

func (b *look) waiting() {
	page := b.open(browser.Options{}, "/events/full")
	b.hold(page, "投資セミナー full")
	for id, value := range person("second@example.jp") {
		page.Fill("#"+id, value)
	}
	page.Submit("button[value=check]")
	page.Submit("button[value=submit]")
	b.hold(page, "キャンセル待ちを受け付けました")
	mail := b.target().Wait(b.t, "second@example.jp", "event_waiting", 1)
	page.Open(b.URL() + mail.Link(b.t, "/events/full/registration"))
	b.glance(page, "投資セミナー full")
	b.load(b.t, map[string]any{"events": []any{definition("full", month, map[string]any{"capacity": 2, "waiting_list": true})}})
	b.tick(b.t) // one more seat: the clock offers it
	offer := b.target().Wait(b.t, "second@example.jp", "event_offer", 1)
	page.Open(b.URL() + offer.Link(b.t, "/events/full/registration"))
	b.hold(page, "投資セミナー full")
	b.forget()
	page.Submit("button[value=accept]")
	b.glance(page, "投資セミナー full")
	b.target().Wait(b.t, "second@example.jp", "event_registered", 1)
}

func (b *look) closed() {
	for _, id := range []string{"off", "past"} {
		page := b.open(browser.Options{Size: browser.Phone}, "/events/"+id)
		b.hold(page, "投資セミナー "+id)
		if page.Count("form") != 0 {
			b.t.Errorf("%s takes registrations", id)
		}
	}
}
