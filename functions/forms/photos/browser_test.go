package main

import (
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
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

// samples are photos as the sample content loads them: drawn by this project.
const samples = `{"photos":[
 {"album":{"id":"nature","title":"自然"},"name":"bay","caption":"夕暮れの湾に浮かぶ帆船","credit":"日本アセアンセンター","sample":"bay"},
 {"album":{"id":"nature","title":"自然"},"name":"beach","caption":"ヤシの木と帆船のある浜辺","credit":"日本アセアンセンター","sample":"beach"},
 {"album":{"id":"nature","title":"自然"},"name":"terraces","caption":"雨上がりの棚田","credit":"日本アセアンセンター","terms":"商用の場合は事前にご連絡ください","sample":"terraces"},
 {"album":{"id":"town","title":"街と暮らし"},"name":"market","caption":"ランタンの灯る夜市","credit":"日本アセアンセンター","sample":"market"},
 {"album":{"id":"town","title":"街と暮らし"},"name":"skyline","caption":"水辺の街の夜景","credit":"日本アセアンセンター","sample":"skyline"},
 {"album":{"id":"town","title":"街と暮らし"},"name":"temple","caption":"朝もやの仏塔と気球","credit":"日本アセアンセンター","sample":"temple"}]}`

func newScreen(t *testing.T) *screen {
	t.Helper()
	w := &screen{chromium: browser.Start(t)}
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	w.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(w.Close)
	return w
}

// TestBrowser uses the library in Chromium as its visitors do, over the whole local stack, with the photos that the sample content
// loads (contract: "Each page works without cookies, without JavaScript, by keyboard, at 400 % zoom").
func TestBrowser(t *testing.T) {
	w := newScreen(t)
	t.Run("load", w.testLoad)
	var ticket, done string
	t.Run("journey", func(t *testing.T) { ticket, done = w.testJourney(t) })
	t.Run("scenes", func(t *testing.T) { w.testScenes(t, ticket, done) })
}

// testLoad: anything wrong is told with its place, and nothing is loaded; then all is.
func (w *screen) testLoad(t *testing.T) {
	for place, wrong := range map[string]string{
		"photos":           `{"photos":[{"caption":1}]}`,
		"photos[0].album":  `{"photos":[{"album":{"id":"A","title":"a"},"name":"b","caption":"c","credit":"d","sample":"bay"}]}`,
		"photos[0].sample": `{"photos":[{"album":{"id":"a","title":"a"},"name":"b","caption":"c","credit":"d","sample":"moon"}]}`,
		"photos[1].image": `{"photos":[{"album":{"id":"a","title":"a"},"name":"a","caption":"c","credit":"d","sample":"bay"},
			{"album":{"id":"a","title":"a"},"name":"b","caption":"c","credit":"d","image":"bm8gcGljdHVyZQ=="}]}`,
	} {
		_, err := w.Load(t.Context(), []byte(wrong))
		var told *stack.LoadError
		if !errors.As(err, &told) || told.Place != place || told.Reason == "" {
			t.Errorf("%s: %v", place, err)
		}
	}
	p := w.chromium.Page(t, browser.Options{})
	p.Open(w.URL() + "/photos")
	if n := p.Count("figure"); n != 0 {
		t.Errorf("%d photos after loads that failed", n)
	}
	counts, err := w.Load(t.Context(), []byte(samples))
	if err != nil || counts["photos"] != 6 {
		t.Fatalf("%v, %v", counts, err)
	}
}

// testJourney: a visitor browses, registers, downloads, and comes back by the link in the mail; by keyboard, without JavaScript and cookies.
func (w *screen) testJourney(t *testing.T) (ticket, done string) {
	p := w.chromium.Page(t, browser.Options{NoJavaScript: true, NoCookies: true, Size: browser.Phone})
	press := func(selector, title string) {
		t.Helper()
		p.TabTo(selector)
		p.PressAndLoad(kb.Enter)
		if got := p.Text("h1"); got != title {
			t.Fatalf("%s leads to %q at %s, want %q", selector, got, p.URL(), title)
		}
	}
	p.Open(w.URL() + "/photos")
	press(`a[href="/photos?album=town"]`, "写真を見る")
	if n := p.Count("figure"); n != 3 {
		t.Errorf("%d photos in the album", n)
	}
	press(`a[href="/photos/town-market"]`, "ランタンの灯る夜市")
	press(`a[href="/photos/register"]`, "デジタルフォトライブラリーの利用登録")
	for field, value := range map[string]string{"#name": "𠮷野家 髙﨑", "#organization": "株式会社メコン", "#email": "hanako@example.jp"} {
		p.Fill(field, value)
	}
	p.Choose("#prefecture", "13")
	press("button[value=check]", "入力内容の確認")
	press("button[value=submit]", "登録しました")
	done = strings.TrimPrefix(p.URL(), w.URL())
	press(`main a.button`, "写真のダウンロード")
	straight := w.link(t, p)
	w.download(t, straight)

	mail := w.mail(t, "hanako@example.jp")
	start := w.URL() + "/photos?t="
	_, rest, found := strings.Cut(mail.Text, start)
	ticket, _, _ = strings.Cut(rest, "\n")
	ticket = strings.TrimSpace(ticket)
	if !found || strings.Contains(mail.Text+mail.Subject, "髙﨑") {
		t.Fatalf("the mail: %s", mail.Text)
	}
	for range 2 { // the mail's scanner first, then the person
		if status := p.Open(start + ticket); status != http.StatusOK {
			t.Fatalf("the mail's link: %d", status)
		}
	}
	w.download(t, w.link(t, p))
	if loaded := browser.Eval[bool](p, "see the thumbnails", `return [...document.images].slice(0, 2).every(i => i.complete && i.naturalWidth === 480)`); !loaded {
		t.Error("the thumbnails are not shown")
	}
	return ticket, done
}

// link is the first download on the page.
func (w *screen) link(t *testing.T, p *browser.Page) string {
	t.Helper()
	return browser.Eval[string](p, "find a download", `return document.querySelector("a[href*='/download?']").href`)
}

// download follows a link of the page to its file, as a browser's download does.
func (w *screen) download(t *testing.T, link string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(link)
	id := strings.Split(u.Path, "/")[2]
	if answer.StatusCode != http.StatusOK || len(content) < 50_000 || answer.Header.Get("Content-Disposition") != "attachment; filename="+id+".jpg" {
		t.Errorf("status %d, %d bytes, %v", answer.StatusCode, len(content), answer.Header)
	}
}

// mailWait is how long a mail may take; it takes about a second.
const mailWait = 60 * time.Second

func (w *screen) mail(t *testing.T, to string) ses.Mail {
	t.Helper()
	for deadline := time.Now().Add(mailWait); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for m, err := range w.SES().Mails() {
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(m.To, to) {
				return m
			}
		}
	}
	t.Fatalf("no mail after %s", mailWait)
	return ses.Mail{}
}

// testScenes holds every page to what all pages promise.
func (w *screen) testScenes(t *testing.T, ticket, done string) {
	for _, s := range []struct {
		name, path string
		status     int
	}{
		{"catalogue", "/photos", 200},
		{"catalogue with downloads", "/photos?t=" + ticket, 200},
		{"photo", "/photos/nature-terraces", 200},
		{"photo with downloads", "/photos/nature-terraces?t=" + ticket, 200},
		{"registration", "/photos/register", 200},
		{"done", done, 200},
		{"link cut short", "/photos?t=cut", 400},
	} {
		t.Run(s.name, func(t *testing.T) {
			p := w.chromium.Page(t, browser.Options{})
			if status := p.Open(w.URL() + s.path); status != s.status {
				t.Fatalf("status %d, want %d", status, s.status)
			}
			p.WantPlain(w.URL())
			p.WantReadable()
			p.WantPrintable()
			if *shots == "" {
				return
			}
			for _, l := range []browser.Look{{Name: "phone", Size: browser.Phone}, {Name: "dark", Dark: true}} {
				p.Show(l)
				p.Screenshot(filepath.Join(*shots, strings.ReplaceAll(s.name+" "+l.Name, " ", "-")+".png"))
			}
		})
	}
}
