package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/policy/text"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

// environment is what the template gives the function.
func environment() map[string]string {
	o := policy.DefaultOrganization()
	return map[string]string{
		"PUBLIC_URL": o.PublicURL, "WEBSITE_URL": o.WebsiteURL, "PRIVACY_CONTACT": o.PrivacyContact,
		"ORGANIZATION_NAME_JA": o.Name.JA, "ORGANIZATION_NAME_EN": o.Name.EN,
		"ORGANIZATION_SHORT_NAME_JA": o.ShortName.JA, "ORGANIZATION_SHORT_NAME_EN": o.ShortName.EN,
		"REPRESENTATIVE_JA": o.Representative.JA, "REPRESENTATIVE_EN": o.Representative.EN,
		"ORGANIZATION_ADDRESS_JA": o.Address.JA, "ORGANIZATION_ADDRESS_EN": o.Address.EN,
		"PRIVACY_OFFICE_JA": o.PrivacyOffice.JA, "PRIVACY_OFFICE_EN": o.PrivacyOffice.EN,
	}
}

func deployed(t *testing.T) http.Handler {
	t.Helper()
	handler, err := run(t.Context(), config.Map(environment()))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// with returns the handler for other versions and services than those of today.
func with(t *testing.T, versions text.Versions, current string, services []policy.Service) http.Handler {
	t.Helper()
	site := &web.Site{Organization: policy.DefaultOrganization(), Now: time.Now}
	return newHandler(site, func() (text.Versions, error) { return versions, nil }, current, services)
}

func builtIn(t *testing.T) text.Versions {
	t.Helper()
	versions, err := text.Published()
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

func get(handler http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return send(handler, http.MethodGet, target, header...)
}

func send(handler http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// mainElement is what stands in <main>: the layout around it has tests of its own.
func mainElement(t *testing.T, body string) string {
	t.Helper()
	_, after, ok := strings.Cut(body, "<main")
	content, _, closed := strings.Cut(after, "</main>")
	if !ok || !closed {
		t.Fatalf("no <main> in %q", body)
	}
	return "<main" + content + "</main>\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// R1: the pages, word for word.
func TestPages(t *testing.T) {
	for name, target := range map[string]string{
		"front.ja.html": "/", "front.en.html": "/?lang=en", "privacy.ja.html": "/privacy", "privacy.en.html": "/privacy?lang=en",
		"request.ja.html": "/privacy/request", "request.en.html": "/privacy/request?lang=en", "form.ja.html": "/privacy/request/form", "form.en.html": "/privacy/request/form?lang=en",
		"security.ja.html": "/security", "security.en.html": "/security?lang=en", "links.ja.html": "/links", "links.en.html": "/links?lang=en",
		"accessibility.ja.html": "/accessibility", "accessibility.en.html": "/accessibility?lang=en",
	} {
		t.Run(name, func(t *testing.T) {
			w := get(deployed(t), target)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d", w.Code)
			}
			golden(t, name, mainElement(t, w.Body.String()))
		})
	}
}

// The payloads are those of the HTTP API; `sam local invoke` takes the same files.
func TestEvents(t *testing.T) {
	type answer struct {
		Status                      int
		Type, Language, Cache, Vary string
		Allow                       string
	}
	const html, plain, problem = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/problem+json"
	page := func(language string) answer {
		return answer{200, html, language, cacheable, "Accept-Language, Cookie", ""}
	}
	for name, c := range map[string]struct {
		want     answer
		contains string // empty: the body is empty
	}{
		"front":                   {page("ja"), `<a href="/newsletter?lang=ja">メールマガジン</a>`},
		"front-english":           {page("en"), `<a href="/newsletter?lang=en">E-mail newsletter</a>`},
		"privacy":                 {page("ja"), "<h1>プライバシーポリシー（仮訳）</h1>"},
		"privacy-english":         {page("en"), "<h1>Privacy Policy</h1>"},
		"privacy-version":         {page("en"), "<p>8 September 2022</p>"},
		"privacy-unknown-version": {answer{404, html, "ja", "no-store", "", ""}, "<h1>ページが見つかりません</h1>"},
		"privacy-head":            {page("ja"), ""},
		"request":                 {page("ja"), "<h1>個人情報に関する請求の方法</h1>"},
		"request-english":         {page("en"), "<h1>Requests about your personal information</h1>"},
		"request-form":            {page("ja"), "<h1>個人情報に関する請求書</h1>"},
		"request-form-english":    {page("en"), "<h1>Request about personal information</h1>"},
		"accessibility":           {page("ja"), "<h1>アクセシビリティについて</h1>"},
		"security-english":        {page("en"), "<h1>How we protect personal information</h1>"},
		"links":                   {page("ja"), "（外部サイト）</a>"},
		"privacy-post":            {answer{405, problem, "", "no-store", "", "GET, HEAD"}, `"status":405`},
		"health":                  {answer{200, plain, "", "no-store", "", ""}, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := os.ReadFile(filepath.Join("../../../events/site", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			reply, err := web.Lambda(deployed(t)).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(reply, &got); err != nil {
				t.Fatal(err)
			}
			h := got.Headers
			if diff := cmp.Diff(c.want, answer{got.StatusCode, h["content-type"], h["content-language"], h["cache-control"], h["vary"], h["allow"]}); diff != "" {
				t.Error(diff)
			}
			if h["x-request-id"] != "JKJaXmPLvHcESHA=" {
				t.Errorf("X-Request-Id %q", h["x-request-id"])
			}
			if !strings.Contains(got.Body, c.contains) || (c.contains == "" && got.Body != "") {
				t.Errorf("body lacks %q: %q", c.contains, got.Body)
			}
		})
	}
	files, err := filepath.Glob("../../../events/site/*.json")
	if err != nil || len(files) != 16 {
		t.Errorf("%d payloads (%v), 16 are tested", len(files), err)
	}
}

// Contract, /health: 200 and no details, whoever asks and however.
func TestHealthSaysNothingElse(t *testing.T) {
	for _, target := range []string{"/health", "/health?lang=en&verbose=1"} {
		w := get(deployed(t), target, "Accept", "application/json")
		if got := w.Body.String(); w.Code != http.StatusOK || got != "ok" {
			t.Errorf("%s: %d %q", target, w.Code, got)
		}
	}
}

// Unknown paths and methods; the pages of later issues are not there and must not be answered by accident.
func TestRefusals(t *testing.T) {
	handler := deployed(t)
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{http.MethodGet, "/privacy/", 404}, {http.MethodGet, "/privacy/request/", 404}, {http.MethodGet, "/cookies", 404}, {http.MethodGet, "/privacy/2022-09-08/", 404},
		{http.MethodGet, "/privacy/2022-09-08.en", 404}, {http.MethodGet, "/privacy/..%2Ftext", 404}, {http.MethodGet, "/index.html", 404},
		{http.MethodGet, "/health/db", 404}, {http.MethodGet, "/newsletter", 404},
		{http.MethodPost, "/", 405}, {http.MethodPut, "/health", 405}, {http.MethodDelete, "/privacy/2022-09-08", 405},
		{http.MethodHead, "/", 200}, {http.MethodHead, "/health", 200}, {http.MethodHead, "/privacy/2022-09-08", 200},
	} {
		w := send(handler, c.method, c.target)
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.target, w.Code, c.want)
		}
		if w.Code == http.StatusMethodNotAllowed && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", c.method, c.target, w.Header().Get("Allow"))
		}
		if w.Code >= 400 && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: an error may be cached: %q", c.method, c.target, w.Header().Get("Cache-Control"))
		}
	}
}

