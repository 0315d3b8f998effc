package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// start brings the product up.
func start(t *testing.T, seconds int) *stack.Stack {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), Env: map[string]string{"FORM_MINIMUM_SECONDS": strconv.Itoa(seconds)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// smoke runs the command and returns whether all went well, the outcomes by check, and what it printed.
func smoke(t *testing.T, w world, args ...string) (bool, map[string]outcome, string) {
	t.Helper()
	var out bytes.Buffer
	w.out = &out
	if w.now == nil {
		w.now = time.Now
	}
	if w.in == nil {
		w.in = strings.NewReader("")
	}
	ok, err := run(t.Context(), args, w)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]outcome{}
	for line := range strings.Lines(out.String()) {
		for _, o := range []outcome{passed, failed, skipped} {
			if check, _, found := strings.Cut(line, "  "+string(o)+" "); found {
				outcomes[strings.TrimSpace(check)] = o
			}
		}
	}
	return ok, outcomes, out.String()
}

// all are the outcomes of a run over a healthy stack on this machine, with some changed.
func all(changed map[string]outcome) map[string]outcome {
	want := map[string]outcome{"TLS": skipped, "health": passed, "security headers": passed, "HEAD": passed, "404": passed, "405": passed,
		"privacy policy": passed, "form for programs": passed, "form": passed, "check page": passed, "forged token": passed, "sign-up": skipped}
	for check, o := range changed {
		want[check] = o
	}
	return want
}

func items(t *testing.T, s *stack.Stack) (n int) {
	t.Helper()
	for _, table := range s.Template().Tables {
		out, err := s.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table.Name)})
		if err != nil {
			t.Fatal(err)
		}
		n += len(out.Items)
	}
	return n
}

// Without a mailbox nothing is stored and nobody gets mail; with one and a local inbox the whole sign-up is made, over a
// form that wants a second between opening and sending.
func TestAgainstTheStack(t *testing.T) {
	s := start(t, 1)

	ok, outcomes, out := smoke(t, world{}, "-url", s.URL())
	if diff := cmp.Diff(all(nil), outcomes); diff != "" || !ok {
		t.Errorf("ok %t (-want +got):\n%s%s", ok, diff, out)
	}
	if n := items(t, s); n != 0 {
		t.Errorf("%d items were stored without -mailbox", n)
	}

	for range 2 { // the second one is a subscriber who has left
		ok, outcomes, out = smoke(t, world{}, "-url", s.URL()+"/", "-mailbox", "smoke@example.jp", "-inbox", s.URL())
		if diff := cmp.Diff(all(map[string]outcome{"sign-up": passed}), outcomes); diff != "" || !ok {
			t.Fatalf("ok %t (-want +got):\n%s%s", ok, diff, out)
		}
	}
	if n := items(t, s); n == 0 {
		t.Error("nothing was stored by the sign-up: the count proves nothing")
	}
	if strings.Contains(out, "?t=") {
		t.Errorf("a token is in the table: %s", out)
	}
}

// The operator's word is the outcome where no inbox can be read.
func TestOperator(t *testing.T) {
	s := start(t, 0)
	for i, c := range []struct {
		name, says string
		want       outcome
	}{{"yes", "y\n", passed}, {"no", "n\n", failed}, {"nobody there", "", failed}} {
		t.Run(c.name, func(t *testing.T) {
			ok, outcomes, out := smoke(t, world{in: strings.NewReader(c.says)}, "-url", s.URL(), "-mailbox", fmt.Sprintf("operator%d@example.jp", i))
			if outcomes["sign-up"] != c.want || ok != (c.want == passed) || !strings.Contains(out, "登録が完了しました?") {
				t.Errorf("ok %t, %s", ok, out)
			}
		})
	}
}

// broken stands before a healthy deployment and spoils its answers.
type broken struct {
	name   string
	spoil  func(*http.Response) error
	fails  []string // the checks that must fail, and no other
	signUp bool
}

