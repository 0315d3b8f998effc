package form_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestMethodsAndPaths(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		method, target string
		want           int
		allow          string
	}{
		"form":               {"GET", "/newsletter", 200, ""},
		"HEAD":               {"HEAD", "/newsletter", 200, ""},
		"PUT":                {"PUT", "/newsletter", 405, "GET, HEAD, POST"},
		"DELETE":             {"DELETE", "/newsletter", 405, "GET, HEAD, POST"},
		"invented method":    {"FETCH", "/newsletter", 405, "GET, HEAD, POST"},
		"POST to the thanks": {"POST", "/newsletter/done", 405, "GET, HEAD"},
		"unknown path":       {"GET", "/newsletter/unknown", 404, ""},
		"slash at the end":   {"GET", "/newsletter/", 404, ""},
		"no reference":       {"GET", "/newsletter/done", 404, ""},
		"foreign reference":  {"GET", "/newsletter/done?ref=I261123-ABCDEFGHI", 404, ""},
		"markup":             {"GET", "/newsletter/done?ref=%3Cscript%3E", 404, ""},
		"HEAD of the thanks": {"HEAD", "/newsletter/done?ref=N261123-ABCDEFGHI", 200, ""},
		"HEAD of nothing":    {"HEAD", "/nothing", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, accept := range []string{"text/html", jsonType} {
				a := w.do(c.method, c.target, map[string]string{"accept": accept}, "")
				if a.Status != c.want || a.Header["allow"] != c.allow {
					t.Errorf("%s: %d, Allow %q; want %d, %q", accept, a.Status, a.Header["allow"], c.want, c.allow)
				}
				if (c.method == "HEAD") != (a.Body == "") {
					t.Errorf("%s: a body of %d bytes", accept, len(a.Body))
				}
				if c.want >= 400 && c.method != "HEAD" && accept == jsonType {
					a.problem(t)
				}
			}
		})
	}
	if full, head := w.get("/newsletter", nil), w.do("HEAD", "/newsletter", nil, ""); full.Header["content-type"] != head.Header["content-type"] ||
		full.Header["content-security-policy"] != head.Header["content-security-policy"] {
		t.Errorf("HEAD answers otherwise than GET: %v", head.Header)
	}
}

// The visitor goes back to a website that is listed, and to no other (contract: return_to).
func TestReturnTo(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ wanted, want string }{
		"listed":           {"https://partner.example.jp/thanks?page=1#top", "https://partner.example.jp/thanks?page=1&ref=REF#top"},
		"a ref of its own": {"https://partner.example.jp/?ref=x", "https://partner.example.jp/?ref=REF"},
		"root":             {"https://partner.example.jp", "https://partner.example.jp?ref=REF"},
		"not listed":       {"https://evil.example/", ""},
		"listed is a part": {"https://partner.example.jp.evil.example/", ""},
		"listed is a user": {"https://partner.example.jp@evil.example/", ""},
		"with a user":      {"https://a@partner.example.jp/", ""},
		"other scheme":     {"http://partner.example.jp/", ""},
		"other port":       {"https://partner.example.jp:8443/", ""},
		"script":           {"javascript:alert(1)", ""},
		"no scheme":        {"//partner.example.jp/", ""},
		"backslashes":      {`https:\\partner.example.jp\@evil.example`, ""},
		"line feed":        {"https://partner.example.jp/\r\nSet-Cookie: a=b", ""},
		"nothing":          {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			values := person(w.open("/newsletter"), "check", "return_to", c.wanted)
			check := parse(t, w.post("/newsletter", values).Body)
			a := w.post("/newsletter", check.form("submit"))
			reference := a.reference(t)
			want := strings.ReplaceAll(c.want, "REF", url.QueryEscape(reference))
			if want == "" {
				want = "/newsletter/done?ref=" + reference
			}
			if a.Header["location"] != want {
				t.Errorf("location %q, want %q", a.Header["location"], want)
			}
		})
	}
}
