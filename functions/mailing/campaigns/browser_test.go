package main

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"madoguchi/infra/browser"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/ses"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
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
	w.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "SEND_DELAY_MINUTES": "0", "CANARY_SECONDS": "0", "CAMPAIGN_REVIEW": "true"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(w.Close)
	if _, err := w.Load(t.Context(), []byte(`{"subscribers":{"list":"newsletter","count":100}}`)); err != nil {
		t.Fatal(err)
	}
	w.post(t, "/_local/ses", "", `{"max_send_rate":20}`) // slow enough for the live page to move, from the beginning: a sender that works believes what it was told
	return w
}

// issue is what the editor of the journey writes.
const issue = `# ASEANの今を知る

{{name|読者}} 様

いつもご購読ありがとうございます。今月は**メコン地域**の特集です。

- 展示会のご案内
- 新しい出版物

[詳しくはこちら](https://www.asean.or.jp/ja/)`

// TestBrowser: an editor signs in, writes an issue, looks at what arrives, sends a test, has it approved, schedules it and watches it leave,
// by keyboard and without JavaScript; other kinds follow; then every page is held to what all pages promise.
func TestBrowser(t *testing.T) {
	w := newScreen(t)
	var id string
	t.Run("journey", func(t *testing.T) { id = w.testJourney(t) })
	if id == "" {
		t.Fatal("no campaign")
	}
	t.Run("scenes", func(t *testing.T) { w.testScenes(t, id) })
	t.Run("kinds", func(t *testing.T) { w.testKinds(t, id) })
	t.Run("live", func(t *testing.T) { w.testLive(t) })
}

func (w *screen) testJourney(t *testing.T) string {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true, Size: browser.Phone})
	press := func(selector, title string) {
		t.Helper()
		p.TabTo(selector)
		p.PressAndLoad(kb.Enter)
		if got := p.Text("h1"); got != title {
			t.Fatalf("%s leads to %q at %s, want %q", selector, got, p.URL(), title)
		}
	}
	p.Open(w.URL() + "/_local/signin?role=editor")
	p.Open(w.URL() + base)
	w.picture(p, "list empty")
	press(`main a[href="/staff/campaigns/new"]`, "新しい配信：種類を選ぶ")
	w.picture(p, "kinds")
	press(`a[href="/staff/campaigns/new?kind=newsletter"]`, "メールマガジンを書く")
	press("main button[type=submit]", "メールマガジンを書く")
	if n := p.Count("#summary li"); n != 2 {
		t.Errorf("%d problems of an empty form", n)
	}
	w.picture(p, "form with problems")
	p.Fill("#content\\.ja\\.subject", "アセアン通信 十一月号")
	p.Fill("#content\\.ja\\.body_markdown", issue)
	w.picture(p, "form")
	press("main button[type=submit]", "アセアン通信 十一月号")
	id := strings.TrimSuffix(strings.TrimPrefix(p.URL(), w.URL()+base+"/"), "?done=saved")
	if text := p.Text("main"); !strings.Contains(text, "100件") || !strings.Contains(text, "保存しました") {
		t.Errorf("the page says %s", text)
	}
	w.picture(p, "draft")
	press(`a[href$="/preview"]`, "届くメールの見本")
	w.picture(p, "preview")
	p.Open(w.URL() + base + "/" + id)
	press(`form[action$="/test"] button`, "アセアン通信 十一月号")
	if m := w.mail(t, "【テスト】"); !strings.Contains(m.Text, "見本 花子 様") {
		t.Errorf("the test says %s", m.Text)
	}
	w.testReview(t, p, id)
	press(`a[href$="/schedule"]`, "配信の予約の確認")
	w.picture(p, "schedule")
	press("main button[type=submit]", "アセアン通信 十一月号")
	w.picture(p, "scheduled")
	w.tick(t)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		p.Open(w.URL() + base + "/" + id)
		if strings.Contains(p.Text("main"), "配信済み") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not sent: %s", p.Text("main"))
		}
		w.tick(t)
	}
	w.picture(p, "sent")
	press(`a[href$="/results"]`, "配信の結果")
	if text := p.Text("main"); !strings.Contains(text, "100") {
		t.Errorf("the results say %s", text)
	}
	p.Open(w.URL() + base + "/" + id + "/recipient")
	p.Fill("#who", "s000007@example.jp")
	press("main button[type=submit]", "この方に届いたか調べる")
	if text := p.Text("#answer + p"); !strings.Contains(text, "送りました") {
		t.Errorf("of one who got it: %s", text)
	}
	w.picture(p, "recipient")
	return id
}