// replace changes the bodies of answers to paths that begin so.
func replace(path, old, replacement string) func(*http.Response) error {
	return func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if strings.HasPrefix(r.Request.URL.Path, path) {
			body = bytes.ReplaceAll(body, []byte(old), []byte(replacement))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.ContentLength = int64(len(body))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
}

// header sets a header of every answer; "" takes it away.
func header(name, value string) func(*http.Response) error {
	return func(r *http.Response) error {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
		return nil
	}
}

// status changes a status of answers to a method.
func status(method string, from, to int) func(*http.Response) error {
	return func(r *http.Response) error {
		if r.Request.Method == method && r.StatusCode == from {
			r.StatusCode = to
		}
		return nil
	}
}

// policyOf changes a part of the Content-Security-Policy.
func policyOf(old, replacement string) func(*http.Response) error {
	return func(r *http.Response) error {
		r.Header.Set("Content-Security-Policy", strings.ReplaceAll(r.Header.Get("Content-Security-Policy"), old, replacement))
		return nil
	}
}

// Each defect is found by the check that is for it, and by no other.
func TestBrokenServers(t *testing.T) {
	s := start(t, 0)
	target, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range []broken{
		{name: "nothing broken"},
		{name: "health says nothing", spoil: replace("/health", "ok", "error"), fails: []string{"health"}},
		{name: "no HSTS", spoil: header("Strict-Transport-Security", ""), fails: []string{"security headers"}},
		{name: "HSTS for a day", spoil: header("Strict-Transport-Security", "max-age=86400"), fails: []string{"security headers"}},
		{name: "may be framed", spoil: policyOf("frame-ancestors 'none'", ""), fails: []string{"security headers"}},
		{name: "inline scripts", spoil: policyOf("style-src", "script-src 'unsafe-inline'; style-src"), fails: []string{"security headers"}},
		{name: "referrer is sent", spoil: header("Referrer-Policy", "unsafe-url"), fails: []string{"security headers"}},
		{name: "a cookie", spoil: header("Set-Cookie", "id=1"), fails: []string{"security headers"}},
		{name: "forms are cached", spoil: header("Cache-Control", "public"), fails: []string{"security headers", "health"}},
		{name: "a GET route does not answer HEAD", spoil: status("HEAD", 200, 404), fails: []string{"HEAD"}},
		{name: "every method is taken", spoil: status("DELETE", 405, 200), fails: []string{"405"}},
		{name: "no Allow", spoil: header("Allow", ""), fails: []string{"405"}},
		{name: "an unknown page is found", spoil: status("GET", 404, 200), fails: []string{"404"}},
		{name: "errors in another shape", spoil: replace("/newsletter/no", `"status":404`, `"status":"x"`), fails: []string{"404"}},
		{name: "a policy without text", spoil: replace("/privacy", "個人情報", ""), fails: []string{"privacy policy"}},
		{name: "a form without notice", spoil: replace("/newsletter", `"notice":"`, `"notice":"","other":"`), fails: []string{"form for programs"}},
		{name: "a form without link to the policy", spoil: replace("/newsletter", "/privacy", "/elsewhere"), fails: []string{"form"}},
		{name: "a form in no language", spoil: replace("/newsletter", `lang="ja"`, ""), fails: []string{"form"}},
		{name: "a form that posts elsewhere", spoil: replace("/newsletter", `action="/newsletter"`, `action="https://example.com/"`),
			fails: []string{"form", "check page", "forged token"}},
		{name: "a check page that loses what was typed", spoil: replace("/newsletter", `value="`+nobody, `value="`), fails: []string{"check page"}},
		{name: "forged tokens are taken", spoil: status("POST", 400, 200), fails: []string{"forged token"}},
		{name: "links to another address", fails: []string{"sign-up"}, signUp: true},
		{name: "nothing is confirmed", spoil: replace("/newsletter/confirm", "登録が完了しました", ""), fails: []string{"sign-up"}, signUp: true},
	} {
		t.Run(b.name, func(t *testing.T) {
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ModifyResponse: b.spoil}
			server := httptest.NewServer(proxy)
			defer server.Close()
			args := []string{"-url", server.URL}
			want := map[string]outcome{}
			if b.signUp {
				args = append(args, "-mailbox", fmt.Sprintf("broken%d@example.jp", i), "-inbox", s.URL())
			}
			for _, check := range b.fails {
				want[check] = failed
			}
			ok, outcomes, out := smoke(t, world{}, args...)
			if diff := cmp.Diff(all(want), outcomes); diff != "" || ok != (len(b.fails) == 0) {
				t.Errorf("ok %t (-want +got):\n%s%s", ok, diff, out)
			}
		})
	}
}

