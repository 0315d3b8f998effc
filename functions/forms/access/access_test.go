package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
)

const view = `{"path":"/ja/events?mail=taro@example.jp&t=SECRET#top","referrer":"https://www.search.example/find?q=%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E"}`

// R11-R13: exactly the items that the policy names are kept, with an expiry, and no query string anywhere. R12, R14: the
// address stands in an attribute and in no key.
func TestRecordHoldsWhatThePolicyNames(t *testing.T) {
	w := newWorld(t)
	answer := w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.7"})
	if answer.Header().Get("Cache-Control") != "no-store" || answer.Body.Len() != 0 {
		t.Errorf("answer %v %q", answer.Header(), answer.Body)
	}
	items := w.items(w.access.table)
	if len(items) != 1 {
		t.Fatalf("%d records", len(items))
	}
	item := items[0]
	want := map[string]any{"domain": "www.search.example", "ip": "203.0.113.7", "ts": "2026-11-24T03:00:00Z", "path": "/ja/events",
		"expires_at": float64(w.now.AddDate(0, 0, 90).Unix())}
	key := fmt.Sprint(item["pk"], " ", item["sk"])
	if !strings.HasPrefix(key, "2026112403#") || strings.Contains(key, "203.0") {
		t.Errorf("key %s", key)
	}
	delete(item, "pk")
	delete(item, "sk")
	if diff := cmp.Diff(want, item); diff != "" {
		t.Error(diff)
	}
	named := []string{"expires_at", "pk", "sk"}
	for _, f := range policy.Get(policy.Access).Recorded {
		named = append(named, f.Name)
	}
	for name := range maps.Keys(item) {
		if !slices.Contains(named, name) {
			t.Errorf("the policy does not name %q", name)
		}
	}
	for _, table := range []string{w.access.counters.Table, w.access.visitors.table} {
		for _, item := range w.items(table) {
			if text := fmt.Sprint(item); strings.Contains(text, "203.0.113") || strings.Contains(text, "SECRET") || strings.Contains(text, "Firefox") {
				t.Errorf("%s holds %s", table, text)
			}
		}
	}
}

// The three ways in which a page sends a view count alike; what a page sends of itself is cleaned.
func TestWaysToSend(t *testing.T) {
	w := newWorld(t)
	for _, v := range []visit{
		{body: view}, {body: view, kind: "text/plain;charset=UTF-8"}, {body: "path=%2Fja%2Fevents%3Fx%3D1&referrer=", kind: "application/x-www-form-urlencoded"},
		{body: `{"path":"https://www.example.jp/ja/events/"}`, header: map[string]string{"Origin": "https://www.example.jp"}},
		{body: view, header: map[string]string{"Origin": "https://partner.example"}}, {body: view, header: map[string]string{"Origin": "https://forms.example.jp"}},
	} {
		w.want(http.StatusNoContent, v)
	}
	picture := w.want(http.StatusOK, visit{method: http.MethodGet, target: "/access.gif?path=/ja/events", header: map[string]string{"Referer": "https://www.example.jp/ja/events"}})
	if got := picture.Header(); got.Get("Content-Type") != "image/gif" || got.Get("Cache-Control") != "no-store" || got.Get("Set-Cookie") != "" || !strings.HasPrefix(picture.Body.String(), "GIF89a") {
		t.Errorf("picture %v %q", got, picture.Body)
	}
	w.wantCounted(7, 1)
	for _, item := range w.items(w.access.table) {
		if item["path"] != "/ja/events" {
			t.Errorf("path %v", item["path"])
		}
	}
	head := w.want(http.StatusOK, visit{method: http.MethodHead, target: "/access.gif?path=/ja/events"})
	if head.Header().Get("Content-Type") != "image/gif" {
		t.Error("HEAD answers otherwise than GET")
	}
	w.wantCounted(7, 1)
	w.want(http.StatusNoContent, visit{body: `{"path":"/gone","status":404}`})
	w.wantCounted(7, 1) // recorded, so that the link can be mended; no page was seen
	if n := len(w.items(w.access.table)); n != 8 {
		t.Errorf("%d records", n)
	}
}

