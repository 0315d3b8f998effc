package browser

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// good breaks no rule; it says what the browser told it.
const good = `<!doctype html><html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>窓口</title>
<style>
body { background: #fff; color: #111; transition: none } p { margin: 1em 0 } :focus-visible { outline: 3px solid #06c }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } a { color: #8cf } }
@media (prefers-reduced-motion: no-preference) { body { transition: color 1s } }
</style>
<main><h1>窓口</h1><p id="cookie">%s</p><p id="language">%s</p><p id="script">no script ran</p><noscript><p id="noscript">without JavaScript</p></noscript>
<form method="post" action="/post"><p><label for="name">お名前</label> <input id="name" name="name" autocomplete="name"></p>
<p><label for="place">都道府県</label> <select id="place" name="place"><option value="">選択してください</option><option value="13">東京都</option></select></p>
<p><button id="send">送信する</button></p></form></main>
<script>document.getElementById("script").textContent = "a script ran"</script>`

// bad breaks rules on purpose: no language, no label, no alternative text, pale on white, a small target, a width of its own.
const bad = `<!doctype html><html><meta charset="utf-8"><title>x</title>
<main style="width: 900px"><h1>Bad</h1><p style="color: #bbb; background: #fff">pale</p><input name="q"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<button style="width:8px;height:8px;padding:0;border:0">a</button><button style="width:8px;height:8px;padding:0;border:0">b</button>
<button id="ringless" style="outline:none">no ring</button></main><script>undefinedFunction()</script>`

