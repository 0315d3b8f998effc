package form_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the golden pages under testdata")

var (
	styleSheet = regexp.MustCompile(`(?s)<style>.*</style>`)
	tokenValue = regexp.MustCompile(`name="form_token" value="[^"]+"`)
	referenced = regexp.MustCompile(`[NI]\d{6}-[A-Z2-7]{9}`)
)

// The pages as they are, without the style sheet and what differs from run to run: a change of a page is seen.
// `go test ./shared/form -update` writes them.
func TestGoldenPages(t *testing.T) {
	w := newWorld(t)
	newsletter, inquiry := w.open("/newsletter"), w.open("/inquiry?lang=en")
	english := func(action string, values ...string) url.Values {
		v := url.Values{"form_token": {inquiry}, "action": {action}}
		for i := 0; i+1 < len(values); i += 2 {
			v.Set(values[i], values[i+1])
		}
		return v
	}
	sent := w.post("/newsletter", person(newsletter, "submit"))
	received := w.post("/inquiry", english("submit", "name", "Ann", "email", "ann@example.com", "message", "Hello\r\n\r\nAnn"))
	for name, page := range map[string]func() answer{
		"newsletter-input":                  func() answer { return w.get("/newsletter", nil) },
		"newsletter-input-asked-in-english": func() answer { return w.get("/newsletter?lang=en", nil) },
		"newsletter-input-errors": func() answer {
			return w.post("/newsletter", person(newsletter, "check", "email", "hanako＠", "name", "", "prefecture", "", "organization", "<b>&\"'"))
		},
		"newsletter-check": func() answer {
			return w.post("/newsletter", person(newsletter, "check", "return_to", "https://partner.example.jp/"))
		},
		"newsletter-already-sent": func() answer { return w.post("/newsletter", person(newsletter, "submit", "name", "山田 華子")) },
		"newsletter-done":         func() answer { return w.get(sent.Header["location"], nil) },
		"newsletter-expired": func() answer {
			values := person(w.open("/newsletter"), "submit")
			w.pass(30 * time.Hour)
			defer w.pass(-30 * time.Hour)
			return w.post("/newsletter", values)
		},
		"resend-input":            func() answer { return w.get("/newsletter/resend", nil) },
		"inquiry-input-en":        func() answer { return w.get("/inquiry?lang=en", nil) },
		"inquiry-input-errors-en": func() answer { return w.post("/inquiry", english("check", "message", "a\u200bb")) },
		"inquiry-check-en": func() answer {
			return w.post("/inquiry", english("check", "name", "Ann", "email", "ann@example.com", "message", "Hello\r\n\r\nAnn"))
		},
		"inquiry-done-en": func() answer { return w.get(received.Header["location"], nil) },
		"error-400":       func() answer { return w.post("/newsletter", url.Values{}) },
		"error-404-en":    func() answer { return w.get("/unknown?lang=en", nil) },
		"error-405":       func() answer { return w.do("PUT", "/newsletter", nil, "") },
		"error-413":       func() answer { return w.post("/newsletter", url.Values{"a": {strings.Repeat("a", 200_000)}}) },
		"error-500":       func() answer { return w.get("/panic", nil) },
		"error-409": func() answer {
			w.refuse = &web.Error{Kind: web.Conflict, Message: policy.Text{JA: "この発行物の在庫は2部です。部数を2以下にしてください。"}}
			defer func() { w.refuse = nil }()
			return w.post("/newsletter", person(w.open("/newsletter"), "submit"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := page().Body
			if !strings.Contains(body, "</html>") {
				t.Fatal("no page")
			}
			golden(t, name, body)
		})
	}
}

// golden compares a page with its file, without the style sheet and what differs from run to run.
func golden(t *testing.T, name, page string) {
	t.Helper()
	got := styleSheet.ReplaceAllString(page, "<style>…</style>")
	got = tokenValue.ReplaceAllString(got, `name="form_token" value="TOKEN"`)
	got = referenced.ReplaceAllString(got, "REFERENCE")
	file := filepath.Join("testdata", "golden", name+".html")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("run `go test ./shared/form -update`: %v", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s changed; if that is meant, run `go test ./shared/form -update`\n%s", file, diff)
	}
}

// Every golden file belongs to a page.
func TestGoldenPagesHoldNothingElse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.html"))
	if err != nil || len(files) != 25 {
		t.Errorf("%d golden pages, %v", len(files), err)
	}
}
