package main

import (
	"flag"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/staff"
)

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// screen is the whole product on one machine with a browser before it.
type screen struct {
	*stack.Stack
	chromium *browser.Browser
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	w := &screen{chromium: browser.Start(t)}
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	w.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(w.Close)
	return w
}

func shoot(p *browser.Page, name string) {
	if *shots != "" {
		p.Screenshot(filepath.Join(*shots, name+".png"))
	}
}

// await waits for what the page does by itself.
func await(t *testing.T, p *browser.Page, title string) {
	t.Helper()
	for range 200 {
		if p.Text("h1") == title {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%q at %s, want %q", p.Text("h1"), p.URL(), title)
}

// TestBrowser signs staff in and out in Chromium over the whole local stack, without JavaScript.
func TestBrowser(t *testing.T) {
	w := newScreen(t)
	t.Run("journey", w.testJourney)
	t.Run("nobody's role", w.testNoRole)
	t.Run("tools", w.testTools)
	t.Run("planted", w.testPlanted)
	t.Run("looks", w.testLooks)
}

// testJourney: somebody opens a page, signs in, is brought to that page, signs out, and is out: here, at the provider, and in the
// browser's memory.
func (w *screen) testJourney(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true})
	p.Open(w.URL() + "/staff/")
	if !strings.HasPrefix(p.URL(), w.SignIn().Issuer()+"/oauth2/authorize?") || p.Text("h1") != "ローカルのサインイン" {
		t.Fatalf("%q at %s", p.Text("h1"), p.URL())
	}
	for _, part := range []string{"code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "response_type=code"} {
		if !strings.Contains(p.URL(), part) {
			t.Errorf("%s is not in %s", part, p.URL())
		}
	}
	p.Submit("button[value=editor]")
	if p.URL() != w.URL()+"/staff/" || p.Text("h1") != "職員用ページ" || p.Text("main h2") != "メールマガジン担当" {
		t.Fatalf("%q at %s", p.Text("h1"), p.URL())
	}
	if got := p.Text(".staff-person"); !strings.Contains(got, "ローカル editor") {
		t.Errorf("signed in as %q", got)
	}
	if n := p.Count("main h2"); n != 1 {
		t.Errorf("%d roles are shown to an editor", n)
	}
	if cookies := p.Cookies(); !slices.Contains(cookies, staff.CookieName) || slices.Contains(cookies, attemptCookie) {
		t.Errorf("cookies %v", cookies)
	}
	p.Submit(".staff-person a") // the other language
	if p.Text("h1") != "Staff pages" {
		t.Errorf("in English: %q", p.Text("h1"))
	}
	p.Open(w.URL() + "/staff/")
	if p.Text("h1") != "Staff pages" {
		t.Errorf("English is forgotten: %q", p.Text("h1"))
	}
	p.Open(w.URL() + "/staff/?lang=ja")
	if status := p.Submit(".staff-person button"); status != http.StatusOK {
		t.Errorf("signing out: %d", status)
	}
	await(t, p, "サインアウトしました")
	if cookies := p.Cookies(); len(cookies) != 0 {
		t.Errorf("cookies after signing out: %v", cookies)
	}
	for range 4 { // Back: nothing of the pages before comes out of the browser's memory
		p.Back()
		if p.Text("body"); strings.HasPrefix(p.URL(), w.URL()) && p.Count(".staff-menu") != 0 {
			t.Errorf("Back shows %s: %s", p.URL(), p.Text("body"))
		}
	}
	p.Open(w.URL() + "/staff/")
	if p.Text("h1") != "ローカルのサインイン" {
		t.Errorf("the provider lets in again without asking: %q at %s", p.Text("h1"), p.URL())
	}
}

// testNoRole: who holds no role is told what to do, with the number that the administrator needs.
func (w *screen) testNoRole(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true})
	p.Open(w.URL() + "/staff/")
	p.Submit("button[value=nothing]")
	if got := p.Text("main"); !strings.Contains(got, "まだ担当が割り当てられていません") || !strings.Contains(got, "local-nothing") {
		t.Errorf("%q", got)
	}
}

// testTools: /_local/signin signs a browser in, as several roles too.
func (w *screen) testTools(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true})
	p.Open(w.URL() + "/_local/signin?role=auditor,privacy")
	if n := p.Count("main h2"); p.URL() != w.URL()+"/staff/" || n != 2 {
		t.Errorf("%d roles at %s", n, p.URL())
	}
	status, token := w.get(t, "/_local/token?role=editor,press&user=second", "")
	if status != http.StatusOK || strings.ContainsAny(token, " \n") {
		t.Fatalf("a token: %d %q", status, token)
	}
	if status, who := w.get(t, "/staff/", "Bearer "+token); status != http.StatusOK || who != `{"id":"local-second","roles":["editor","press"],"machine":false}` {
		t.Errorf("with the token: %d %s", status, who)
	}
	if status, _ := w.get(t, "/_local/token?role=king", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a token of an unknown role: %d", status)
	}
	if status := p.Open(w.URL() + "/_local/signin?role=king"); status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown role: %d", status)
	}
}

func (w *screen) get(t *testing.T, path, authorization string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, body(t, answer)
}

// testPlanted: an answer of the provider that this browser did not ask for, or asked for before, opens nothing.
func (w *screen) testPlanted(t *testing.T) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true})
	if status := p.Open(w.URL() + "/staff/callback?code=X&state=Y"); status != http.StatusGone || p.Text("h1") != "もう一度サインインしてください" {
		t.Errorf("%d %q", status, p.Text("h1"))
	}
	p.Submit("main a.button")
	p.Submit("button[value=press]")
	if p.Text("main h2") != "プレスリリース担当" {
		t.Errorf("%q at %s", p.Text("main h2"), p.URL())
	}
}

// testLooks: every page is accessible and readable in every look (axe; JIS X 8341-3 AA), and shown to whoever looks at pictures.
func (w *screen) testLooks(t *testing.T) {
	for name, c := range map[string]struct{ sign, path, title string }{
		"front":      {"user=everything", "/staff/", "職員用ページ"},
		"front-en":   {"user=everything", "/staff/?lang=en", "Staff pages"},
		"no-role":    {"user=nothing", "/staff/", "職員用ページ"},
		"again":      {"", "/staff/callback", "もう一度サインインしてください"},
		"signed-out": {"", "/staff/signedout", "サインアウトしました"},
		"provider":   {"", "/staff/", "ローカルのサインイン"},
	} {
		t.Run(name, func(t *testing.T) {
			for size, s := range map[string]browser.Size{"phone": browser.Phone, "desktop": browser.Desktop} {
				p := w.chromium.Page(t, browser.Options{Size: s})
				if c.sign != "" {
					p.Open(w.URL() + "/_local/signin?" + c.sign)
				}
				p.Open(w.URL() + c.path)
				if p.Text("h1") != c.title {
					t.Errorf("%q at %s", p.Text("h1"), p.URL())
				}
				shoot(p, name+"-"+size)
				if size == "desktop" {
					p.WantReadable()
				}
			}
		})
	}
}
