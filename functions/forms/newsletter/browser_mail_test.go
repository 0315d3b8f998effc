package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/shared/link"
)

// letters are all mails of the newsletter, each as a person causes it; they build on one another in this order.
var letters = []struct {
	name  string
	to    string
	piece string // of the text, by which it is known
	cause func(t *testing.T, w *screen)
}{
	{"confirm", "letters@example.jp", "/newsletter/confirm?t=", func(t *testing.T, w *screen) { w.post(t, "letters@example.jp") }},
	{"welcome", "letters@example.jp", "登録が完了しました。", func(t *testing.T, w *screen) {
		w.postForm(t, w.sentLink(t, "letters@example.jp", "/newsletter/confirm"), nil)
	}},
	{"already", "letters@example.jp", "すでに登録されています", func(t *testing.T, w *screen) { w.post(t, "letters@example.jp") }},
	{"preferences", "letters@example.jp", "新しいリンクをお送りします", func(t *testing.T, w *screen) {
		w.postForm(t, w.link(link.Preferences, w.person(t, "letters@example.jp"), 25*time.Hour), url.Values{"action": {"fresh"}})
	}},
	{"address_confirm", "letters-new@example.jp", "/newsletter/confirm?t=", func(t *testing.T, w *screen) {
		w.postForm(t, w.link(link.Preferences, w.person(t, "letters@example.jp"), 0), url.Values{"email": {"letters-new@example.jp"}})
	}},
	{"address_changed", "letters@example.jp", "新しいメールアドレスに変更しました", func(t *testing.T, w *screen) {
		w.postForm(t, w.sentLink(t, "letters-new@example.jp", "/newsletter/confirm"), nil)
	}},
}

// postForm posts to a link as its page does.
func (w *screen) postForm(t *testing.T, to string, values url.Values) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("post to a link: status %d", answer.StatusCode)
	}
}

// testLetters opens the HTML part of every mail as a document, as a mail program shows it. The inbox page would forbid
// the checker's scripts as well.
func (w *screen) testLetters(t *testing.T) {
	var shown string
	program := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, shown)
	}))
	t.Cleanup(program.Close)
	for _, l := range letters {
		t.Run(l.name, func(t *testing.T) {
			l.cause(t, w)
			shown = w.sent(t, l.to, l.piece).HTML
			p := w.chromium.Page(t, browser.Options{})
			p.Open(program.URL + "/mail.html")
			p.WantPlain(program.URL)
			p.WantReadable()
			if scripts := p.Count("script, link, img, form, [onclick], [src]"); scripts != 0 {
				t.Errorf("the mail has %d elements that load or run something", scripts)
			}
			shoot(p, "mail "+l.name)
		})
	}
}

// testAround holds the pages around the form, and those that developers see, to the same rules.
func (w *screen) testAround(t *testing.T) {
	w.post(t, "around@example.jp")
	mail := "/_local/mail/" + w.sent(t, "around@example.jp", "/newsletter/confirm").ID
	for _, page := range []struct{ name, path string }{
		{"overview", "/_local/"},
		{"inbox", "/_local/mail"},
		{"mail as HTML", mail},
		{"mail as HTML on a phone", mail + "?view=phone"},
		{"mail as text", mail + "?view=text"},
		{"headers of a mail", mail + "?view=headers"},
		{"source of a mail", mail + "?view=source"},
		{"front page", "/"},
		{"front page in English", "/?lang=en"},
		{"privacy policy", "/privacy"},
		{"privacy policy in English", "/privacy?lang=en"},
	} {
		t.Run(page.name, func(t *testing.T) {
			p := w.chromium.Page(t, browser.Options{})
			if status := p.Open(w.URL() + page.path); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			p.WantPlain(w.URL())
			p.WantReadable()
			shoot(p, "around "+page.name)
		})
	}
}
