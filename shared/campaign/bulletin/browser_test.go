package bulletin_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// looks are the two widths of mail readers, a phone and the pane beside a list, in light and dark.
var looks = []browser.Look{
	{Name: "360", Size: browser.Size{Width: 360, Height: 740, Scale: 2, Mobile: true}},
	{Name: "360-dark", Size: browser.Size{Width: 360, Height: 740, Scale: 2, Mobile: true}, Dark: true},
	{Name: "800", Size: browser.Size{Width: 800, Height: 900}},
	{Name: "800-dark", Size: browser.Size{Width: 800, Height: 900}, Dark: true},
}

// Every mail reads on a phone and beside a list, in light and dark: nothing is wider than the screen, and axe-core finds nothing
// that breaks WCAG 2.2 AA. With SCREENSHOTS set to a folder the pictures are kept there.
func TestLooks(t *testing.T) {
	b := browser.Start(t)
	pages := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".jpg") {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(picture(t))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(pages[r.URL.Path]))
	}))
	t.Cleanup(server.Close)
	list := samples()
	long := samples()[0]
	long.name, long.content.Subject = "long", strings.Repeat("長い件名", 20)
	long.content.BodyMarkdown = "https://a.example/" + strings.Repeat("x", 200) + "\n\n| " + strings.Repeat("見出し | ", 6) + "\n|" + strings.Repeat("---|", 6) +
		"\n| " + strings.Repeat("組織の名称 | ", 6) + "\n\n```\n" + strings.Repeat("x", 120) + "\n```\n\n**[" + strings.Repeat("ボタンの長い言葉", 6) + "](https://a.example/)**"
	press := samples()[1]
	press.name, press.frame.Embargo = "embargo", time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)
	for _, s := range append(list, long, press) {
		s.frame.Images = []string{server.URL}
		s.content.BodyMarkdown = strings.ReplaceAll(s.content.BodyMarkdown, "https://www.asean.or.jp/images", server.URL)
		bulletinOf, err := bulletin.Compile(s.content, s.frame)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		r := hanako()
		r.Values["title"] = "主任研究員"
		_, page, _, err := bulletinOf.Render(r)
		if err != nil {
			t.Fatal(err)
		}
		pages["/"+s.name] = page
	}
	p := b.Page(t, browser.Options{NoJavaScript: true})
	for path := range pages {
		p.Open(server.URL + path)
		for _, look := range looks {
			p.Show(look)
			for _, wide := range p.TooWide() {
				t.Errorf("%s at %s is too wide: %s", path, look.Name, wide)
			}
			if look.Name == "360" || look.Name == "360-dark" {
				p.WantAccessible()
			}
			if folder := os.Getenv("SCREENSHOTS"); folder != "" {
				p.Screenshot(filepath.Join(folder, path+"."+look.Name+".png"))
			}
		}
	}
	if got := p.Problems(); len(got) > 0 {
		t.Errorf("the browser complains: %q", got)
	}
	if p.Open(server.URL + "/newsletter.ja"); !strings.Contains(p.Text("body"), "11月のセミナー") || strings.Contains(p.Text("body"), "お申し込みを受け付けています。") {
		t.Error("the preheader is seen, or the body is not")
	}
	if _, ok := pages["/"+string(policy.QuestionnaireInvite)+".en"]; !ok {
		t.Error("no page of the questionnaire was looked at")
	}
}

func picture(t *testing.T) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 960, 420))
	for y := range 420 {
		for x := range 960 {
			img.Set(x, y, color.RGBA{uint8(90 + x/12), uint8(140 + y/6), 200, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}