// Bad input is refused with a reason and leaves nothing behind.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		status int
		visit  visit
	}{
		{"no JSON", 400, visit{body: `{"path":`}}, {"a list", 400, visit{body: `[]`}}, {"nothing", 400, visit{kind: "application/json"}}, {"null", 400, visit{body: `null`}},
		{"two values", 400, visit{body: `{"path":"/a"}{}`}}, {"not UTF-8 (hard case 3)", 400, visit{body: "{\"path\":\"/\x83\x7f\"}"}},
		{"unknown member", 422, visit{body: `{"path":"/a","user":"taro"}`}}, {"unknown parameter", 422, visit{body: `path=/a&id=7`, kind: "application/x-www-form-urlencoded"}},
		{"no path", 422, visit{body: `{}`}}, {"a number", 422, visit{body: `{"path":7}`}}, {"relative", 422, visit{body: `{"path":"ja"}`}}, {"another host", 422, visit{body: `{"path":"//evil.example/a"}`}},
		{"script", 422, visit{body: `{"path":"javascript:alert(1)"}`}}, {"with a password", 422, visit{body: `{"path":"https://a:b@www.example.jp/"}`}},
		{"control characters (hard case 4)", 422, visit{body: `{"path":"/a\u0000\r\n"}`}}, {"right to left (hard case 2)", 422, visit{body: `{"path":"/a\u202e"}`}},
		{"too long", 422, visit{body: `{"path":"/` + strings.Repeat("a/", 150) + `"}`}}, {"status", 422, visit{body: `{"path":"/a","status":99}`}}, {"status as a word", 422, visit{body: `{"path":"/a","status":"ok"}`}},
		{"too large (hard case 5)", 413, visit{body: `{"path":"/` + strings.Repeat("a", 9000) + `"}`}}, {"multipart", 415, visit{body: "x", kind: "multipart/form-data; boundary=x"}},
		{"Shift_JIS", 415, visit{body: `{"path":"/a"}`, kind: "application/json; charset=Shift_JIS"}}, {"no type", 415, visit{body: `{"path":"/a"}`, kind: ";"}},
		{"another website", 400, visit{body: view, header: map[string]string{"Origin": "https://evil.example"}}}, {"a sandbox", 400, visit{body: view, header: map[string]string{"Origin": "null"}}},
		{"a picture on another website", 400, visit{method: http.MethodGet, target: "/access.gif?path=/a", header: map[string]string{"Referer": "https://evil.example/x"}}},
		{"a picture without a path", 422, visit{method: http.MethodGet, target: "/access.gif"}},
		{"another method", 405, visit{method: http.MethodGet}}, {"another method", 405, visit{method: http.MethodPost, target: "/access.gif?path=/a"}}, {"another path", 404, visit{target: "/access/view"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.send(c.visit)
			if answer.Code != c.status || answer.Header().Get("Cache-Control") != "no-store" || answer.Header().Get("Set-Cookie") != "" {
				t.Errorf("status %d, want %d: %v %s", answer.Code, c.status, answer.Header(), answer.Body)
			}
		})
	}
	if n := len(w.items(w.access.table)) + len(w.items(w.access.counters.Table)) + len(w.items(w.access.visitors.table)); n != 0 {
		t.Errorf("%d items written", n)
	}
}

