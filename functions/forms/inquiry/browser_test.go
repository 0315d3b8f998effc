package main_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"madoguchi/infra/browser"
)

var shots = flag.String("screenshots", "", "folder for screenshots of every page, to look at")

// TestBrowser uses the inquiry form in Chromium as its visitors do, in both languages, without cookies and without JavaScript
// (contract: "Each page works without cookies, without JavaScript, by keyboard, at 400 % zoom"; R41, R97, R102).
func TestBrowser(t *testing.T) {
	chromium := browser.Start(t)
	p := begin(t)
	for _, test := range []struct {
		name, query, title, check, done string
		options                         browser.Options
	}{
		{"ja", "", "お問い合わせ", "入力内容の確認", "お問い合わせを受け付けました", browser.Options{}},
		{"en", "?lang=en", "Inquiries", "Please check what you entered", "We have received your inquiry", browser.Options{NoCookies: true, Size: browser.Phone}},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := chromium.Page(t, test.options)
			look := func(name string, status, want int, title string) {
				t.Helper()
				if status != want || title != "" && page.Text("h1") != title {
					t.Fatalf("%s: status %d, title %q", name, status, page.Text("h1"))
				}
				if name == "form" || name == "errors" { // later Chromium still tells of the 422
					page.WantPlain(p.URL())
				}
				page.WantReadable()
				if lang := browser.Eval[string](page, "read the language", `return document.documentElement.lang`); lang != test.name {
					t.Errorf("%s: the page is in %q", name, lang)
				}
				if *shots != "" {
					for _, l := range browser.Looks {
						page.Show(l)
						page.Screenshot(filepath.Join(*shots, test.name+"-"+strings.ReplaceAll(name+" "+l.Name, " ", "-")+".png"))
					}
				}
				page.Show(browser.Look{Size: test.options.Size})
			}
			look("form", page.Open(p.URL()+"/inquiry"+test.query), 200, test.title)
			to := map[string]string{"ja": "en", "en": "ja"}[test.name]
			page.Submit("main a[hreflang=" + to + "]")
			if lang := browser.Eval[string](page, "read the language", `return document.documentElement.lang`); lang != to {
				t.Errorf("the other language is %q", lang)
			}
			page.Open(p.URL() + "/inquiry" + test.query)
			page.Fill("#name", "𠮷野家 髙﨑")
			page.Fill("#message", "一行目\n\n<b>三行目</b> & 🧑‍🤝‍🧑")
			look("errors", page.Submit("form button"), 422, test.title)
			if got := page.Value("#message"); got != "一行目\n\n<b>三行目</b> & 🧑‍🤝‍🧑" {
				t.Errorf("the message is kept as %q", got)
			}
			page.Fill("#email", "browser-"+test.name+"@example.jp")
			look("check", page.Submit("form button"), 200, test.check)
			if text := page.Text("main"); !strings.Contains(text, "<b>三行目</b> & 🧑‍🤝‍🧑") || !strings.Contains(text, "𠮷野家 髙﨑") {
				t.Errorf("check page: %s", text)
			}
			look("done", page.Submit("button[value=submit]"), 200, test.done)
			page.WantPrintable()
			if text := page.Text("main"); strings.Contains(text, "三行目") || !strings.Contains(text, page.Text(".reference")) {
				t.Errorf("done page: %s", text)
			}
			ack := p.target().Wait(t, "browser-"+test.name+"@example.jp", "inquiry_received", 1)
			if !strings.Contains(ack.Subject, page.Text(".reference")) {
				t.Errorf("acknowledgement: %s", ack.Subject)
			}
		})
	}
	t.Run("by keyboard, without JavaScript", func(t *testing.T) {
		page := chromium.Page(t, browser.Options{NoJavaScript: true})
		page.Open(p.URL() + "/inquiry?lang=en")
		for _, field := range []struct{ selector, text string }{{"#name", "Hanako"}, {"#email", "keyboard@example.jp"}, {"#message", "Hello"}} {
			page.TabTo(field.selector)
			page.Type(field.text)
		}
		for _, button := range []string{"form button", "button[value=submit]"} {
			for _, stop := range page.TabTo(button) {
				if stop.Tag != "body" && stop.Tag != "html" && (!stop.Ring || !stop.InView) {
					t.Errorf("the keyboard is at %+v, and nobody sees it", stop)
				}
			}
			page.PressAndLoad(kb.Enter)
		}
		if got := page.Text("h1"); got != "We have received your inquiry" {
			t.Errorf("by keyboard: %q", got)
		}
	})
}
