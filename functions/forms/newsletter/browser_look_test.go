package main_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/browser"
)

// look is a way to see a page: a size and a colour scheme, or paper.
type look struct {
	name  string
	size  browser.Size
	dark  bool
	print bool
}

// looks are the ways in which axe-core sees every page. Contrast depends on the colours alone and everything else on the
// size alone, so that two looks are as good as four.
var looks = []look{
	{name: "phone, dark", size: browser.Phone, dark: true},
	{name: "desktop", size: browser.Desktop},
}

// send calls a DevTools command whose answer says nothing.
func send[P, R any](p *browser.Page, what string, command cdp.Command[P, R], params P) {
	p.Do(what, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	}))
}

// show makes the page that is open look so, without loading it again: most states of a form are the answer to a post.
func show(p *browser.Page, l look) {
	scheme, media := "light", ""
	if l.dark {
		scheme = "dark"
	}
	if l.print {
		media = "print"
	}
	size := l.size
	if size == (browser.Size{}) {
		size = browser.Desktop
	}
	send(p, "set the size", emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: size.Width, Height: size.Height, DeviceScaleFactor: max(size.Scale, 1), Mobile: size.Mobile})
	send(p, "set the colours", emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// layoutShift is the sum of all movements of the page since it was opened; 0 where nothing moved.
func layoutShift(p *browser.Page) float64 {
	return browser.Eval[float64](p, "measure the layout shift", `return await new Promise(done => {
		let sum = 0;
		const add = entries => { for (const e of entries) sum += e.value };
		const observer = new PerformanceObserver(list => add(list.getEntries()));
		observer.observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { add(observer.takeRecords()); done(sum) })));
	})`)
}

// loaded returns the addresses of everything that the page has loaded beside itself.
func loaded(p *browser.Page) []string {
	return browser.Eval[[]string](p, "see what was loaded", `return performance.getEntriesByType("resource").map(e => e.name)`)
}

// cookies returns the names of all cookies of the page's session, of whatever path.
func cookies(p *browser.Page) (names []string) {
	p.Do("read the cookies", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		page := chromedp.FromContext(ctx)
		got, err := cdp.Call(ctx, page.Browser, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: page.BrowserContextID})
		for _, c := range got.Cookies {
			names = append(names, c.Name)
		}
		return err
	}))
	return names
}

// problems are the errors in the console, without the one that Chromium writes for every page with a status of 400 or more.
func problems(p *browser.Page) []string {
	return slices.DeleteFunc(p.Problems(), func(problem string) bool {
		return strings.HasPrefix(problem, "network: Failed to load resource: the server responded with a status of") &&
			strings.HasSuffix(problem, "("+p.URL()+")")
	})
}

// wantPlain holds a page that has just been opened to what every page promises: nothing moves, nothing is loaded from
// elsewhere, no cookie, no error in the console.
func wantPlain(t *testing.T, p *browser.Page, origin string) {
	t.Helper()
	if shift := layoutShift(p); shift != 0 {
		t.Errorf("the layout shifts by %v", shift)
	}
	for _, address := range loaded(p) {
		if !strings.HasPrefix(address, origin+"/") && !strings.HasPrefix(address, "data:") {
			t.Errorf("loads %s", address)
		}
	}
	if diff := cmp.Diff([]string(nil), cookies(p)); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{}, append([]string{}, problems(p)...)); diff != "" {
		t.Errorf("errors in the console (-want +got):\n%s", diff)
	}
}

// wantReadable holds the open page to WCAG 2.2 AA in every look, and to one column at 400 % zoom and on a phone.
func wantReadable(t *testing.T, p *browser.Page) {
	t.Helper()
	for _, l := range looks {
		show(p, l)
		for _, v := range p.Axe() {
			t.Errorf("%s: %s", l.name, v)
		}
		for _, element := range p.TooWide() {
			t.Errorf("%s: scrolls sideways: %s", l.name, element)
		}
	}
	show(p, look{size: browser.Zoom400})
	for _, element := range p.TooWide() {
		t.Errorf("400 %% zoom: scrolls sideways: %s", element)
	}
}

// wantPrintable holds the open page to a print without what paper cannot do.
func wantPrintable(t *testing.T, p *browser.Page) {
	t.Helper()
	show(p, look{print: true})
	if diff := cmp.Diff([]string{}, printed(p)); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	if p.Text("h1") == "" {
		t.Error("the title is not printed")
	}
	show(p, look{})
}

// printed returns the elements in sight that paper has no use for.
func printed(p *browser.Page) []string {
	return browser.Eval[[]string](p, "see what is printed", `
		return [...document.querySelectorAll("button, .skip")].filter(e => e.getClientRects().length > 0).map(e => e.outerHTML)`)
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
	if layoutShift(p) == 0 {
		t.Error("a block that pushes the page down is no layout shift")
	}
	if diff := cmp.Diff([]string{w.URL() + "/nothing.png"}, loaded(p)); diff != "" {
		t.Errorf("what was loaded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"seen"}, cookies(p)); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if len(problems(p)) == 0 {
		t.Error("an exception is no problem")
	}
	show(p, look{print: true})
	if diff := cmp.Diff([]string{"<button>x</button>"}, printed(p)); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