// A mail that does not come is a failure, not a wait without end; a form that goes on refusing is not sent for ever.
func TestSilence(t *testing.T) {
	s := start(t, 0)
	t.Run("no mail", func(t *testing.T) {
		empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }))
		defer empty.Close()
		ok, outcomes, out := smoke(t, world{}, "-url", s.URL(), "-mailbox", "silent@example.jp", "-inbox", empty.URL, "-patience", "200ms")
		if ok || outcomes["sign-up"] != failed || !strings.Contains(out, "no mail newsletter_confirm") {
			t.Errorf("ok %t, %s", ok, out)
		}
	})
	t.Run("always too fast", func(t *testing.T) {
		var posts atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusUnprocessableEntity)
		}))
		defer server.Close()
		base, err := baseAddress("url", server.URL)
		if err != nil {
			t.Fatal(err)
		}
		a, err := newSite(base, world{now: time.Now}).send(t.Context(), page{action: "/newsletter"}, "check", nil)
		if err != nil || a.status != http.StatusUnprocessableEntity || posts.Load() != 2 {
			t.Errorf("%d posts, status %d, %v", posts.Load(), a.status, err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		ok, outcomes, out := smoke(t, world{}, "-url", server.URL)
		if ok || outcomes["health"] != failed || outcomes["forged token"] != failed {
			t.Errorf("ok %t, %s", ok, out)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ok, err := run(ctx, []string{"-url", s.URL()}, world{in: strings.NewReader(""), out: io.Discard, now: time.Now})
		if ok || err != nil {
			t.Errorf("ok %t, %v", ok, err)
		}
	})
}

// Wrong arguments are refused before anybody is asked.
func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no address":           {nil, `-url "" must be an address`},
		"an address of a page": {[]string{"-url", "https://forms.example.jp/newsletter"}, "must be an address without a path"},
		"no scheme":            {[]string{"-url", "forms.example.jp"}, "must be an address without a path"},
		"another scheme":       {[]string{"-url", "ftp://forms.example.jp"}, "must be an address without a path"},
		"inbox alone":          {[]string{"-url", "http://127.0.0.1:1", "-inbox", "http://127.0.0.1:1"}, "-inbox needs -mailbox"},
		"wrong inbox":          {[]string{"-url", "http://127.0.0.1:1", "-mailbox", "a@example.jp", "-inbox", "x"}, `-inbox "x" must be`},
		"no mailbox":           {[]string{"-url", "http://127.0.0.1:1", "-mailbox", "me"}, "is no e-mail address"},
		"something else":       {[]string{"-url", "http://127.0.0.1:1", "more"}, "unexpected arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := run(t.Context(), c.args, world{in: strings.NewReader(""), out: &out, now: time.Now})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if out.Len() > 0 {
				t.Errorf("checks ran: %s", out.String())
			}
		})
	}
}

// Behind the edge (infra/edge.yaml) the smoke test finds what it finds without one; the API's own address answers 403 to all.
func TestBehindTheEdge(t *testing.T) {
	const secret = "EdgeSecretOfTheSmokeTest0123456789ab"
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "ORIGIN_SECRETS": secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	api, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	// What the edge does to a request: the API's host, the secret, the visitor's address behind what the visitor sent.
	edge := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(api)
		r.Out.Header.Set("X-Origin-Secret", secret)
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
		r.SetXForwarded()
	}})
	t.Cleanup(edge.Close)

	ok, outcomes, out := smoke(t, world{}, "-url", edge.URL)
	if diff := cmp.Diff(all(nil), outcomes); diff != "" || !ok {
		t.Errorf("through the edge: ok %t (-want +got):\n%s%s", ok, diff, out)
	}
	if ok, outcomes, out = smoke(t, world{}, "-url", s.URL()); ok || outcomes["health"] != failed || !strings.Contains(out, "403") {
		t.Errorf("round the edge: %s", out)
	}
}
