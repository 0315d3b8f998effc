package subscription

import (
	"flag"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"madoguchi/infra/browser"
)

var shots = flag.String("shots", "", "write pictures of the pages into this folder")

// The page that asks to stay, as people see it: by keyboard, without JavaScript, on a phone and on a desk, held to what all pages promise.
func TestStayPage(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	chromium := browser.Start(t)
	for name, size := range map[string]browser.Size{"phone": browser.Phone, "desktop": browser.Desktop} {
		address := name + "@example.jp"
		w.set(start)
		w.subscribed(t, hanako("email", address))
		s, _ := w.stored(t, address)
		w.set(time.Unix(s.ExpiresAt, 0).Add(-leads.First))
		w.tick(t)
		link := w.last(t, address, "stay").Data["link"]
		p := chromium.Page(t, browser.Options{NoJavaScript: true, Size: size})
		look := func(title string) {
			t.Helper()
			if got := p.Text("h1"); got != title {
				t.Fatalf("%s: the page is %q, want %q", name, got, title)
			}
			p.WantAccessible()
			if *shots != "" {
				p.Screenshot(filepath.Join(*shots, title+"-"+name+".png"))
			}
		}
		p.Open(server.URL + link)
		look("メールマガジンを続けて受け取る")
		p.TabTo("main form button")
		p.PressAndLoad(kb.Enter)
		look("登録は続いています")
		if s, _ := w.stored(t, address); s.Channel != ChannelRenewal {
			t.Errorf("%s: not renewed: %+v", name, s)
		}
		w.set(time.Unix(s.ExpiresAt, 0).Add(1200 * day))
		if status := p.Open(server.URL + link); status != 410 || !strings.Contains(p.Text("main"), "登録フォームへ") {
			t.Errorf("%s: after the end: %d", name, status)
		}
		look("登録を続けられませんでした")
	}
}
