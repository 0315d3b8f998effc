package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/logging"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the golden files under testdata")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
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
		t.Fatalf("run `go test ./shared/web -update`: %v", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s changed; if that is meant, run `go test ./shared/web -update`\n%s", file, diff)
	}
}

func newSite() *web.Site {
	return &web.Site{Organization: policy.DefaultOrganization(), Origins: []string{"https://partner.example.jp"}, Now: time.Now}
}

// failing is a function whose only page fails as told.
func failing(site *web.Site, err error) http.Handler {
	mux := site.NewMux()
	mux.Handle("GET /fails", func(http.ResponseWriter, *http.Request) error { return err })
	return mux
}

func event(method, path, accept string) string {
	return fmt.Sprintf(`{"rawPath":%q,"headers":{"accept":%q},"requestContext":{"requestId":"r-1","http":{"method":%q,"sourceIp":"192.0.2.1"}}}`, path, accept, method)
}

// The headers of every kind of answer (R96-R98, R105): a change is seen.
func TestHeadersGolden(t *testing.T) {
	site := newSite()
	mux := site.NewMux()
	mux.Handle("GET /page", func(w http.ResponseWriter, _ *http.Request) error {
		return site.Write(w, http.StatusOK, web.Page{Language: policy.Japanese, Title: "窓口"})
	})
	mux.Handle("GET /json", func(w http.ResponseWriter, _ *http.Request) error {
		return web.WriteJSON(w, http.StatusOK, "application/json", map[string]string{"a": "b"})
	})
	mux.Handle("GET /away", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Location", "/page")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	})
	var out strings.Builder
	for _, request := range []struct{ method, path, accept string }{
		{"GET", "/page", ""}, {"GET", "/json", ""}, {"GET", "/away", ""}, {"GET", "/unknown", ""}, {"GET", "/unknown", "application/json"}, {"POST", "/page", ""},
	} {
		answer, err := invoke(t, mux, event(request.method, request.path, request.accept))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s %s\n%d\n", request.method, request.path, request.accept, answer.StatusCode)
		for _, name := range slices.Sorted(maps.Keys(answer.Headers)) {
			value := answer.Headers[name]
			if before, after, ok := strings.Cut(value, "'sha256-"); ok {
				_, after, _ = strings.Cut(after, "'")
				value = before + "'sha256-…'" + after
			}
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
		out.WriteString("\n")
	}
	golden(t, "headers.txt", out.String())
}

// Every kind of error has its status, its words in both languages and its headers, and never its cause (RFC 9457).
func TestFail(t *testing.T) {
	secret := errors.New("no item for hanako@example.jp")
	text := policy.Text{JA: "日本語の説明。", EN: "In English."}
	unavailable := fmt.Errorf("get: %w: %w", record.ErrUnavailable, secret)
	for name, c := range map[string]struct {
		err    error
		status int
		header map[string]string
		detail string
	}{
		"bad request":        {&web.Error{Kind: web.BadRequest, Message: text, Cause: secret}, 400, nil, "日本語の説明。"},
		"unauthorized":       {&web.Error{Kind: web.Unauthorized, Message: text, Cause: secret}, 401, nil, "日本語の説明。"},
		"forbidden":          {&web.Error{Kind: web.Forbidden, Message: text, Cause: secret}, 403, nil, "日本語の説明。"},
		"not found":          {web.ErrNotFound, 404, nil, web.ErrNotFound.Message.JA},
		"method not allowed": {&web.Error{Kind: web.MethodNotAllowed, Message: text, Allow: "GET, HEAD"}, 405, map[string]string{"allow": "GET, HEAD"}, "日本語の説明。"},
		"conflict":           {&web.Error{Kind: web.Conflict, Message: text}, 409, nil, "日本語の説明。"},
		"gone":               {&web.Error{Kind: web.Gone, Message: text}, 410, nil, "日本語の説明。"},
		"too large":          {&web.Error{Kind: web.TooLarge, Message: text}, 413, nil, "日本語の説明。"},
		"unsupported media":  {&web.Error{Kind: web.UnsupportedMedia, Message: text}, 415, nil, "日本語の説明。"},
		"invalid":            {&web.Error{Kind: web.Invalid, Message: text, Fields: []web.FieldError{{Field: "name", Code: "required", Message: "「お名前」を入力してください"}}}, 422, nil, "日本語の説明。"},
		"invalid, one field": {&web.Error{Kind: web.Invalid, Message: text, Fields: []web.FieldError{{Field: "path", Code: "invalid"}}}, 422, nil, "日本語の説明。"},
		"rate limited":       {&web.Error{Kind: web.RateLimited, Message: text, RetryAfter: 90*time.Second + time.Millisecond}, 429, map[string]string{"retry-after": "91"}, "日本語の説明。"},
		"unavailable":        {&web.Error{Kind: web.Unavailable, Message: text, RetryAfter: time.Minute}, 503, map[string]string{"retry-after": "60"}, "日本語の説明。"},
		"store out of reach": {unavailable, 503, map[string]string{"retry-after": "60"}, ""},
		"wrapped":            {fmt.Errorf("confirm: %w", &web.Error{Kind: web.Gone, Message: text, Cause: secret}), 410, nil, "日本語の説明。"},
		"unknown":            {secret, 500, nil, ""},
		"unknown kind":       {&web.Error{Kind: "odd", Message: text}, 500, nil, "日本語の説明。"},
	} {
		t.Run(name, func(t *testing.T) {
			handler := failing(newSite(), c.err)
			answer, err := invoke(t, handler, event("GET", "/fails", "application/json"))
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Type, Title, Detail, Instance string
				Status                        int
				Errors                        []web.FieldError
			}
			if err := json.Unmarshal([]byte(answer.Body), &p); err != nil || answer.Headers["content-type"] != "application/problem+json" {
				t.Fatalf("%v: %s", err, answer.Body)
			}
			if answer.StatusCode != c.status || p.Status != c.status || p.Type != "about:blank" || p.Instance != "urn:request:r-1" {
				t.Errorf("%d: %+v", answer.StatusCode, p)
			}
			if (c.detail != "" && p.Detail != c.detail) || p.Detail == "" || (p.Title == "") != (name == "unknown kind") {
				t.Errorf("title %q, detail %q", p.Title, p.Detail)
			}
			if (len(p.Errors) > 0) != strings.HasPrefix(name, "invalid") {
				t.Errorf("errors %v", p.Errors)
			}
			if name == "invalid, one field" && p.Errors[0].Message != p.Detail { // in the language of the answer
				t.Errorf("the field says %q", p.Errors[0].Message)
			}
			page, err := invoke(t, handler, event("GET", "/fails", "text/html"))
			if err != nil || page.StatusCode != c.status || !strings.Contains(page.Body, "<title>エラー：") || !strings.Contains(page.Body, p.Detail) {
				t.Errorf("page: %d, %v", page.StatusCode, err)
			}
			for header, want := range c.header {
				if answer.Headers[header] != want || page.Headers[header] != want {
					t.Errorf("%s: %q and %q, want %q", header, answer.Headers[header], page.Headers[header], want)
				}
			}
			if strings.Contains(answer.Body+page.Body, "hanako") {
				t.Error("the cause is shown")
			}
		})
	}
}

func TestErrorsInEnglish(t *testing.T) {
	out, err := web.Lambda(failing(newSite(), web.ErrNotFound)).Invoke(t.Context(), []byte(strings.Replace(event("GET", "/fails", "text/html"),
		`"accept"`, `"accept-language":"en","accept"`, 1)))
	if err != nil || !bytes.Contains(out, []byte("Error: Page not found")) || !bytes.Contains(out, []byte(`lang=\"en\"`)) && !bytes.Contains(out, []byte(`lang=\u0022en`)) {
		t.Errorf("%v: %s", err, out[:min(len(out), 400)])
	}
}

// A log line has the route, never the path; an error without its values; an unknown method as OTHER (R13, hard case 33).
func TestLogLine(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		err          error
		want         string
	}{
		"success":        {"GET", "/fails", nil, `"level":"INFO","msg":"request","function":"F","request_id":"r-1","method":"GET","route":"GET /fails","status":200`},
		"refused":        {"GET", "/fails", web.ErrNotFound, `"level":"INFO","msg":"request","function":"F","request_id":"r-1","method":"GET","route":"GET /fails","status":404`},
		"unknown path":   {"GET", "/hanako@example.jp", nil, `"level":"INFO","msg":"request","function":"F","request_id":"r-1","method":"GET","route":"","status":404`},
		"unknown method": {"HANAKO", "/fails", nil, `"level":"INFO","msg":"request","function":"F","request_id":"r-1","method":"OTHER","route":"","status":405`},
		"defect": {"GET", "/fails", fmt.Errorf("read list: %w", quoting{}),
			`"level":"ERROR","msg":"request","function":"F","request_id":"r-1","method":"GET","route":"GET /fails","status":500,"ms":0,"error":"read list: web_test.quoting"`},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			standard := slog.Default()
			slog.SetDefault(logging.New(&log, "F", "INFO"))
			defer slog.SetDefault(standard)
			if _, err := invoke(t, failing(newSite(), c.err), event(c.method, c.path, "")); err != nil {
				t.Fatal(err)
			}
			line := log.String()
			if i := strings.Index(line, `"ms":`); i > 0 { // the time that it took is not asserted
				rest := strings.TrimLeft(line[i+len(`"ms":`):], "0123456789")
				line = line[:i] + `"ms":0` + rest
			}
			if !strings.Contains(line, c.want) || strings.Contains(strings.ToLower(line), "hanako") || strings.Count(line, "\n") != 1 {
				t.Errorf("got  %s want %s", line, c.want)
			}
		})
	}
}

type quoting struct{}

func (quoting) Error() string { return "no such person: hanako@example.jp" }

// What a handler has begun to write stays one answer when it then panics.
func TestPanicAfterTheHeader(t *testing.T) {
	mux := newSite().NewMux()
	mux.Handle("GET /late", func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "half")
		panic("hanako@example.jp")
	})
	answer, err := invoke(t, mux, event("GET", "/late", ""))
	if err != nil || strings.Contains(answer.Body, "hanako") {
		t.Errorf("%v: %s", err, answer.Body)
	}
}
