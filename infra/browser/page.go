package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one step of a test may take before it fails; far more than any needs, since two cores may run
// builds and other tests beside the browser.
const patience = 60 * time.Second

// Size is the part of a screen that shows the page, in CSS pixels.
type Size struct {
	Width, Height int64
	Scale         float64 // device pixels for a CSS pixel; 0 means 1
	Mobile        bool    // a touch screen: the viewport declaration counts, scroll bars take no room
}

// The sizes that pages are tested in.
var (
	Desktop = Size{Width: 1280, Height: 900}
	Phone   = Size{Width: 390, Height: 844, Scale: 2, Mobile: true}
	// Zoom400 is a window of 1280 × 1024 at 400 %: 320 CSS pixels, the measure of WCAG 1.4.10 (reflow).
	Zoom400 = Size{Width: 320, Height: 256, Scale: 4}
)

// Options say how a page is seen. The zero value is a desktop in light colours with JavaScript, cookies and Japanese.
type Options struct {
	Size          Size // zero: Desktop
	NoJavaScript  bool
	NoCookies     bool   // the browser refuses all cookies and site data
	Dark          bool   // prefers-color-scheme: dark
	ReducedMotion bool   // prefers-reduced-motion: reduce
	Language      string // value of Accept-Language; "" means ja
}

// Page is one tab in a browser session of its own: no cookie or cache of another page.
type Page struct {
	t    testing.TB
	ctx  context.Context
	opts Options

	mu       sync.Mutex
	problems []string
}

// Page opens an empty page; t is the test that fails with it, which may be a subtest. It is closed when t ends.
func (b *Browser) Page(t testing.TB, opts Options) *Page {
	t.Helper()
	process, err := b.process(opts.NoCookies)
	if err != nil {
		t.Fatal(err)
	}
	if opts.Size == (Size{}) {
		opts.Size = Desktop
	}
	if opts.Size.Scale == 0 {
		opts.Size.Scale = 1
	}
	if opts.Language == "" {
		opts.Language = "ja"
	}
	p := &Page{t: t, opts: opts}
	ctx, closePage := chromedp.NewContext(process, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	t.Cleanup(closePage)
	p.ctx = ctx
	// The first call makes the tab and must not have the time limit of a step, or the tab would end with it.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a page: %v", err)
	}
	p.Do("set the page up",
		send(network.Enable, network.EnableParams{}),
		send(cdplog.Enable, cdp.Empty{}),
		send(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": opts.Language}}),
		send(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: opts.Size.Width, Height: opts.Size.Height, DeviceScaleFactor: opts.Size.Scale, Mobile: opts.Size.Mobile,
		}),
		send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: mediaFeatures(opts)}),
		scripts(!opts.NoJavaScript),
	)
	return p
}

// send makes an action of a DevTools command whose answer says nothing.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// scripts switches the page's JavaScript. The tests' own scripts run in either state.
func scripts(on bool) chromedp.Action[chromedp.Void] {
	return send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// insert puts text into the element that has the keyboard, as an input method does.
func insert(text string) chromedp.Action[chromedp.Void] {
	return send(input.InsertText, input.InsertTextParams{Text: text})
}

func mediaFeatures(opts Options) []*emulation.MediaFeature {
	scheme, motion := "light", "no-preference"
	if opts.Dark {
		scheme = "dark"
	}
	if opts.ReducedMotion {
		motion = "reduce"
	}
	return []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: motion},
	}
}

// listen notes what a developer would see in red in the console.
func (p *Page) listen(event any) {
	var problem string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError {
			problem = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	if problem != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
}

// Problems returns the errors in the page's console so far: exceptions, refusals of the content security policy, and
// resources that failed to load. Chromium also reports an answer of 400 or above for the page itself.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Do does chromedp actions as one step; what names the step in the test's failure.
func (p *Page) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	do(p, what, chromedp.Steps(actions...))
}

// do does one action and returns its value. It fails the test with the step's name and the page's address.
func do[T any](p *Page, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatalf("%s: %v%s", what, err, p.where())
	}
	return value
}

// Eval runs the body of a JavaScript function in the page, with the arguments in "args", and returns what it returns. The
// body may await. what names the step in the test's failure.
func Eval[T any](p *Page, what, body string, args ...any) T {
	p.t.Helper()
	return do(p, what, chromedp.Evaluate[T](call(body, args...), chromedp.EvalAwaitPromise))
}

// call makes an expression of a function's body. JSON is also JavaScript, so that a selector with quotation marks needs no
// care.
func call(body string, args ...any) string {
	if args == nil {
		args = []any{}
	}
	encoded, err := json.Marshal(args)
	if err != nil {
		panic(fmt.Sprintf("browser: arguments of a script: %v", err)) // a test that passes a channel or a function
	}
	return "(async args => {" + body + "})(" + string(encoded) + ")"
}

// load does actions that cause a navigation, waits until the new page has loaded, and returns its HTTP status; 0 where the
// address only got another fragment.
func (p *Page) load(what string, actions ...chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		p.t.Fatalf("%s: %v%s", what, err, p.where())
	}
	p.settle()
	if response == nil {
		return 0
	}
	return int(response.Status)
}

// settle waits until the element that the page gives the keyboard to has it: Chromium does so with the first picture of the page,
// which on a busy machine comes after its load. Where it never does, the test sees that.
func (p *Page) settle() {
	p.t.Helper()
	for range 150 {
		if Eval[bool](p, "see whether the page has given the keyboard away", `
			return location.hash !== "" || document.querySelector("[autofocus]") === null || document.activeElement !== document.body`) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// where tells the address for a failure message, if the page still answers.
func (p *Page) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return ""
	}
	return " (at " + url + ")"
}