// Contract: ?lang before Accept-Language before Japanese.
func TestLanguages(t *testing.T) {
	handler := deployed(t)
	for _, c := range []struct{ target, accept, want string }{
		{"/privacy", "", "ja"}, {"/privacy", "en", "en"}, {"/privacy", "ja;q=0.8,en;q=0.9", "en"}, {"/privacy", "th, fr", "ja"},
		{"/privacy?lang=ja", "en", "ja"}, {"/privacy?lang=en", "ja", "en"}, {"/privacy?lang=th", "en", "en"}, {"/privacy?lang=en%00", "", "ja"},
		{"/privacy/request", "en", "en"}, {"/accessibility?lang=ja", "en", "ja"}, {"/", "", "ja"}, {"/", "en-US,en", "en"}, {"/?lang=ja", "en", "ja"},
	} {
		w := get(handler, c.target, "Accept-Language", c.accept)
		if got := w.Header().Get("Content-Language"); got != c.want || !strings.Contains(w.Body.String(), `<html lang="`+c.want+`">`) {
			t.Errorf("%s with %q: %q, want %q", c.target, c.accept, got, c.want)
		}
	}
}

// Decisions, "Japanese text of the policy": the page says that it is provisional until the organisation replaces it.
func TestProvisionalIsSaidOnlyWhereItIs(t *testing.T) {
	const note, title = "仮訳です", "（仮訳）"
	own := "title: プライバシーポリシー\ndate: 2022年9月8日\n\n# 1. 章\n本文\n"
	replaced, err := text.Load(fstest.MapFS{"2022-09-08.ja.txt": {Data: []byte(own)},
		"2022-09-08.en.txt": {Data: []byte("title: Privacy Policy\ndate: 8 September 2022\nprovisional: yes\n\n# 1. Heading\nText\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
		target  string
		want    bool
	}{
		{"translation", deployed(t), "/privacy?lang=ja", true},
		{"published text", deployed(t), "/privacy?lang=en", false},
		{"replaced by the organisation", with(t, replaced, "2022-09-08", nil), "/privacy?lang=ja", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := get(c.handler, c.target).Body.String()
			if strings.Contains(body, note) != c.want || strings.Contains(body, title) != c.want {
				t.Errorf("note %t, title %t, want %t", strings.Contains(body, note), strings.Contains(body, title), c.want)
			}
		})
	}
	if body := get(with(t, replaced, "2022-09-08", nil), "/privacy?lang=en").Body.String(); !strings.Contains(body, "Privacy Policy (provisional translation)") {
		t.Error("an English translation does not say that it is one")
	}
}
