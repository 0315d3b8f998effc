package main_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/browser"
)

// send calls a DevTools command whose answer says nothing.
func send[P, R any](p *browser.Page, what string, command cdp.Command[P, R], params P) {
	p.Do(what, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	}))
}

// testMeasures holds a page that does everything wrong before the measures, so that their silence means something.
func (w *screen) testMeasures(t *testing.T) {
	bad := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: "seen", Value: "1", Path: "/elsewhere", HttpOnly: true})
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, `<!doctype html><title>x</title><link rel="icon" href="data:,"><img src="`+w.URL()+`/nothing.png" alt=""><h1>x</h1><button>x</button>
			<script>requestAnimationFrame(() => requestAnimationFrame(() => {
				const block = document.createElement("div"); block.style.height = "300px"; document.body.prepend(block);
			})); missing()</script>`)
	}))
	t.Cleanup(bad.Close)
	p := w.chromium.Page(t, browser.Options{})
	p.Open(bad.URL)
	if p.LayoutShift() == 0 {
		t.Error("a block that pushes the page down is no layout shift")
	}
	if diff := cmp.Diff([]string{w.URL() + "/nothing.png"}, p.Loaded()); diff != "" {
		t.Errorf("what was loaded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"seen"}, p.Cookies()); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if len(p.OwnProblems()) == 0 {
		t.Error("an exception is no problem")
	}
	p.Show(browser.Look{Print: true})
	if diff := cmp.Diff([]string{"<button>x</button>"}, p.Printed()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