// picture takes one where pictures are asked for.
func (w *screen) picture(p *browser.Page, name string) {
	if *shots != "" {
		p.Screenshot(filepath.Join(*shots, strings.ReplaceAll(name, " ", "-")+".png"))
	}
}

// tick lets every clock strike once.
func (w *screen) tick(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+"/_local/tick", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
}

// mailWait is how long a mail may take; it takes about a second.
const mailWait = 60 * time.Second

// mail waits for a mail whose subject begins so.
func (w *screen) mail(t *testing.T, subject string) ses.Mail {
	t.Helper()
	for deadline := time.Now().Add(mailWait); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for m, err := range w.SES().Mails() {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(m.Subject, subject) {
				return m
			}
		}
	}
	t.Fatalf("no mail %s after %s", subject, mailWait)
	return ses.Mail{}
}

// testScenes holds every page to what all pages promise.
func (w *screen) testScenes(t *testing.T, id string) {
	for _, s := range []struct {
		name, path string
		status     int
	}{
		{"list", "", 200},
		{"list English", "?lang=en", 200},
		{"choose a kind", "/new?lang=ja", 200},
		{"new", "/new?kind=newsletter", 200},
		{"correction", "/new?follows=" + id + "&whom=accepted", 200},
		{"campaign", "/" + id, 200},
		{"preview", "/" + id + "/preview", 200},
		{"results", "/" + id + "/results", 200},
		{"who got it", "/" + id + "/recipient", 200},
		{"wrong state", "/" + id + "/schedule", 409},
		{"nothing there", "/aaaaaaaaaaaaaaaa", 404},
		{"another role", "/new?kind=press_release", 403},
	} {
		t.Run(s.name, func(t *testing.T) {
			p := w.chromium.Page(t, browser.Options{})
			p.Open(w.URL() + "/_local/signin?role=editor")
			if status := p.Open(w.URL() + base + s.path); status != s.status {
				t.Fatalf("status %d, want %d", status, s.status)
			}
			if diff := p.OwnProblems(); len(diff) > 0 && s.status == 200 {
				t.Errorf("errors in the console: %v", diff)
			}
			p.WantReadable()
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

// testLive: with JavaScript the page of a running campaign moves by itself, and shows the end when it has come.
func (w *screen) testLive(t *testing.T) {
	token := w.post(t, "/_local/token?role=editor", "", "")
	var created struct{ ID string }
	if err := json.Unmarshal([]byte(w.post(t, base, token, `{"kind":"newsletter","content":{"ja":{"subject":"号外","body_markdown":"{{name|読者}} 様"}}}`)), &created); err != nil {
		t.Fatal(err)
	}
	w.through(t, "editor", created.ID)
	p := w.chromium.Page(t, browser.Options{})
	p.Open(w.URL() + "/_local/signin?role=editor")
	ticked := make(chan struct{})
	go func() {
		defer close(ticked)
		w.tick(t)
	}()
	defer func() { <-ticked }()
	text := func(selector string) string {
		return browser.Eval[string](p, "read "+selector, `const e = document.querySelector(args[0]); return e ? e.textContent : ""`, selector)
	}
	wait := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it never shows %s: %s", what, text("main"))
			}
		}
	}
	wait("that it is being sent", func() bool {
		p.Open(w.URL() + base + "/" + created.ID)
		return text(".state") == "配信中"
	})
	first := text("#live-accepted")
	wait("how many more are sent", func() bool { return text("#live-accepted") != first })
	wait("that it is sent", func() bool { return text(".state") == "配信済み" })
	if problems := p.OwnProblems(); len(problems) > 0 {
		t.Errorf("errors in the console: %v", problems)
	}
}

// post sends JSON and returns the answer; an empty body asks instead.
func (w *screen) post(t *testing.T, path, token, body string) string {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	answer, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode >= 300 {
		t.Fatalf("%s: %d %s %v", path, a.StatusCode, answer, err)
	}
	return string(answer)
}
