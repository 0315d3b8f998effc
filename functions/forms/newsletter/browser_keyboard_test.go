package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/browser"
)

// hands is a person who has a keyboard and nothing else.
type hands struct {
	*browser.Page
	t *testing.T
}

// to goes to an element by Tab. Every stop on the way must be seen (WCAG 2.4.7, 2.4.11).
func (h hands) to(selector string) {
	h.t.Helper()
	for _, stop := range h.TabTo(selector) {
		if stop.Tag == "body" || stop.Tag == "html" { // past the last stop, the keyboard is in the browser's own bar
			continue
		}
		if !stop.Ring || !stop.InView {
			h.t.Errorf("at %s: the keyboard is at %+v, and nobody sees it", h.URL(), stop)
		}
	}
}

// press goes to a button, presses it and wants the status and title of the page that follows.
func (h hands) press(selector string, status int, title string) {
	h.t.Helper()
	h.to(selector)
	if got := h.PressAndLoad(kb.Enter); got != status {
		h.t.Errorf("%s: status %d, want %d", selector, got, status)
	}
	h.titled(title)
}

func (h hands) titled(title string) {
	h.t.Helper()
	if got := h.Text("h1"); got != title {
		h.t.Fatalf("at %s: titled %q, want %q", h.URL(), got, title)
	}
}

// follow presses Enter on a link within the page. A keyboard sends the key and its character as one event; as two, the
// second would reach what the link leads to and send the form.
func (h hands) follow() {
	h.t.Helper()
	key := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: kb.Enter, WindowsVirtualKeyCode: '\r'}
	send(h.Page, "press Enter", input.DispatchKeyEvent, key)
	key.Type, key.Text = input.DispatchKeyEventTypeKeyUp, ""
	send(h.Page, "release Enter", input.DispatchKeyEvent, key)
}

// write goes to a field and writes into it; Tab has marked what it held.
func (h hands) write(selector, text string) {
	h.t.Helper()
	h.to(selector)
	h.Type(text)
}

// choose goes to a list and chooses its n-th option.
func (h hands) choose(selector string, n int) {
	h.t.Helper()
	h.to(selector)
	h.Press(strings.Repeat(kb.ArrowDown, n))
}

// open goes to an address, as a click on a link in a mail does.
func (h hands) open(address, title string) {
	h.t.Helper()
	if status := h.Open(address); status != http.StatusOK {
		h.t.Errorf("%s: status %d", address, status)
	}
	h.titled(title)
}

const (
	titleForm  = "メールマガジンの登録"
	titleCheck = "入力内容の確認"
)

// testKeyboard is the life of a subscription without a mouse: sign-up with an error and two corrections, confirmation,
// preferences, change of address, unsubscription, undo.
func (w *screen) testKeyboard(t *testing.T, o browser.Options) {
	h := hands{w.chromium.Page(t, o), t}
	email := strings.NewReplacer("/", "-", "_", "-", ",", "").Replace(strings.ToLower(t.Name())) + "@example.jp"
	moved := "moved-" + email

	h.open(w.URL()+"/newsletter", titleForm)
	h.skip()
	h.write("#email", "hanako")
	h.press("button[value=check]", http.StatusUnprocessableEntity, titleForm)
	h.wantSummary([]string{"email", "name", "prefecture", "organization", "business_category"})
	if got := h.Value("#email"); got != "hanako" {
		t.Errorf("the address that was refused has become %q", got)
	}
	// The first link of the summary leads to its field, ready to type.
	h.to("#summary a")
	h.follow()
	if got := h.Focused(); got.ID != "email" || !got.Ring || !got.InView {
		t.Errorf("the link of the summary leads to %+v, want the field email", got)
	}
	h.Press(kb.End + strings.Repeat(kb.Backspace, len("hanako")))
	h.Type(email)
	h.write("#name", typed["name"])
	h.choose("#prefecture", 13)
	h.write("#organization", "（書き直し前）")
	h.choose("#business_category", 1)
	h.press("button[value=check]", http.StatusOK, titleCheck)
	h.press("button[value=edit]", http.StatusOK, titleForm)
	if h.Count(".summary") != 0 {
		t.Error("going back to correct something is shown as an error")
	}
	h.write("#organization", typed["organization"])
	wantKept(t, h.Page, email)
	h.press("button[value=check]", http.StatusOK, titleCheck)
	shown := browser.Eval[[]string](h.Page, "read the check page", `return [...document.querySelectorAll(".values dd")].map(e => e.innerText)`)
	if diff := cmp.Diff([]string{email, typed["name"], "東京都", typed["organization"], "製造業"}, shown); diff != "" {
		t.Errorf("check page (-want +got):\n%s", diff)
	}
	h.press("button[value=submit]", http.StatusOK, "確認のメールをお送りしました")
	h.wantDone(email)

	h.open(w.sentLink(t, email, "/newsletter/confirm"), "メールマガジンの登録の確認")
	h.press("main button", http.StatusOK, "登録が完了しました")
	h.open(w.sentLink(t, email, "/newsletter/preferences"), "メールマガジンの登録内容")
	wantKept(t, h.Page, email)
	h.write("#email", moved)
	h.press("main button", http.StatusOK, "メールマガジンの登録内容")
	if got := h.Text(".success"); !strings.Contains(got, "変更を保存しました") || !strings.Contains(got, moved) {
		t.Errorf("after a change of address: %q", got)
	}
	h.open(w.sentLink(t, moved, "/newsletter/confirm"), "新しいメールアドレスの確認")
	h.press("main button", http.StatusOK, "メールアドレスを変更しました")

	h.open(w.sentLink(t, moved, "/newsletter/unsubscribe"), "メールマガジンの配信停止")
	h.press("main button", http.StatusOK, "配信を停止しました")
	h.press("button[value=undo]", http.StatusOK, "登録を元に戻しました")
	if found := h.Page.OwnProblems(); len(found) > 1 || len(found) == 1 && !strings.Contains(found[0], "422") {
		t.Errorf("errors in the console: %q", found)
	}
	if found := h.Page.Cookies(); len(found) > 0 {
		t.Errorf("cookies: %q", found)
	}
}

