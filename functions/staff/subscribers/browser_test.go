package main

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"madoguchi/infra/browser"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// shots is a folder for pictures of every page, for people who look at them.
var (
	shots  = flag.String("shots", "", "write pictures of every page into this folder")
	update = flag.Bool("update", false, "write the payloads of events/subscribers anew")
)

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
	w.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "PRESS_APPROVAL": "true"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(w.Close)
	if _, err := w.Load(t.Context(), []byte(`{"subscribers":{"list":"newsletter","count":45}}`)); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestBrowser: somebody telephones, a paper form is entered, media are approved, all by keyboard and without JavaScript; then every
// page is held to what all pages promise.
func TestBrowser(t *testing.T) {
	w := newScreen(t)
	var called, medium string
	t.Run("telephone", func(t *testing.T) { called = w.testTelephone(t) })
	t.Run("press", func(t *testing.T) { medium = w.testPress(t) })
	t.Run("unknown", func(t *testing.T) { w.testUnknown(t) })
	var held string
	t.Run("hold", func(t *testing.T) { held = w.testHold(t) })
	if called == "" || medium == "" {
		t.Fatal("nobody to look at")
	}
	t.Run("scenes", func(t *testing.T) { w.testScenes(t, called, medium, held) })
}

// page signs in with the roles and opens a page by keyboard alone, without JavaScript, on a phone.
func (w *screen) page(t *testing.T, role string) (*browser.Page, func(selector, title string)) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true, Size: browser.Phone})
	p.Open(w.URL() + "/_local/signin?role=" + role)
	return p, func(selector, title string) {
		t.Helper()
		p.TabTo(selector)
		p.PressAndLoad(kb.Enter)
		if got := p.Text("h1"); got != title {
			t.Fatalf("%s leads to %q at %s, want %q", selector, got, p.URL(), title)
		}
	}
}

var idOf = regexp.MustCompile(`/([0-9a-f]{32})\?`)

// testTelephone: "why do I get your newsletter, and stop it".
func (w *screen) testTelephone(t *testing.T) string {
	p, press := w.page(t, "editor")
	press(`main a[href="/staff/subscribers"]`, "読者・登録者")
	w.picture(p, "find")
	p.Fill("#q", "m")
	press("main form button", "読者・登録者")
	if text := p.Text("#summary"); !strings.Contains(text, "2文字以上") {
		t.Errorf("one character: %s", text)
	}
	w.picture(p, "find one character")
	p.Fill("#email", "Ｓ０００００２＠Example.JP") // as a Japanese keyboard types it
	p.Fill("#q", "")
	press("main form button", "読者・登録者")
	if text := p.Text("main"); !strings.Contains(text, "見**") || strings.Contains(text, "見本 2") {
		t.Errorf("the list says %s", text)
	}
	w.picture(p, "found")
	press(".entries a", "登録者の詳細")
	id := idOf.FindStringSubmatch(p.URL())
	if text := p.Text("main"); id == nil || !strings.Contains(text, "次号は届きます") || !strings.Contains(text, "s000002@example.jp") {
		t.Fatalf("%s says %s", p.URL(), text)
	}
	w.picture(p, "person")
	press(`main a[href*="/correct"]`, "登録内容の訂正")
	p.Fill("#name", "見本 二郎")
	w.picture(p, "correct")
	press("main form button", "登録者の詳細")
	if text := p.Text("main"); !strings.Contains(text, "見本 二郎") || !strings.Contains(text, "訂正を受け付けました") {
		t.Errorf("corrected: %s", text)
	}
	p.TabTo("#optout summary")
	p.Press(kb.Enter)
	p.TabTo(`#optout input[value=telephone]`)
	p.Press(" ")
	w.picture(p, "opt out")
	press("#optout button", "登録者の詳細")
	if text := p.Text("main"); !strings.Contains(text, "次号は届きません") || !strings.Contains(text, "電話") {
		t.Errorf("opted out: %s", text)
	}
	w.picture(p, "opted out")
	press(`main a[href*="/export"]`, "登録者に関する記録")
	return id[1]
}

// testPress: a medium asks by letter, confirms and is approved.
func (w *screen) testPress(t *testing.T) string {
	p, press := w.page(t, "press")
	p.Open(w.URL() + base)
	press(`main a[href$="/new?list=press"]`, "登録者を追加する")
	press("main form button", "登録者を追加する")
	if n := p.Count("#summary li"); n != 4 {
		t.Errorf("%d problems of an empty form", n)
	}
	w.picture(p, "add with problems")
	p.Fill("#organization", "例示新聞社")
	p.Fill("#name", "林 記者")
	p.Fill("#email", "hayashi@example.jp")
	p.TabTo(`input[name=channel][value=telephone]`)
	for range 2 { // to "letter"
		p.Press(kb.ArrowDown)
	}
	press("main form button", "登録者の詳細")
	if text := p.Text("main"); !strings.Contains(text, "確認待ち") {
		t.Errorf("added: %s", text)
	}
	w.picture(p, "added")
	visitor := w.chromium.Page(t, browser.Options{NoJavaScript: true})
	visitor.Open(w.confirmLink(t))
	visitor.TabTo("main form button")
	visitor.PressAndLoad(kb.Enter)
	p.Open(w.URL() + base + "?list=press&state=pending_approval")
	if text := p.Text("main"); !strings.Contains(text, "林**") {
		t.Fatalf("nobody waits: %s", text)
	}
	id := p.Value("input[name=ids]")
	p.TabTo(`input[name=ids]`)
	p.Press(" ")
	w.picture(p, "decide")
	press("main form[action$=approve] button", "読者・登録者")
	if text := p.Text(".success"); !strings.Contains(text, "承認しました") {
		t.Errorf("approved: %s", text)
	}
	return id
}

