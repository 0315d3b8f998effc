package main_test

import (
	"flag"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/infra/local/dynamodb"
	"madoguchi/shared/link"
)

// typed is what a visitor types, with letters that careless programs lose (hard case 1).
var typed = map[string]string{"name": "𠮷野家 髙﨑", "organization": "株式会社メコン・トレーディング"}

// scene is one page in one state.
type scene struct {
	name   string
	status int
	title  string // the h1
	wrong  bool   // the browser's title says that it is an error (WCAG G199)
	reach  func(t *testing.T, w *screen, p *browser.Page) (status int)
}

// scenes are all pages of the newsletter in all states that a visitor can meet.
var scenes = []scene{
	{"input", 200, "メールマガジンの登録", false, open("/newsletter")},
	{"input with errors", 422, "メールマガジンの登録", true, func(_ *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.URL() + "/newsletter")
		p.Fill("#email", "hanako")
		return p.Submit("form button")
	}},
	{"check", 200, "入力内容の確認", false, func(t *testing.T, w *screen, p *browser.Page) int { return w.check(t, p, "check@example.jp") }},
	{"input again from the check page", 200, "メールマガジンの登録", false, func(t *testing.T, w *screen, p *browser.Page) int {
		w.check(t, p, "edit@example.jp")
		return p.Submit("button[value=edit]")
	}},
	{"done", 200, "確認のメールをお送りしました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		w.check(t, p, "done@example.jp")
		return p.Submit("button[value=submit]")
	}},
	{"database out of reach", 503, "メールマガジンの登録", true, func(t *testing.T, w *screen, p *browser.Page) int {
		w.check(t, p, "down@example.jp")
		w.Proxy().SetFaults(dynamodb.Faults{Down: true})
		defer w.Proxy().SetFaults(dynamodb.Faults{})
		status := p.Submit("button[value=submit]")
		wantKept(t, p, "down@example.jp")
		return status
	}},
	{"resend", 200, "確認メールの再送", false, open("/newsletter/resend")},
	{"resend with an error", 422, "確認メールの再送", true, func(_ *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.URL() + "/newsletter/resend")
		return p.Submit("form button")
	}},
	{"resend, done", 200, "受け付けました", false, func(_ *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.URL() + "/newsletter/resend")
		p.Fill("#email", "nobody@example.jp")
		return p.Submit("form button")
	}},
	{"confirm", 200, "メールマガジンの登録の確認", false, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.signUp(t, "confirm@example.jp"))
	}},
	{"confirmed", 200, "登録が完了しました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.signUp(t, "confirmed@example.jp"))
		return p.Submit("form button")
	}},
	{"confirm a new address", 200, "新しいメールアドレスの確認", false, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.changeTo(t, "other@example.jp"))
	}},
	{"new address confirmed", 200, "メールアドレスを変更しました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.changeTo(t, "another@example.jp"))
		return p.Submit("form button")
	}},
	{"confirm, too late", 410, "このリンクの有効期限は切れています", true, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.link(link.Confirm, w.person(t, "late@example.jp"), 8*24*time.Hour))
	}},
	{"unsubscribe", 200, "メールマガジンの配信停止", false, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.link(link.Unsubscribe, w.subscriber(t), 365*24*time.Hour))
	}},
	{"unsubscribed", 200, "配信を停止しました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Unsubscribe, w.subscriber(t), time.Hour))
		return p.Submit("form button")
	}},
	{"restored", 200, "登録を元に戻しました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Unsubscribe, w.subscriber(t), time.Hour))
		p.Submit("form button")
		return p.Submit("button[value=undo]")
	}},
	{"unsubscribe, nothing stored", 200, "配信を停止しました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Unsubscribe, w.person(t, "unknown@example.jp"), time.Hour))
		return p.Submit("form button")
	}},
	{"undo, too late", 410, "登録を元に戻せませんでした", true, func(t *testing.T, w *screen, p *browser.Page) int {
		person := w.subscriber(t)
		p.Open(w.link(link.Unsubscribe, person, time.Hour))
		p.Submit("form button")
		w.forget(t, person)
		return p.Submit("button[value=undo]")
	}},
	{"preferences", 200, "メールマガジンの登録内容", false, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.link(link.Preferences, w.subscriber(t), time.Hour))
	}},
	{"preferences with errors", 422, "メールマガジンの登録内容", true, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Preferences, w.subscriber(t), time.Hour))
		p.Fill("#email", "a@b@example.jp")
		p.Fill("#name", " ")
		return p.Submit("form button")
	}},
	{"preferences, saved, new address waits", 200, "メールマガジンの登録内容", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Preferences, w.subscriber(t), time.Hour))
		p.Fill("#email", "new@example.jp")
		return p.Submit("form button")
	}},
	{"preferences, old link", 200, "メールマガジンの登録内容の変更", false, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.link(link.Preferences, w.subscriber(t), 25*time.Hour))
	}},
	{"preferences, fresh link", 200, "メールをお送りしました", false, func(t *testing.T, w *screen, p *browser.Page) int {
		p.Open(w.link(link.Preferences, w.subscriber(t), 25*time.Hour))
		return p.Submit("form button")
	}},
	{"preferences, nothing stored", 410, "登録が見つかりません", true, func(t *testing.T, w *screen, p *browser.Page) int {
		return p.Open(w.link(link.Preferences, w.person(t, "unknown@example.jp"), time.Hour))
	}},
	{"not found", 404, "ページが見つかりません", true, open("/newsletter/nothing")},
	{"link cut short", 400, "リクエストを処理できませんでした", true, open("/newsletter/confirm?t=cut")},
}