func site(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		seen := "no cookie"
		if c, err := r.Cookie("seen"); err == nil {
			seen = "cookie " + c.Value
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		_, _ = fmt.Fprintf(w, good, seen, r.Header.Get("Accept-Language"))
	})
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, bad) })
	mux.HandleFunc("GET /strict", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'none'")
		_, _ = fmt.Fprintf(w, good, "", "")
	})
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("place") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="ja"><title>x</title><p id="got">%s %s</p>`, r.FormValue("name"), r.FormValue("place"))
	})
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/bad", http.StatusSeeOther) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestPage(t *testing.T) {
	url := site(t)
	b := Start(t)

	t.Run("a form by mouse, with an error and without", func(t *testing.T) {
		p := b.Page(t, Options{})
		if status := p.Open(url + "/"); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		p.Fill("#name", "typed before")
		p.Fill("#name", "𠮷野家 葛󠄀 🧑‍🤝‍🧑") // hard case 1
		if got := p.Value("#name"); got != "𠮷野家 葛󠄀 🧑‍🤝‍🧑" {
			t.Errorf("the field holds %q", got)
		}
		if status := p.Submit("#send"); status != http.StatusUnprocessableEntity {
			t.Errorf("without a prefecture: status %d, want 422", status)
		}
		p.Open(url + "/")
		p.Fill("#name", "髙﨑")
		p.Choose("#place", "13")
		if status := p.Submit("#send"); status != http.StatusOK {
			t.Errorf("status %d, want 200", status)
		}
		if diff := cmp.Diff("髙﨑 13", p.Text("#got")); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
		if status := p.Open(url + "/away"); status != http.StatusOK || p.URL() != url+"/bad" {
			t.Errorf("after a redirect: status %d at %s", status, p.URL())
		}
	})

	t.Run("by keyboard", func(t *testing.T) {
		p := b.Page(t, Options{})
		p.Open(url + "/")
		stops := p.TabTo("#name")
		want := []Focused{{Tag: "input", ID: "name", Name: "name", Type: "text", Ring: true, InView: true}}
		if diff := cmp.Diff(want, stops); diff != "" {
			t.Errorf("stops (-want +got):\n%s", diff)
		}
		p.Type("窓口")
		p.TabTo("#place")
		p.Press(kb.ArrowDown)
		p.TabTo("#send")
		if status := p.PressAndLoad(kb.Enter); status != http.StatusOK {
			t.Errorf("status %d, want 200", status)
		}
		if got := p.Text("#got"); got != "窓口 13" {
			t.Errorf("posted %q", got)
		}
		p.Open(url + "/bad")
		stops = p.TabTo("#ringless")
		if last := stops[len(stops)-1]; last.Ring || last.Text != "no ring" {
			t.Errorf("the button without a ring is seen as %+v", last)
		}
	})

	t.Run("JavaScript on and off", func(t *testing.T) {
		for _, tt := range []struct {
			off            bool
			text           string
			noscript, rows int
		}{{false, "a script ran", 0, 1}, {true, "no script ran", 1, 1}} {
			p := b.Page(t, Options{NoJavaScript: tt.off})
			p.Open(url + "/")
			if got := p.Text("#script"); got != tt.text {
				t.Errorf("off %v: %q, want %q", tt.off, got, tt.text)
			}
			if got := p.Count("#noscript"); got != tt.noscript {
				t.Errorf("off %v: %d noscript elements, want %d", tt.off, got, tt.noscript)
			}
			p.Choose("#place", "13")
			p.Fill("#name", "A")
			p.WantAccessible()
			if p.Submit("#send"); p.Text("#got") != "A 13" {
				t.Errorf("off %v: posted %q", tt.off, p.Text("#got"))
			}
		}
	})

	t.Run("cookies kept, refused, and not shared", func(t *testing.T) {
		for _, tt := range []struct {
			no   bool
			want string
		}{{false, "cookie 1"}, {true, "no cookie"}} {
			p := b.Page(t, Options{NoCookies: tt.no})
			p.Open(url + "/")
			if got := p.Text("#cookie"); got != "no cookie" {
				t.Errorf("refused %v: a new page begins with %q", tt.no, got)
			}
			p.Open(url + "/")
			if got := p.Text("#cookie"); got != tt.want {
				t.Errorf("refused %v: %q, want %q", tt.no, got, tt.want)
			}
		}
	})

	t.Run("colours, motion, language and size", func(t *testing.T) {
		for _, tt := range []struct {
			name                 string
			opts                 Options
			background, duration string
			language             string
			width                int
		}{
			{"as it comes", Options{}, "rgb(255, 255, 255)", "1s", "ja", 1280},
			{"dark on a phone", Options{Dark: true, Size: Phone}, "rgb(17, 17, 17)", "1s", "ja", 390},
			{"still, in English, at 400 %", Options{ReducedMotion: true, Language: "en", Size: Zoom400}, "rgb(255, 255, 255)", "0s", "en", 320},
		} {
			p := b.Page(t, tt.opts)
			p.Open(url + "/")
			const script = `const s = getComputedStyle(document.body); return [s.backgroundColor, s.transitionDuration, String(innerWidth)]`
			want := []string{tt.background, tt.duration, fmt.Sprint(tt.width)}
			if diff := cmp.Diff(want, Eval[[]string](p, "read the style", script)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
			if got := p.Text("#language"); got != tt.language {
				t.Errorf("%s: Accept-Language %q, want %q", tt.name, got, tt.language)
			}
			if wide := p.TooWide(); len(wide) > 0 {
				t.Errorf("%s: scrolls sideways: %q", tt.name, wide)
			}
			p.WantAccessible()
		}
		p := b.Page(t, Options{Size: Zoom400})
		p.Open(url + "/bad")
		if wide := p.TooWide(); len(wide) == 0 || !strings.HasPrefix(wide[0], "<main") {
			t.Errorf("a page of 900 px at 400 %%: too wide %q, want its main element", wide)
		}
	})

	t.Run("screenshot of the whole page", func(t *testing.T) {
		p := b.Page(t, Options{Size: Phone})
		p.Open(url + "/")
		path := filepath.Join(t.TempDir(), "new", "page.png")
		p.Screenshot(path)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		picture, err := png.DecodeConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		if want := int(Phone.Scale) * int(Phone.Width); picture.Width != want {
			t.Errorf("the picture is %d pixels wide, want %d", picture.Width, want)
		}
	})
}

// The rules that the bad page breaks are all found, each with its place, and the good page's console is clean.
func TestFindings(t *testing.T) {
	url := site(t)
	b := Start(t)
	p := b.Page(t, Options{})
	p.Open(url + "/")
	if got := p.Problems(); len(got) > 0 {
		t.Errorf("the good page's console: %q", got)
	}
	p.Open(url + "/bad")
	found := map[string]string{}
	for _, v := range p.Axe() {
		found[v.Rule] = v.String()
	}
	for rule, place := range map[string]string{
		"html-has-lang": "<html", "label": `name="q"`, "image-alt": "<img", "color-contrast": "#bbb", "target-size": "8px",
	} {
		if !strings.Contains(found[rule], place) {
			t.Errorf("axe-core does not find %s at %s; it says %q", rule, place, found[rule])
		}
	}
	if got := strings.Join(p.Problems(), "\n"); !strings.Contains(got, "undefinedFunction") {
		t.Errorf("the console lacks the exception: %q", got)
	}
	strict := b.Page(t, Options{})
	strict.Open(url + "/strict")
	if got := strings.Join(strict.Problems(), "\n"); !strings.Contains(got, "Content Security Policy") {
		t.Errorf("the console lacks the policy's refusal: %q", got)
	}
	if got := strict.Text("#script"); got != "no script ran" {
		t.Errorf("under the policy %q", got)
	}
	if len(strict.Axe()) != 0 {
		t.Error("axe-core finds violations under a strict policy")
	}
}

// recorder is a test that notes why it was skipped; everything else is the real one's.
type recorder struct {
	testing.TB
	skipped string
}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit() // as a real skip does
}

// A machine without a browser skips with the command that installs one; it does not fail.
func TestNeedSkips(t *testing.T) {
	t.Setenv("CHROMIUM", "")
	t.Setenv("PATH", t.TempDir())
	r := &recorder{TB: t}
	var path string
	done := make(chan struct{})
	go func() {
		defer close(done)
		path = Need(r)
	}()
	<-done
	// macOS keeps Chrome outside of PATH, so there may be one even now.
	if path == "" && !(strings.Contains(r.skipped, "is missing") && strings.Contains(r.skipped, "to install it: ")) {
		t.Errorf("skipped with %q, want what is missing and the command", r.skipped)
	}
}
