package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
)

// fake answers every invocation with the same.
type fake struct {
	answer string
	err    error
	event  []byte // of the last invocation
	wait   bool   // until the gateway gives up
}

func (f *fake) Invoke(ctx context.Context, _ string, event []byte) (runtime.Result, error) {
	f.event = event
	if f.wait {
		<-ctx.Done()
		return runtime.Result{}, ctx.Err()
	}
	return runtime.Result{Payload: []byte(f.answer), Cold: true}, f.err
}

func gatewayFor(f *fake, cors *template.CORS) *Gateway {
	return New(f, []template.Function{{Name: "F", Routes: []template.Route{
		{Function: "F", Method: "ANY", Path: "/form", CORS: cors},
		{Function: "F", Method: "ANY", Path: "/form/{id}/{rest+}", CORS: cors},
	}}}, nil)
}

// Events of payload format 2.0, one file each. MADOGUCHI_UPDATE=1 writes them anew.
func TestEvent(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*3600))
	for _, c := range []struct {
		name           string
		method, target string
		header         http.Header
		body           string
		route          template.Route
		values         map[string]string
	}{
		{name: "get", method: "GET", target: "/newsletter?lang=en&x=a%20b&x=c+d&empty", route: template.Route{Method: "ANY", Path: "/newsletter"},
			header: http.Header{"Accept": {"text/html", "application/json"}, "Cookie": {"a=1; b=2", "c=3"}, "X-Forwarded-For": {"192.0.2.9"}}},
		{name: "form", method: "POST", target: "/newsletter", route: template.Route{Method: "ANY", Path: "/newsletter"},
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, body: "name=%F0%A0%AE%B7&x=1"},
		{name: "json", method: "POST", target: "/newsletter", route: template.Route{Method: "ANY", Path: "/newsletter"},
			header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: `{"name":"𠮷野家"}`},
		{name: "path", method: "GET", target: "/events/%E6%97%A5%2F1/registration%20x/y", route: template.Route{Method: "GET", Path: "/events/{event}/{proxy+}"},
			values: map[string]string{"event": "日/1", "proxy": "registration x/y"}},
		{name: "default", method: "DELETE", target: "/", route: template.Route{Method: "ANY", Path: "$default"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "http://forms.example.jp:3000"+c.target, strings.NewReader(c.body))
			for name, values := range c.header {
				r.Header[name] = values
			}
			r.Header.Set("User-Agent", "test/1")
			r.RemoteAddr = "198.51.100.7:4711"
			got, err := json.MarshalIndent(event(r, c.route, c.values, []byte(c.body), "ID", now), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".json", append(got, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("MADOGUCHI_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestIsText(t *testing.T) {
	for kind, want := range map[string]bool{
		"text/plain": true, "text/csv; charset=utf-8": true, "application/json": true, "Application/JSON;x": true, "application/xml": true,
		"application/javascript": true, "application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false,
		"application/problem+json": false, "image/png": false, "": false,
	} {
		if got := isText(kind); got != want {
			t.Errorf("isText(%q) = %t", kind, got)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer string
		status int
		body   string
		header http.Header // those that must be there, in full
	}{
		{"structured", `{"statusCode":201,"headers":{"content-type":"text/html","x-n":7},"body":"<p>","cookies":["a=1; Secure","b=2"]}`, 201, "<p>",
			http.Header{"Content-Type": {"text/html"}, "X-N": {"7"}, "Set-Cookie": {"a=1; Secure", "b=2"}}},
		{"base64", `{"statusCode":200,"headers":{"Content-Type":"image/gif"},"body":"R0lG","isBase64Encoded":true}`, 200, "GIF", http.Header{"Content-Type": {"image/gif"}}},
		{"status alone", `{"statusCode":204}`, 204, "", nil},
		{"status as text", `{"statusCode":"404","body":"x"}`, 404, "x", nil},
		{"no type", `{"statusCode":200,"body":"x"}`, 200, "x", http.Header{"Content-Type": {"text/plain; charset=utf-8"}}},
		{"redirect", `{"statusCode":303,"headers":{"Location":"/done"}}`, 303, "", http.Header{"Location": {"/done"}, "Content-Type": nil}},
		{"headers that are the gateway's", `{"statusCode":200,"headers":{"Content-Length":"999","Connection":"x"},"body":"x"}`, 200, "x", http.Header{"Content-Length": {"1"}, "Connection": nil}},
		{"plain object", `{"a":1}`, 200, `{"a":1}`, http.Header{"Content-Type": {"application/json"}}},
		{"plain text", `"hello"`, 200, "hello", http.Header{"Content-Type": {"application/json"}}},
		{"null", `null`, 200, "null", nil},
		{"status out of range", `{"statusCode":99}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"status of no number", `{"statusCode":"x"}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"body of the wrong kind", `{"statusCode":200,"body":{}}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"broken base64", `{"statusCode":200,"body":"%","isBase64Encoded":true}`, 500, `{"message":"Internal Server Error"}`, nil},
		{"no JSON", `hello`, 500, `{"message":"Internal Server Error"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			gatewayFor(&fake{answer: c.answer}, nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/form", nil))
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
			for name, want := range c.header {
				if diff := cmp.Diff(want, w.Header()[name]); diff != "" {
					t.Errorf("header %s: %s", name, diff)
				}
			}
			if w.Header().Get("Apigw-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestErrorsOfTheGateway(t *testing.T) {
	for _, c := range []struct {
		name         string
		method, path string
		body         io.Reader
		fake         fake
		status       int
		want         string
	}{
		{"unknown path", "GET", "/other", nil, fake{}, 404, "Not Found"},
		{"function error", "GET", "/form", nil, fake{err: &runtime.FunctionError{Type: "T", Message: "secret"}}, 500, "Internal Server Error"},
		{"function's time-out", "GET", "/form", nil, fake{err: runtime.ErrTimeout}, 503, "Service Unavailable"},
		{"30 seconds", "GET", "/form", nil, fake{wait: true}, 503, "Service Unavailable"},
		{"runtime closed", "GET", "/form", nil, fake{err: errors.New("x")}, 500, "Internal Server Error"},
		{"over 10 MB", "POST", "/form", bytes.NewReader(make([]byte, maxBody+1)), fake{}, 413, "Request Entity Too Large"},
		{"10 MB, but too much for Lambda", "POST", "/form", bytes.NewReader(make([]byte, maxBody)), fake{err: runtime.ErrTooLarge}, 413, "Request Entity Too Large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gatewayFor(&c.fake, nil)
			g.timeout = 10 * time.Millisecond
			w := httptest.NewRecorder()
			g.ServeHTTP(w, httptest.NewRequest(c.method, c.path, c.body))
			if want := `{"message":"` + c.want + `"}`; w.Code != c.status || w.Body.String() != want {
				t.Errorf("%d %q, want %d %s", w.Code, w.Body, c.status, want)
			}
		})
	}
}

func TestHead(t *testing.T) {
	f := &fake{answer: `{"statusCode":200,"body":"0123456789"}`}
	server := httptest.NewServer(gatewayFor(f, nil))
	defer server.Close()
	resp, err := http.Head(server.URL + "/form")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.ContentLength != 10 || !bytes.Contains(f.event, []byte(`"method":"HEAD"`)) {
		t.Errorf("length %d, event %s: want HEAD to reach the function of an ANY route", resp.ContentLength, f.event)
	}
}

func TestCORS(t *testing.T) {
	configured := &template.CORS{
		AllowOrigins: []string{"https://a.example", "https://*.b.example", "http://*"}, AllowMethods: []string{"GET", "POST"},
		AllowHeaders: []string{"content-type", "accept"}, ExposeHeaders: []string{"x-request-id"}, MaxAge: 600,
	}
	own := `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"https://own.example","Access-Control-Max-Age":"1"},"body":"x"}`
	preflight := http.Header{"Access-Control-Request-Method": {"POST"}}
	for _, c := range []struct {
		name, method, path, origin string
		header                     http.Header
		cors                       *template.CORS
		status                     int
		asked                      bool // the function
		want                       map[string]string
	}{
		{"not configured: the function's own", "GET", "/form", "https://own.example", nil, nil, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "https://own.example", "Access-Control-Max-Age": "1"}},
		{"not configured: a preflight goes to the function", "OPTIONS", "/form", "https://own.example", preflight, nil, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "https://own.example", "Access-Control-Max-Age": "1"}},
		{"preflight of a listed origin", "OPTIONS", "/form", "https://a.example", preflight, configured, 204, false, map[string]string{
			"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Methods": "GET,POST", "Access-Control-Allow-Headers": "content-type,accept",
			"Access-Control-Max-Age": "600", "Access-Control-Expose-Headers": "x-request-id"}},
		{"preflight of another", "OPTIONS", "/form", "https://evil.example", preflight, configured, 204, false, map[string]string{}},
		{"preflight of a path without a route", "OPTIONS", "/other", "https://a.example", preflight, configured, 204, false, map[string]string{
			"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Methods": "GET,POST", "Access-Control-Allow-Headers": "content-type,accept",
			"Access-Control-Max-Age": "600", "Access-Control-Expose-Headers": "x-request-id"}},
		{"OPTIONS that is no preflight", "OPTIONS", "/form", "https://a.example", nil, configured, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Expose-Headers": "x-request-id"}},
		{"listed origin", "POST", "/form", "https://a.example", nil, configured, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Expose-Headers": "x-request-id"}},
		{"scheme with a star", "GET", "/form", "http://any.example", nil, configured, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "http://any.example", "Access-Control-Expose-Headers": "x-request-id"}},
		{"another origin", "GET", "/form", "https://evil.example", nil, configured, 200, true, map[string]string{}},
		{"no origin", "GET", "/form", "", nil, configured, 200, true, map[string]string{}},
		{"everybody", "GET", "/form", "https://x.example", nil, &template.CORS{AllowOrigins: []string{"*"}}, 200, true,
			map[string]string{"Access-Control-Allow-Origin": "*"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{answer: own}
			r := httptest.NewRequest(c.method, c.path, nil)
			for name, values := range c.header {
				r.Header[name] = values
			}
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			gatewayFor(f, c.cors).ServeHTTP(w, r)
			got := map[string]string{}
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					got[name] = w.Header().Get(name)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if w.Code != c.status || (f.event != nil) != c.asked {
				t.Errorf("status %d, function asked: %t", w.Code, f.event != nil)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	paths := []string{
		"ANY /{proxy+}", "GET /events", "ANY /events", "ANY /events/{event}", "POST /events/{event}", "ANY /events/{event}/registration",
		"GET /events/{event}/{rest+}", "ANY /events/open", "ANY /newsletter/{proxy+}",
	}
	var routes []template.Route
	for _, key := range paths {
		method, path, _ := strings.Cut(key, " ")
		routes = append(routes, template.Route{Function: "F", Method: method, Path: path})
	}
	for _, c := range []struct {
		method, path, want string
		values             map[string]string
	}{
		{"GET", "/events", "GET /events", nil},
		{"POST", "/events", "ANY /events", nil},
		{"HEAD", "/events", "ANY /events", nil},
		{"GET", "/events/open", "ANY /events/open", nil},
		{"POST", "/events/x", "POST /events/{event}", map[string]string{"event": "x"}},
		{"GET", "/events/%E6%97%A5", "ANY /events/{event}", map[string]string{"event": "日"}},
		{"GET", "/events/a%2Fb", "ANY /events/{event}", map[string]string{"event": "a/b"}},
		{"GET", "/events/x/registration", "ANY /events/{event}/registration", map[string]string{"event": "x"}},
		{"GET", "/events/x/y/z", "GET /events/{event}/{rest+}", map[string]string{"event": "x", "rest": "y/z"}},
		{"POST", "/events/x/y/z", "ANY /{proxy+}", map[string]string{"proxy": "events/x/y/z"}},
		{"GET", "/newsletter/confirm", "ANY /newsletter/{proxy+}", map[string]string{"proxy": "confirm"}},
		{"GET", "/newsletter/", "ANY /{proxy+}", map[string]string{"proxy": "newsletter/"}},
		{"GET", "/else", "ANY /{proxy+}", map[string]string{"proxy": "else"}},
		{"GET", "/", "", nil},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			route, values, ok := newRouter(routes).find(c.method, c.path)
			if ok != (c.want != "") || (ok && route.Key() != c.want) {
				t.Fatalf("route %q, want %q", route.Key(), c.want)
			}
			if diff := cmp.Diff(c.values, values); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("$default takes the rest", func(t *testing.T) {
		route, _, ok := newRouter([]template.Route{{Method: "GET", Path: "/a"}, {Method: "ANY", Path: "$default"}}).find("POST", "/a")
		if !ok || route.Key() != "$default" {
			t.Errorf("route %q", route.Key())
		}
	})
}