func open(path string) func(*testing.T, *screen, *browser.Page) int {
	return func(_ *testing.T, w *screen, p *browser.Page) int { return p.Open(w.URL() + path) }
}

// check fills the form and goes to the check page.
func (w *screen) check(t *testing.T, p *browser.Page, email string) (status int) {
	t.Helper()
	p.Open(w.URL() + "/newsletter")
	p.Fill("#email", email)
	p.Fill("#name", typed["name"])
	p.Choose("#prefecture", "13")
	p.Fill("#organization", typed["organization"])
	p.Choose("#business_category", w.category(t))
	return p.Submit("button[value=check]")
}

// wantKept tells that the input page holds what was typed.
func wantKept(t *testing.T, p *browser.Page, email string) {
	t.Helper()
	want := map[string]string{"#email": email, "#name": typed["name"], "#prefecture": "13", "#organization": typed["organization"]}
	for field, value := range want {
		if got := p.Value(field); got != value {
			t.Errorf("%s holds %q, want %q", field, got, value)
		}
	}
}

// changeTo changes the address of a new subscriber and returns the link that confirms the new one.
func (w *screen) changeTo(t *testing.T, email string) (confirm string) {
	t.Helper()
	w.postForm(t, w.link(link.Preferences, w.subscriber(t), 0), url.Values{"email": {email}})
	return w.sentLink(t, email, "/newsletter/confirm")
}

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// shoot writes pictures of the open page.
func shoot(p *browser.Page, name string) {
	if *shots == "" {
		return
	}
	for _, l := range append([]browser.Look{{Name: "phone", Size: browser.Phone}, {Name: "desktop, dark", Dark: true}}, browser.Looks...) {
		p.Show(l)
		p.Screenshot(filepath.Join(*shots, strings.NewReplacer(" ", "-", ",", "", "/", "-").Replace(name+" "+l.Name)+".png"))
	}
}

// testScenes holds every page in every state to what all pages promise (contract: "Public forms").
func (w *screen) testScenes(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			p := w.chromium.Page(t, browser.Options{})
			if status := s.reach(t, w, p); status != s.status {
				t.Fatalf("status %d, want %d", status, s.status)
			}
			p.WantPlain(w.URL())
			if got := p.Text("h1"); got != s.title {
				t.Errorf("titled %q, want %q", got, s.title)
			}
			title := browser.Eval[string](p, "read the browser's title", `return document.title`)
			if want := s.title + "｜日本アセアンセンター"; strings.TrimPrefix(title, "エラー：") != want || s.wrong != strings.HasPrefix(title, "エラー：") {
				t.Errorf("the browser's title is %q; an error: %v", title, s.wrong)
			}
			p.WantReadable()
			p.WantPrintable()
			shoot(p, s.name)
		})
	}
}