// R13: a path may itself hold what a query may hold.
func TestCleanPath(t *testing.T) {
	for s, want := range map[string]string{
		"/": "/", "/ja/": "/ja", "/ja//a/../b": "/ja/b", "/ja/%E4%BA%8B%E6%A5%AD": "/ja/事業", "/a b": "/a%20b", "https://www.example.jp": "/", "/a%3Fmail=x": "/a",
		"/u/taro@example.jp/x": "/u/*/x", "/u/taro%40example.jp": "/u/*", "/tel/03-1234-5678": "/tel/*", "/my/123456789018": "/my/*", "/news/20261124-fair-2026": "/news/20261124-fair-2026",
		"/reset/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIz": "/reset/*", "/a;session=77": "/*", "/" + strings.Repeat("あ", 199): "/" + strings.Repeat("あ", 199),
	} {
		if got, ok := cleanPath(s); !ok || got != want {
			t.Errorf("%q: %q, %t; want %q", s, got, ok, want)
		}
	}
	for s, want := range map[string]string{
		"https://WWW.Search.Example.:8443/x?q=1": "www.search.example", "http://203.0.113.9/": "", "http://[2001:db8::1]/": "", "android-app://com.mail/": "", "about:client": "", "": "",
		"https://localhost/": "", "https://xn--r8jz45g.jp/": "xn--r8jz45g.jp", "https://a_b.example/": "", "https://例え.jp/": "",
	} {
		if got := cleanDomain(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("/ja/?a=b#c", "https://a.example/x")
	f.Add("https://a@b/%00", "http://[::1]:80/")
	f.Fuzz(func(t *testing.T, page, referrer string) {
		v, err := clean(page, referrer, "")
		if err != nil {
			return
		}
		if !strings.HasPrefix(v.path, "/") || strings.ContainsAny(v.path, "?#@ \r\n\x00") || len(v.path) > 4*mostPath+2*mostPath || strings.ContainsAny(v.domain, "/:@? ") {
			t.Errorf("%q, %q: %+v", page, referrer, v)
		}
		if again, ok := cleanPath(strings.ReplaceAll(v.path, "%", "%25")); ok && strings.ContainsAny(again, "?#@ ") {
			t.Errorf("%q becomes %q", v.path, again)
		}
	})
}

// Robots and own visits are left out, of the records too.
func TestNotCounted(t *testing.T) {
	w := newWorld(t)
	for _, v := range []visit{
		{agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, {agent: "curl/8.5.0"}, {agent: "facebookexternalhit/1.1"},
		{agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36"},
		{agent: "Mozilla/5.0 (compatible; bingbot/2.0)"}, {agent: "python-requests/2.32"}, {header: map[string]string{"User-Agent": ""}},
		{header: map[string]string{"Sec-Purpose": "prefetch;prerender"}}, {address: "198.51.100.20"}, {address: "2001:db8:1:2::9"}, {address: "::ffff:198.51.100.20"},
	} {
		v.body = view
		if answer := w.want(http.StatusNoContent, v); answer.Header().Get("Set-Cookie") != "" {
			t.Errorf("%+v gets a cookie", v)
		}
	}
	if n := len(w.items(w.access.table)); n != 0 {
		t.Errorf("%d records", n)
	}
	// People whose browser's name looks a little like that are counted.
	for i, agent := range []string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 15; CUBOT KINGKONG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
	} {
		w.want(http.StatusNoContent, visit{body: view, agent: agent})
		w.wantCounted(i+1, i+1)
	}
}

// One network's views are limited by the hour, and another's are not touched.
func TestLimit(t *testing.T) {
	w := newWorld(t)
	w.access.limit.perHour = 3
	for range 3 {
		w.want(http.StatusNoContent, visit{body: view})
	}
	answer := w.want(http.StatusTooManyRequests, visit{body: view})
	if answer.Header().Get("Retry-After") != "3600" {
		t.Errorf("Retry-After %q", answer.Header().Get("Retry-After"))
	}
	w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.8"})
	w.now = w.now.Add(time.Hour)
	w.want(http.StatusNoContent, visit{body: view})
	w.wantCounted(5, 2)
	// However many networks there are, the process remembers a bounded number.
	for i := range mostNetworks + 10 {
		w.access.limit.take(fmt.Sprintf("10.%d.%d.1", i/250, i%250), w.now)
	}
	if n := len(w.access.limit.seen); n > mostNetworks+1 {
		t.Errorf("%d networks", n)
	}
}

// Hard case 25, and settings that are missing or wrong: all are named at once.
func TestStart(t *testing.T) {
	_, err := run(t.Context(), config.Map(map[string]string{"ACCESS_DAYS": "0", "OWN_NETWORKS": "203.0.113.0", "VIEWS_PER_HOUR": "-1"}))
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{"ACCESS_TABLE is missing", "ACCESS_DAYS is 0, below the minimum", "OWN_NETWORKS: \"203.0.113.0\"", "VIEWS_PER_HOUR must be at least 0", "PUBLIC_URL is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

// FuzzDecode: no body makes the function panic, and what is taken is clean.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{view, `{"path":"/a","status":"200"}`, "path=%2Fa&referrer=x", `{"path":null}`, "\xff", `[[[`} {
		f.Add(seed, "application/json")
		f.Add(seed, "application/x-www-form-urlencoded")
	}
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequest(http.MethodPost, "/access", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		if v, err := decode(r); err == nil && (!strings.HasPrefix(v.path, "/") || strings.ContainsAny(v.path, "?#\x00")) {
			t.Errorf("%q as %q: %+v", body, kind, v)
		}
	})
}
