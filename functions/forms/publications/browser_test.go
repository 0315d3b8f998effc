package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"madoguchi/infra/browser"
	"madoguchi/infra/journey"
)

const (
	formTitle   = "広報資料・刊行物の請求"
	checkButton = ".buttons button[value=check]"
)

// TestBrowser asks for publications in Chromium as visitors do, without JavaScript and without cookies (contract: "Each page works
// without cookies, without JavaScript, by keyboard, at 400 % zoom"; R42-R44, R102).
func TestBrowser(t *testing.T) {
	chromium := browser.Start(t)
	p := begin(t)
	noScript := browser.Options{NoJavaScript: true, NoCookies: true, Size: browser.Phone}
	t.Run("before anything is loaded", func(t *testing.T) {
		page := chromium.Page(t, browser.Options{})
		if status := page.Open(p.URL() + "/publications"); status != http.StatusOK || page.Count("form") != 0 {
			t.Errorf("%d, %d forms", status, page.Count("form"))
		}
		hold(t, page, p.URL(), formTitle, "closed")
	})
	if status, body := p.load(t, catalogue); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	t.Run("request by keyboard, no JavaScript, no cookies, phone", func(t *testing.T) { p.byKeyboard(t, chromium.Page(t, noScript), "plain@example.jp", false) })
	t.Run("request by keyboard", func(t *testing.T) { p.byKeyboard(t, chromium.Page(t, browser.Options{}), "keyboard@example.jp", true) })
	t.Run("two prefectures", func(t *testing.T) { p.twoPrefectures(t, chromium.Page(t, browser.Options{})) })
	t.Run("overseas", func(t *testing.T) { p.abroad(t, chromium.Page(t, browser.Options{})) })
	t.Run("not enough", func(t *testing.T) { p.notEnough(t, chromium.Page(t, browser.Options{})) })
	t.Run("English reader (R42)", func(t *testing.T) {
		page := chromium.Page(t, browser.Options{Language: "en"})
		page.Open(p.URL() + "/publications")
		if got := page.Text("main [lang=en]"); !strings.Contains(got, "available in Japanese only") {
			t.Errorf("told %q", got)
		}
	})
}

// byKeyboard goes from the empty form over its errors, the address from the postal code and the check page to the thanks, with the
// keyboard alone. look tells whether each page is measured, which needs scripts of ours in it.
func (p *product) byKeyboard(t *testing.T, page *browser.Page, email string, look bool) {
	hold := func(title, name string) {
		t.Helper()
		if got := page.Text("h1"); got != title {
			t.Fatalf("at %s: titled %q, want %q", page.URL(), got, title)
		}
		if look {
			hold(t, page, p.URL(), title, name)
		}
	}
	page.Open(p.URL() + "/publications")
	hold(formTitle, "form")
	page.TabTo(checkButton)
	if status := page.PressAndLoad(kb.Enter); status != http.StatusUnprocessableEntity {
		t.Fatalf("empty form: %d", status)
	}
	hold(formTitle, "errors")
	page.TabTo(`a[href="#quantity"]`)
	page.Press(kb.Enter)
	if got := page.Focused(); got.ID != "quantity" || got.Tag != "fieldset" || !strings.Contains(page.Text("#quantity-error"), "1つ以上入力") {
		t.Errorf("the link of the error leads to %s %s", got.Tag, got.ID)
	}
	fill := func(name, value string) {
		page.TabTo(`[name="` + name + `"]`)
		page.Type(value)
	}
	fill("quantity.map", "2")
	fill("name", "𠮷野家 髙﨑")
	fill("postal_code", "１０５ー０００４")
	page.TabTo("button[value=lookup]")
	if status := page.PressAndLoad(kb.Enter); status != http.StatusOK {
		t.Fatalf("lookup: %d", status)
	}
	if got := page.Focused(); got.ID != "postal_code" || !got.InView {
		t.Errorf("after the lookup the keyboard is at %+v", got)
	}
	if got := page.Text("#postal_code-told"); got != "「都道府県」「市区町村・番地」に入力しました。続けて番地を入力してください。" {
		t.Errorf("told %q", got)
	}
	if page.Value("#prefecture") != "13" || page.Value("#address") != "港区新橋" || page.Value(`[name="quantity.map"]`) != "2" || page.Value("#name") != "𠮷野家 髙﨑" {
		t.Errorf("prefecture %q, address %q, name %q", page.Value("#prefecture"), page.Value("#address"), page.Value("#name"))
	}
	hold(formTitle, "lookup")
	page.Fill("#address", "港区新橋6-17-19")
	page.Fill("#phone", "03-1234-5678")
	page.Fill("#organization", "例示株式会社")
	page.Fill("#email", email)
	// Enter in a field checks the form, although the first button in sight looks the address up.
	if status := page.PressAndLoad(kb.Enter); status != http.StatusOK {
		t.Fatalf("check: %d", status)
	}
	hold("入力内容の確認", "check")
	page.TabTo("button[value=submit]")
	if status := page.PressAndLoad(kb.Enter); status != http.StatusOK {
		t.Fatalf("submit: %d", status)
	}
	hold("請求を受け付けました", "done")
	p.target().Wait(t, email, "publications_received", 1)
}