// skip uses the skip link, which must be the first stop and be seen there.
func (h hands) skip() {
	h.t.Helper()
	h.to("a.skip")
	h.follow()
	if got := h.URL(); !strings.HasSuffix(got, "#main") {
		h.t.Errorf("the skip link leads to %s", got)
	}
	h.Press(kb.Tab)
	if in := browser.Eval[bool](h.Page, "see where the keyboard is", `return document.activeElement.closest("main") !== null`); !in {
		h.t.Errorf("after the skip link the keyboard is at %+v", h.Focused())
	}
}

// wantSummary holds the page after a mistake to its promise: the summary has the keyboard and links to each field, and
// each field says what is wrong with it.
func (h hands) wantSummary(fields []string) {
	h.t.Helper()
	if got := h.Focused(); got.ID != "summary" || !got.Ring || !got.InView {
		h.t.Errorf("after a mistake the keyboard is at %+v, want the summary", got)
	}
	type mistake struct{ Field, Link, Invalid, Described string }
	got := browser.Eval[[]mistake](h.Page, "read the mistakes", `
		return [...document.querySelectorAll("#summary a")].map(a => {
			const field = document.querySelector(a.getAttribute("href"));
			const texts = (field.getAttribute("aria-describedby") || "").split(" ").map(id => document.getElementById(id)?.innerText);
			return {Field: field.name, Link: a.innerText, Invalid: field.getAttribute("aria-invalid"), Described: texts.at(-1) || ""};
		})`)
	var names []string
	for _, m := range got {
		names = append(names, m.Field)
		if m.Invalid != "true" || m.Described != "＊"+m.Link {
			h.t.Errorf("the field %s: aria-invalid %q, described by %q; the summary says %q", m.Field, m.Invalid, m.Described, m.Link)
		}
	}
	if diff := cmp.Diff(fields, names); diff != "" {
		h.t.Errorf("fields of the summary (-want +got):\n%s", diff)
	}
	if marked := h.Count("[aria-invalid]"); marked != len(fields) {
		h.t.Errorf("%d fields are marked as wrong, want %d", marked, len(fields))
	}
}

// wantDone holds the done page to its promise: a reference and the data receipt, nothing personal on it or in its address.
func (h hands) wantDone(email string) {
	h.t.Helper()
	page, reference := h.Text("body"), h.Text(".reference")
	if reference == "" || !strings.HasSuffix(h.URL(), "/newsletter/done?ref="+reference) {
		h.t.Errorf("reference %q at %s", reference, h.URL())
	}
	if !strings.Contains(page, "お預かりした個人情報について") {
		h.t.Error("no data receipt")
	}
	for _, personal := range []string{email, typed["name"], typed["organization"]} {
		if strings.Contains(page, personal) {
			h.t.Errorf("the done page shows %q", personal)
		}
	}
}

// testTabOrder wants the stops of the form in the order in which they are read (WCAG 2.4.3).
func (w *screen) testTabOrder(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{})
	p.Open(w.URL() + "/newsletter")
	var got []string
	for _, stop := range p.TabTo("footer li:last-child a") {
		name := stop.Name
		if name == "" {
			name = stop.Text
		}
		got = append(got, fmt.Sprintf("%s %s", stop.Tag, name))
		if !stop.Ring || !stop.InView {
			t.Errorf("nobody sees the keyboard at %+v", stop)
		}
	}
	want := []string{"a 本文へ移動", "a 日本アセアンセンター", "a toiawase_ga@asean.or.jp", "a " + w.URL() + "/privacy",
		"input email", "input name", "select prefecture", "input organization", "select business_category", "button action",
		"a toiawase_ga@asean.or.jp", "a プライバシーポリシー", "a Cookie（クッキー）", "a アクセシビリティ"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stops of Tab (-want +got):\n%s", diff)
	}
}
