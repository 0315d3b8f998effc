package web_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/web"
)

// seen is what a handler sees of an event.
type seen struct {
	Method, Path, Query, Host, Remote, Body, RequestID string
	Length                                             int64
	Header                                             http.Header
}

func invoke(t *testing.T, handler http.Handler, event string) (events.APIGatewayV2HTTPResponse, error) {
	t.Helper()
	out, err := web.Lambda(handler).Invoke(t.Context(), []byte(event))
	var answer events.APIGatewayV2HTTPResponse
	if err == nil {
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer, err
}

func TestEventBecomesRequest(t *testing.T) {
	for name, c := range map[string]struct {
		event string
		want  seen
	}{
		"a form post": {`{"version":"2.0","routeKey":"ANY /newsletter","rawPath":"/newsletter","rawQueryString":"lang=en&x=%E5%B1%B1",
			"cookies":["a=1","b=2"],"headers":{"host":"forms.example.jp","content-type":"application/x-www-form-urlencoded","x-forwarded-for":"203.0.113.9, 192.0.2.1"},
			"requestContext":{"requestId":"r-1","http":{"method":"POST","path":"/newsletter","sourceIp":"192.0.2.1"}},"body":"bmFtZT0lRTUlQjElQjE=","isBase64Encoded":true}`,
			seen{"POST", "/newsletter", "lang=en&x=%E5%B1%B1", "forms.example.jp", "192.0.2.1", "name=%E5%B1%B1", "r-1", 14, http.Header{
				"Host": {"forms.example.jp"}, "Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {"203.0.113.9, 192.0.2.1"}, "Cookie": {"a=1; b=2"}}}},
		"a plain body": {`{"rawPath":"/x","requestContext":{"requestId":"r-2","http":{"method":"POST"}},"body":"{\"name\":\"𠮷野家\"}"}`,
			seen{Method: "POST", Path: "/x", Body: `{"name":"𠮷野家"}`, RequestID: "r-2", Length: 21, Header: http.Header{}}},
		"escaped path":     {`{"rawPath":"/events/a%2Fb","requestContext":{"http":{"method":"GET"}}}`, seen{Method: "GET", Path: "/events/a/b", Header: http.Header{}}},
		"Japanese path":    {`{"rawPath":"/窓口","requestContext":{"http":{"method":"GET"}}}`, seen{Method: "GET", Path: "/窓口", Header: http.Header{}}},
		"malformed path":   {`{"rawPath":"/%zz","requestContext":{"http":{"method":"GET"}}}`, seen{Method: "GET", Path: "/\uFFFD", Header: http.Header{}}},
		"path with a host": {`{"rawPath":"//evil.example/x","requestContext":{"http":{"method":"GET"}}}`, seen{Method: "GET", Path: "//evil.example/x", Header: http.Header{}}},
		"no path":          {`{"requestContext":{"http":{"method":"GET"}}}`, seen{Method: "GET", Path: "/", Header: http.Header{}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got seen
			answer, err := invoke(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr, string(body), web.RequestID(r.Context()), r.ContentLength, r.Header}
			}), c.event)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%d, %v", answer.StatusCode, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPayloadThatIsNoEvent(t *testing.T) {
	for name, payload := range map[string]string{"no JSON": "x", "array": "[]", "wrong types": `{"rawPath":7}`, "base64 that is none": `{"body":"*","isBase64Encoded":true}`} {
		t.Run(name, func(t *testing.T) {
			_, err := invoke(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }), payload)
			if err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestAnswerBecomesResult(t *testing.T) {
	picture := "GIF89a\x00\xff"
	for name, c := range map[string]struct {
		method  string
		handler http.HandlerFunc
		want    events.APIGatewayV2HTTPResponse
	}{
		"a page": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, "窓")
			_, _ = io.WriteString(w, "口")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 422, Headers: map[string]string{"content-type": "text/html; charset=utf-8"}, Body: "窓口"}},
		"HEAD has no body": {"HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "x")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-type": "text/html"}}},
		"nothing": {"GET", func(http.ResponseWriter, *http.Request) {}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{}}},
		"the first status counts": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusSeeOther)
			w.WriteHeader(http.StatusInternalServerError)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 303, Headers: map[string]string{}}},
		"cookies and a header twice": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Set-Cookie", "a=1; Path=/")
			w.Header().Add("Set-Cookie", "b=2")
			w.Header().Add("Vary", "Accept")
			w.Header().Add("Vary", "Accept-Language")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"vary": "Accept, Accept-Language"}, Cookies: []string{"a=1; Path=/", "b=2"}}},
		"bytes": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/gif")
			_, _ = io.WriteString(w, picture)
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-type": "image/gif"},
			Body: base64.StdEncoding.EncodeToString([]byte(picture)), IsBase64Encoded: true}},
		"problem": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			_, _ = io.WriteString(w, "{}")
		}, events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-type": "application/problem+json"}, Body: "{}"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := invoke(t, c.handler, `{"rawPath":"/","requestContext":{"http":{"method":"`+c.method+`"}}}`)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzLambda holds that whatever API Gateway could send gets an answer with a status.
func FuzzLambda(f *testing.F) {
	for _, seed := range [][]string{{"GET", "/newsletter", "lang=en", ""}, {"POST", "/%zz", "t=%ff", "a=b"}, {"", "", "", ""}, {"GET", "//a/../b", "a;b", "x"}, {"CONNECT", "*", "?", ""}} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	site := &web.Site{}
	mux := site.NewMux()
	mux.Handle("GET /newsletter", func(w http.ResponseWriter, _ *http.Request) error {
		return web.WriteJSON(w, 200, "application/json", 1)
	})
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		event, err := json.Marshal(map[string]any{"rawPath": path, "rawQueryString": query, "body": body,
			"requestContext": map[string]any{"http": map[string]any{"method": method}}})
		if err != nil {
			t.Skip("no JSON")
		}
		answer, err := invoke(t, mux, string(event))
		if err != nil || answer.StatusCode < 200 || answer.StatusCode >= 500 || strings.ContainsAny(answer.Headers["location"], "\r\n") {
			t.Errorf("%q %q: %d, %v, %v", method, path, answer.StatusCode, answer.Headers, err)
		}
	})
}
