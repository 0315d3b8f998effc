package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/browser"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/policy"
	"madoguchi/shared/statistics"
)

var shots = flag.String("shots", "", "write pictures of every page into this folder")

// screen is the product with a browser before it, and the organisation's website beside it, which is another origin.
type screen struct {
	*stack.Stack
	chromium *browser.Browser
	website  *httptest.Server
	counters statistics.Counters
	releases statistics.Releases
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	s := &screen{chromium: browser.Start(t)}
	s.website = httptest.NewServer(http.HandlerFunc(s.serveWebsite))
	t.Cleanup(s.website.Close)
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	if s.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"ALLOWED_ORIGINS": s.website.URL}}); err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	for _, f := range s.Template().Functions {
		if f.Name == "AccessFunction" {
			s.counters = statistics.Counters{Client: s.DynamoDB(), Table: f.Environment["COUNTERS_TABLE"]}
			s.releases = statistics.Releases{Client: s.DynamoDB(), Table: f.Environment["RELEASES_TABLE"]}
		}
	}
	return s
}

// serveWebsite is a page that counts its views as docs/access.md says: by a beacon, and by a picture without JavaScript.
func (s *screen) serveWebsite(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><html lang="ja"><title>x</title><link rel="icon" href="data:,"><h1>x</h1><script>
		navigator.sendBeacon("`+s.URL()+`/access", JSON.stringify({path: location.pathname + location.search, referrer: document.referrer}))</script>
		<noscript><img src="`+s.URL()+`/access.gif?path=`+r.URL.Path+`" alt="" width="1" height="1"></noscript></html>`)
}

// person makes a page's browser that of a person: Chromium under tests says that it is without a head, and is taken for a robot.
func person(p *browser.Page, agent string) {
	p.Do("say which browser it is", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
		return err
	}))
}

// sentTo are the cookies that the browser would send to an address, as name=value.
func sentTo(p *browser.Page, address string) (cookies []string) {
	p.Do("see which cookies are sent", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
		for _, c := range got.Cookies {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		slices.Sort(cookies)
		return err
	}))
	return cookies
}

func (s *screen) today(t *testing.T) (pages map[string]int, visitors int) {
	t.Helper()
	pages = map[string]int{}
	views, err := s.counters.Read(t.Context(), statistics.Day(time.Now()), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		pages[v.Path] += v.Views
		visitors += v.Visitors
	}
	return pages, visitors
}

// waitFor waits until a page of the website has that many views: a beacon has no answer to wait for.
func (s *screen) waitFor(t *testing.T, path string, views int) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		pages, _ := s.today(t)
		if pages[path] == views {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %d views, want %d", path, pages[path], views)
		}
	}
}

// TestBrowser uses the pages as visitors do, over the whole local stack, the pages of functions/forms/site with them.
func TestBrowser(t *testing.T) {
	s := newScreen(t)
	t.Run("counting", s.testCounting)
	t.Run("switch", s.testSwitch)
	t.Run("paper", s.testPaper)
	t.Run("pages", s.testPages)
}

// R98, R99, R102: a page of another origin is counted; the counting cookie goes to the beacon and to no form; without cookies
// and without JavaScript views are counted as well.
func (s *screen) testCounting(t *testing.T) {
	p := s.chromium.Page(t, browser.Options{})
	person(p, firefox)
	p.Open(s.website.URL + "/ja/news?mail=taro@example.jp")
	s.waitFor(t, "/ja/news", 1)
	p.Open(s.website.URL + "/ja/news")
	s.waitFor(t, "/ja/news", 2)
	today := "madoguchi_count=" + statistics.Day(time.Now())
	for path, want := range map[string][]string{"/access": {today}, "/newsletter": nil, "/access.gif": nil, "/cookies": nil, "/": nil} {
		if diff := cmp.Diff(want, sentTo(p, s.URL()+path)); diff != "" {
			t.Errorf("cookies sent to %s (-want +got):\n%s", path, diff)
		}
	}
	for name, options := range map[string]browser.Options{"/no-cookies": {NoCookies: true}, "/no-javascript": {NoJavaScript: true}} {
		p := s.chromium.Page(t, options)
		person(p, "Mozilla/5.0 "+name)
		for i := range 2 {
			p.Open(s.website.URL + name)
			s.waitFor(t, name, i+1)
		}
		if got := p.Cookies(); len(got) != 0 {
			t.Errorf("%s: cookies %v", name, got)
		}
	}
	if _, visitors := s.today(t); visitors != 3 {
		t.Errorf("%d visitors, want 3", visitors)
	}
	robot := s.chromium.Page(t, browser.Options{})
	robot.Open(s.website.URL + "/robot")
	robot.Open(s.website.URL + "/robot")
	if pages, _ := s.today(t); pages["/robot"] != 0 {
		t.Error("a robot is counted")
	}
}

// R98, R101, R103: the switch by keyboard and without JavaScript; what it sets and what it removes.
func (s *screen) testSwitch(t *testing.T) {
	p := s.chromium.Page(t, browser.Options{NoJavaScript: true})
	p.Open(s.URL() + "/cookies")
	for _, stop := range p.TabTo("input[name=counting]:checked") {
		if !stop.Ring || !stop.InView {
			t.Errorf("the keyboard is not seen at %+v", stop)
		}
	}
	p.Press(kb.ArrowDown) // the second choice of the group
	p.TabTo("main button")
	if status := p.PressAndLoad("\r"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if got := p.Text(".success"); got != "設定を保存しました。" {
		t.Errorf("message %q", got)
	}
	if diff := cmp.Diff([]string{"madoguchi_display=.uncounted"}, sentTo(p, s.URL()+"/access")); diff != "" {
		t.Errorf("cookies after refusing (-want +got):\n%s", diff)
	}
	p.Click("input[name=counting][value=on]")
	p.Click("input[name=language][value=en]")
	p.Submit("main button")
	if got := p.Text("h1"); got != "Cookies" {
		t.Errorf("title %q", got)
	}
	p.Open(s.URL() + "/privacy/request")
	if got := p.Text("h1"); got != "Requests about your personal information" {
		t.Errorf("the language is not remembered: %q", got)
	}
}

// All pages in both languages: WCAG 2.2 AA on a phone in dark colours and on a desktop, one column at 400 %, printable,
// without a cookie and with nothing from elsewhere.
func (s *screen) testPages(t *testing.T) {
	m, err := statistics.ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	for i, day := range m.Days() {
		for _, v := range []statistics.View{{Path: "/ja", Views: 420 + 137*(i%7), Visitors: 60}, {Path: "/ja/事業/投資", Domain: "www.search.example", Views: 140 + i*3, Visitors: 20},
			{Path: "/en/a-rather-long-path-of-a-page/that-has-no-place-to-break/2026", Domain: "sns.example", Views: 11, Visitors: 2}} {
			if i == 14 {
				v = statistics.View{Path: "/ja", Views: 1, Visitors: 1}
			}
			if err := s.counters.Count(t.Context(), day, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := m.Days()[0]
	over, err := time.ParseInLocation(time.DateOnly, first, policy.JapanTime)
	if err != nil {
		t.Fatal(err)
	}
	r, err := statistics.ReadPageViews(t.Context(), s.counters, m, over.AddDate(0, 2, 0))
	if err == nil {
		err = s.releases.Publish(t.Context(), r)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/cookies", "/statistics", "/privacy/request", "/privacy/request/form", "/accessibility", "/security", "/links",
		"/statistics/page_views/1999-01"} {
		status := http.StatusOK
		if strings.HasSuffix(path, "1999-01") {
			status = http.StatusNotFound
		}
		for _, l := range []policy.Language{policy.Japanese, policy.English} {
			t.Run(fmt.Sprint(path, " ", l), func(t *testing.T) {
				p := s.chromium.Page(t, browser.Options{Language: string(l)})
				if got := p.Open(s.URL() + path); got != status {
					t.Fatalf("status %d", got)
				}
				p.WantPlain(s.URL())
				p.WantReadable()
				p.WantPrintable()
				s.shoot(p, strings.NewReplacer("/", "-").Replace("page"+path+"."+string(l)))
			})
		}
	}
}

// R80, R82: the request form prints on two sheets of A4 at most, without the frame of the page.
func (s *screen) testPaper(t *testing.T) {
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		p := s.chromium.Page(t, browser.Options{Language: string(l)})
		p.Open(s.URL() + "/privacy/request/form")
		var pdf []byte
		p.Do("print", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			got, err := cdp.Call(ctx, target, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
			pdf = got.Data
			return err
		}))
		if sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); sheets < 1 || sheets > 2 {
			t.Errorf("%s: %d sheets", l, sheets)
		}
		p.Show(browser.Look{Print: true})
		for _, frame := range []string{".site-header", ".site-footer", ".screen-only"} {
			if browser.Eval[bool](p, "see what is printed", `return document.querySelector(args[0]).getClientRects().length > 0`, frame) {
				t.Errorf("%s: %s is printed", l, frame)
			}
		}
	}
}

func (s *screen) shoot(p *browser.Page, name string) {
	if *shots == "" {
		return
	}
	for _, l := range append(slices.Clone(browser.Looks), browser.Look{Name: "print", Size: browser.Size{Width: 760, Height: 1000}, Print: true}) {
		p.Show(l)
		p.Screenshot(filepath.Join(*shots, strings.NewReplacer(" ", "-", ",", "").Replace(name+" "+l.Name)+".png"))
	}
}
