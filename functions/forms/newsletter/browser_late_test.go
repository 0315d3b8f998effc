package main_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/infra/browser"
	"madoguchi/shared/policy"
	"madoguchi/shared/sign"
)

// testBack sends a form, goes back, corrects something and sends again: the visitor is told that the first one arrived and
// the second did not, and nothing of what was typed is lost (hard case 9).
func (w *screen) testBack(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{})
	w.check(t, p, "back@example.jp")
	if status := p.Submit("button[value=submit]"); status != http.StatusOK {
		t.Fatalf("the first submission: status %d", status)
	}
	first := p.Text(".reference")
	// The check page answered a post and may not be stored, so that Chromium asks whether to send it again; nothing is lost
	// by that, because only the next page stores anything.
	p.Do("press Back", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.NavigateBack()(ctx, target)
		if err != nil && strings.Contains(err.Error(), "ERR_CACHE_MISS") {
			_, err = chromedp.Reload()(ctx, target)
		}
		return err
	}))
	if status := p.Submit("button[value=edit]"); status != http.StatusOK {
		t.Fatalf("back to the form: status %d", status)
	}
	wantKept(t, p, "back@example.jp")
	p.Fill("#name", "吉野 花子")
	p.Submit("button[value=check]")
	if status := p.Submit("button[value=submit]"); status != http.StatusUnprocessableEntity {
		t.Errorf("the correction: status %d, want 422", status)
	}
	told := p.Text("#summary")
	if !strings.Contains(told, "受付番号 "+first+" としてすでに送信されています") || !strings.Contains(told, "変更した内容はまだ送信されていません") {
		t.Errorf("the visitor is told %q", told)
	}
	if got := p.Value("#name"); got != "吉野 花子" {
		t.Errorf("the correction has become %q", got)
	}
	p.Submit("button[value=check]")
	if status := p.Submit("button[value=submit]"); status != http.StatusOK || p.Text(".reference") == first {
		t.Errorf("the correction, sent once more: status %d, reference %s", status, p.Text(".reference"))
	}
}

// testOverNight sends a form that was left open for longer than a token lives: nothing is sent, everything typed is kept,
// and sending once more works (hard case 11).
func (w *screen) testOverNight(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{})
	const email = "night@example.jp"
	w.check(t, p, email)
	opened := time.Now().Add(-25 * time.Hour)
	old := sign.Seal(w.formKeys, "form", strings.Join([]string{"newsletter", strconv.Itoa(policy.Get(policy.Newsletter).FormVersion), "ja",
		strconv.FormatInt(opened.UnixMilli(), 36), "OPENYESTERDAY"}, "|"))
	browser.Eval[bool](p, "let the night pass", `document.querySelector("[name=form_token]").value = args[0]; return true`, old)
	if status := p.Submit("button[value=submit]"); status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", status)
	}
	if got := p.Text("#summary"); !strings.Contains(got, "時間が経ったため、送信はまだ完了していません") {
		t.Errorf("the visitor is told %q", got)
	}
	wantKept(t, p, email)
	if status := p.Submit("button[value=check]"); status != http.StatusOK {
		t.Errorf("the check page: status %d", status)
	}
	if status := p.Submit("button[value=submit]"); status != http.StatusOK || !strings.Contains(p.URL(), "/newsletter/done") {
		t.Errorf("sent once more: status %d at %s", status, p.URL())
	}
}

// testEnglish reads the Japanese form with an English browser (R15): the form says in English why it is Japanese.
func (w *screen) testEnglish(t *testing.T) {
	for _, path := range []string{"/newsletter", "/newsletter/done?ref=N261123-ABCDEFGHI", "/newsletter/resend"} {
		p := w.chromium.Page(t, browser.Options{Language: "en"})
		p.Open(w.URL() + path)
		if got := p.Text("main [lang=en]"); !strings.Contains(got, "in Japanese only") {
			t.Errorf("%s: an English reader is told %q", path, got)
		}
		if got := browser.Eval[string](p, "read the language", `return document.documentElement.lang`); got != "ja" {
			t.Errorf("%s: the page is in %q, want ja", path, got)
		}
		p.WantAccessible()
	}
	p := w.chromium.Page(t, browser.Options{})
	p.Open(w.URL() + "/newsletter")
	if n := p.Count("[lang=en]"); n != 0 {
		t.Errorf("a Japanese reader sees %d pieces of English", n)
	}
}