// twoPrefectures: a code of two prefectures fills in nothing; buttons offer both.
func (p *product) twoPrefectures(t *testing.T, page *browser.Page) {
	page.Open(p.URL() + "/publications")
	page.Fill("#postal_code", "498-0000")
	page.Submit("button[value=lookup]")
	if page.Value("#prefecture") != "" || page.Value("#address") != "" || page.Count(".options button") != 2 {
		t.Errorf("prefecture %q, address %q, %d choices", page.Value("#prefecture"), page.Value("#address"), page.Count(".options button"))
	}
	hold(t, page, p.URL(), formTitle, "choice")
	page.Submit(`button[value="lookup.三重県桑名郡木曽岬町"]`)
	if page.Value("#prefecture") != "24" || page.Value("#address") != "桑名郡木曽岬町" || page.Count(".options button") != 0 {
		t.Errorf("after the choice: prefecture %q, address %q", page.Value("#prefecture"), page.Value("#address"))
	}
	// Who has chosen the prefecture needs not choose again.
	page.Open(p.URL() + "/publications")
	page.Fill("#postal_code", "498-0000")
	page.Choose("#prefecture", "23")
	page.Submit("button[value=lookup]")
	if page.Value("#prefecture") != "23" || page.Value("#address") != "弥富市" || page.Count(".options button") != 0 {
		t.Errorf("with the prefecture: %q, %q", page.Value("#prefecture"), page.Value("#address"))
	}
}

// abroad: who chooses 海外 is told at the field what to do, and the choice stays to be seen.
func (p *product) abroad(t *testing.T, page *browser.Page) {
	page.Open(p.URL() + "/publications")
	for name, value := range hanako("abroad@example.jp", "quantity.map", "1") {
		if name != "prefecture" {
			page.Fill(`[name="`+name+`"]`, value)
		}
	}
	page.Choose("#prefecture", "99")
	if status := page.Submit(checkButton); status != http.StatusUnprocessableEntity {
		t.Fatalf("status %d, want 422", status)
	}
	if got := page.Text("#prefecture-error"); !strings.Contains(got, "海外へのお届けは、お問い合わせフォーム（"+p.URL()+"/inquiry）からご相談ください") || page.Value("#prefecture") != "99" {
		t.Errorf("at the field: %q, chosen %q", got, page.Value("#prefecture"))
	}
	hold(t, page, p.URL(), formTitle, "abroad")
	page.Choose("#prefecture", "13")
	if status := page.Submit(checkButton); status != http.StatusOK {
		t.Errorf("within Japan: %d", status)
	}
}

// notEnough: while the page was open somebody else took the copies; the page says how many are left and keeps what was typed.
func (p *product) notEnough(t *testing.T, page *browser.Page) {
	page.Open(p.URL() + "/publications")
	values := hanako("slow@example.jp", "quantity.guide", "3", "postal_code", "105-0004", "phone", "03-1234-5678")
	for name, value := range values {
		if name == "prefecture" {
			page.Choose("#prefecture", value)
			continue
		}
		page.Fill(`[name="`+name+`"]`, value)
	}
	page.Submit(checkButton)
	if status, answer := journey.NewVisitor(p.target()).JSON(t, "/publications", hanako("quick@example.jp", "quantity.guide", "2", "form_token", p.token(t))); status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	if status := page.Submit("button[value=submit]"); status != http.StatusConflict {
		t.Errorf("status %d, want 409", status)
	}
	if got := page.Text(".summary"); !strings.Contains(got, "在庫は残り1部です。部数を1以下にしてください") {
		t.Errorf("told %q", got)
	}
	if got := page.Text("fieldset.group"); !strings.Contains(got, "在庫：残り1部") || strings.Contains(got, "在庫：残り3部") {
		t.Errorf("beside the error the page says %q", got)
	}
	for name, value := range values {
		if got := page.Value(`[name="` + name + `"]`); got != value {
			t.Errorf("%s holds %q, want %q", name, got, value)
		}
	}
	hold(t, page, p.URL(), formTitle, "conflict")
	page.Fill(`[name="quantity.guide"]`, "1")
	page.Submit(checkButton)
	page.Submit("button[value=submit]")
	if got := page.Text("h1"); got != "請求を受け付けました" || p.stock(t, "guide") != [2]int{0, 3} {
		t.Errorf("at %q, stock %v", got, p.stock(t, "guide"))
	}
}

// hold holds a page to what every page promises.
func hold(t *testing.T, page *browser.Page, origin, title, name string) {
	t.Helper()
	if got := page.Text("h1"); got != title {
		t.Fatalf("at %s: titled %q, want %q", page.URL(), got, title)
	}
	page.WantPlain(origin)
	page.WantReadable()
	page.WantPrintable()
	if *shots != "" {
		for _, l := range browser.Looks {
			page.Show(l)
			page.Screenshot(filepath.Join(*shots, name+"-"+strings.ReplaceAll(l.Name, " ", "-")+".png"))
		}
	}
	page.Show(browser.Look{Size: browser.Phone})
}
