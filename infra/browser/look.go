package browser

import (
	"context"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// Look is a way to see a page: a size and a colour scheme, or paper.
type Look struct {
	Name  string
	Size  Size
	Dark  bool
	Print bool
}

// Looks are the ways in which axe-core sees every page. Contrast depends on the colours alone and everything else on the
// size alone, so that two looks are as good as four.
var Looks = []Look{
	{Name: "phone, dark", Size: Phone, Dark: true},
	{Name: "desktop", Size: Desktop},
}

// Show makes the page that is open look so, without loading it again: most states of a form are the answer to a post.
func (p *Page) Show(l Look) {
	scheme, media := "light", ""
	if l.Dark {
		scheme = "dark"
	}
	if l.Print {
		media = "print"
	}
	size := l.Size
	if size == (Size{}) {
		size = Desktop
	}
	p.Do("set the size", send(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: size.Width, Height: size.Height, DeviceScaleFactor: max(size.Scale, 1), Mobile: size.Mobile}))
	p.Do("set the colours", send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// LayoutShift is the sum of all movements of the page since it was opened; 0 where nothing moved.
func (p *Page) LayoutShift() float64 {
	return Eval[float64](p, "measure the layout shift", `return await new Promise(done => {
		let sum = 0;
		const add = entries => { for (const e of entries) sum += e.value };
		const observer = new PerformanceObserver(list => add(list.getEntries()));
		observer.observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { add(observer.takeRecords()); done(sum) })));
	})`)
}

// Loaded returns the addresses of everything that the page has loaded beside itself.
func (p *Page) Loaded() []string {
	return Eval[[]string](p, "see what was loaded", `return performance.getEntriesByType("resource").map(e => e.name)`)
}

// Cookies returns the names of all cookies of the page's session, of whatever path.
func (p *Page) Cookies() (names []string) {
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

// OwnProblems are the errors in the console, without the one that Chromium writes for every page with a status of 400 or more.
func (p *Page) OwnProblems() []string {
	return slices.DeleteFunc(p.Problems(), func(problem string) bool {
		return strings.HasPrefix(problem, "network: Failed to load resource: the server responded with a status of") &&
			strings.HasSuffix(problem, "("+p.URL()+")")
	})
}

// WantPlain holds a page that has just been opened to what every page promises: nothing moves, nothing is loaded from
// elsewhere, no cookie, no error in the console.
func (p *Page) WantPlain(origin string) {
	p.t.Helper()
	if shift := p.LayoutShift(); shift != 0 {
		p.t.Errorf("the layout shifts by %v", shift)
	}
	for _, address := range p.Loaded() {
		if !strings.HasPrefix(address, origin+"/") && !strings.HasPrefix(address, "data:") {
			p.t.Errorf("loads %s", address)
		}
	}
	if diff := cmp.Diff([]string(nil), p.Cookies()); diff != "" {
		p.t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{}, append([]string{}, p.OwnProblems()...)); diff != "" {
		p.t.Errorf("errors in the console (-want +got):\n%s", diff)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = nil // each page answers for its own
}

// WantReadable holds the open page to WCAG 2.2 AA in every look, and to one column at 400 % zoom and on a phone.
func (p *Page) WantReadable() {
	p.t.Helper()
	for _, l := range Looks {
		p.Show(l)
		for _, v := range p.Axe() {
			p.t.Errorf("%s: %s", l.Name, v)
		}
		for _, element := range p.TooWide() {
			p.t.Errorf("%s: scrolls sideways: %s", l.Name, element)
		}
	}
	p.Show(Look{Size: Zoom400})
	for _, element := range p.TooWide() {
		p.t.Errorf("400 %% zoom: scrolls sideways: %s", element)
	}
}

// WantPrintable holds the open page to a print without what paper cannot do.
func (p *Page) WantPrintable() {
	p.t.Helper()
	p.Show(Look{Print: true})
	if diff := cmp.Diff([]string{}, p.Printed()); diff != "" {
		p.t.Errorf("printed (-want +got):\n%s", diff)
	}
	if p.Text("h1") == "" {
		p.t.Error("the title is not printed")
	}
	p.Show(Look{})
}

// Printed returns the elements in sight that paper has no use for.
func (p *Page) Printed() []string {
	return Eval[[]string](p, "see what is printed", `
		return [...document.querySelectorAll("button, .skip")].filter(e => e.getClientRects().length > 0).map(e => e.outerHTML)`)
}