// testUnknown: somebody telephones who is not on the list, and does not want mail from a list that may still come.
func (w *screen) testUnknown(t *testing.T) {
	p, press := w.page(t, "editor")
	press(`main a[href="/staff/subscribers"]`, "読者・登録者")
	p.Fill("#email", "paper@example.jp")
	press("main form button", "読者・登録者")
	w.picture(p, "unknown")
	p.WantReadable()
	press("main form[action$=optout] button", "読者・登録者")
	if text := p.Text("#summary"); !strings.Contains(text, "電話") {
		t.Errorf("without a channel: %s", text)
	}
	p.TabTo(`input[name=channel]`)
	p.Press(" ")
	press("main form[action$=optout] button", "登録者の詳細")
	if text := p.Text("main"); !strings.Contains(text, "次号は届きません") || strings.Contains(p.URL(), "paper") {
		t.Errorf("%s says %s", p.URL(), text)
	}
	w.picture(p, "unknown opted out")
}

// testHold: General Affairs put somebody on hold for a case.
func (w *screen) testHold(t *testing.T) string {
	p, press := w.page(t, "privacy")
	press(`main a[href="/staff/subscribers"]`, "読者・登録者")
	p.Fill("#email", "s000003@example.jp")
	press("main form button", "読者・登録者")
	press(".entries a", "登録者の詳細")
	id := idOf.FindStringSubmatch(p.URL())
	p.TabTo("#hold summary")
	p.Press(kb.Enter)
	p.TabTo(`#hold input[name=reason]`)
	p.Press(" ")
	p.Fill("#reference", "P-2026-0007")
	p.TabTo("#until")
	p.Press(time.Now().AddDate(0, 3, 0).Format("01022006")) // as the browser of the tests asks for a day
	w.picture(p, "hold")
	press("#hold button", "登録者の詳細")
	if text := p.Text("main"); id == nil || !strings.Contains(text, "保存期限を延長しました") || !strings.Contains(text, "P-2026-0007") {
		t.Fatalf("held: %s", text)
	}
	w.picture(p, "held")
	return id[1]
}

// confirmLink waits for the mail that asks the medium to confirm.
func (w *screen) confirmLink(t *testing.T) string {
	t.Helper()
	link := regexp.MustCompile(`https?://\S+/press/confirm\?t=\S+`)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for m, err := range w.SES().Mails() {
			if err != nil {
				t.Fatal(err)
			}
			if found := link.FindString(m.Text); found != "" {
				return found
			}
		}
	}
	t.Fatal("nobody is asked to confirm")
	return ""
}

// picture takes one where pictures are asked for.
func (w *screen) picture(p *browser.Page, name string) {
	if *shots != "" {
		p.Screenshot(filepath.Join(*shots, strings.ReplaceAll(name, " ", "-")+".png"))
	}
}

// testScenes holds every page to what all pages promise.
func (w *screen) testScenes(t *testing.T, called, medium, held string) {
	for _, s := range []struct {
		name, role, path string
		status           int
	}{
		{"search", "editor", "", 200},
		{"search English", "editor", "?lang=en", 200},
		{"state", "editor", "?list=newsletter&state=confirmed", 200},
		{"who opted out", "editor", "/" + called + "?list=newsletter", 200},
		{"medium", "press", "/" + medium + "?list=press", 200},
		{"medium English", "press", "/" + medium + "?list=press&lang=en", 200},
		{"correct", "press", "/" + medium + "/correct?list=press", 200},
		{"add", "editor", "/new?list=newsletter", 200},
		{"numbers", "editor", "/numbers?list=newsletter", 200},
		{"numbers English", "press", "/numbers?list=press&lang=en", 200},
		{"print", "press", "/" + medium + "/export?list=press", 200},
		{"held", "privacy", "/" + held + "?list=newsletter", 200},
		{"held English", "privacy", "/" + held + "?list=newsletter&lang=en", 200},
		{"held as the editor sees it", "editor", "/" + held + "?list=newsletter", 200},
		{"holds", "privacy", "/holds?list=newsletter", 200},
		{"holds English", "privacy", "/holds?list=newsletter&lang=en", 200},
		{"search of a case", "privacy", "", 200},
		{"both lists", "editor,press", "", 200},
		{"nobody", "editor", "/" + strings.Repeat("0", 32) + "?list=newsletter", 404},
		{"another role", "editor", "?list=press&state=confirmed", 403},
	} {
		t.Run(s.name, func(t *testing.T) {
			p := w.chromium.Page(t, browser.Options{})
			p.Open(w.URL() + "/_local/signin?role=" + s.role)
			if status := p.Open(w.URL() + base + s.path); status != s.status {
				t.Fatalf("status %d, want %d", status, s.status)
			}
			if diff := p.OwnProblems(); len(diff) > 0 && s.status == 200 {
				t.Errorf("errors in the console: %v", diff)
			}
			p.WantReadable()
			if s.name == "print" {
				p.WantPrintable()
			}
			if *shots == "" {
				return
			}
			for _, l := range []browser.Look{{Name: "desktop"}, {Name: "phone", Size: browser.Phone}, {Name: "dark", Dark: true}} {
				p.Show(l)
				p.Screenshot(filepath.Join(*shots, strings.ReplaceAll(s.name+" "+l.Name, " ", "-")+".png"))
			}
		})
	}
}
