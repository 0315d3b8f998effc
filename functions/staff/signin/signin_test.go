package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
)

// The whole flow: with PKCE, state and nonce to the provider, back with a code, into a session, to the page that was wanted.
func TestSignIn(t *testing.T) {
	w := newWorld(t)
	to := w.begin(t, "/staff/subscribers")
	q := to.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) < 26 ||
		len(q.Get("nonce")) < 26 || q.Get("redirect_uri") != "https://forms.example.jp/staff/callback" || q.Get("client_id") != w.Env["STAFF_CLIENT"] {
		t.Errorf("sent to %s", to)
	}
	if w.in(t) {
		t.Fatal("signed in before the provider was asked")
	}
	answer := w.do(t, http.MethodGet, w.press(t, to, "editor"))
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/staff/subscribers" || !w.in(t) {
		t.Fatalf("%d to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	for _, c := range answer.Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %v", c)
		}
	}
	if _, left := w.cookies[attemptCookie]; left {
		t.Error("the attempt's cookie is left")
	}
	people, err := w.Desk.Colleagues(t.Context(), "editor")
	if err != nil || len(people) != 1 || people[0].Email != "editor@staff.example.jp" || people[0].Name != "ローカル editor" {
		t.Errorf("%v, %v", people, err)
	}
}

// An answer that this browser did not ask for, that comes late or twice, or is a refusal, opens nothing and says what to do.
func TestRefusedAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, w *world, back string) string // what the browser does with the address
		status int
	}{
		"another state": {func(_ *testing.T, _ *world, back string) string { return strings.Replace(back, "state=", "state=A", 1) }, 410},
		"no state": {func(_ *testing.T, _ *world, back string) string {
			path, _, _ := strings.Cut(back, "&state=")
			return path
		}, 410},
		"another browser": {func(_ *testing.T, w *world, back string) string { clear(w.cookies); return back }, 410},
		"another sign-in begun since": {func(t *testing.T, w *world, back string) string {
			w.begin(t, "/staff/")
			return back
		}, 410},
		"eleven minutes later": {func(_ *testing.T, w *world, back string) string {
			w.clock = w.clock.Add(11 * time.Minute)
			return back
		}, 410},
		"cookie that is none": {func(_ *testing.T, w *world, back string) string { w.cookies[attemptCookie] = "!"; return back }, 410},
		"cancelled": {func(_ *testing.T, _ *world, back string) string {
			return strings.Replace(back, "code=", "error=access_denied&x=", 1)
		}, 403},
		"code of nobody": {func(_ *testing.T, _ *world, back string) string { return strings.Replace(back, "code=", "code=A", 1) }, 403},
		"another verifier": {func(t *testing.T, w *world, back string) string {
			w.altered(t, func(a *attempt) { a.Verifier += "A" })
			return back
		}, 403},
		"another nonce": {func(t *testing.T, w *world, back string) string {
			w.altered(t, func(a *attempt) { a.Nonce += "A" })
			return back
		}, 403},
		"provider with other keys": {func(t *testing.T, w *world, back string) string {
			w.swap(t, "/.well-known/jwks.json", `{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}`)
			return back
		}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			back := c.change(t, w, w.press(t, w.begin(t, "/staff/"), "editor"))
			answer := w.do(t, http.MethodGet, back)
			text := body(t, answer)
			if answer.StatusCode != c.status || !strings.Contains(text, `href="/staff/signin"`) {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
			if w.in(t) {
				t.Error("signed in")
			}
		})
	}
}

// altered changes the attempt that the browser carries.
func (w *world) altered(t *testing.T, change func(*attempt)) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(w.cookies[attemptCookie])
	if err != nil {
		t.Fatal(err)
	}
	var a attempt
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	change(&a)
	if text, err = json.Marshal(a); err != nil {
		t.Fatal(err)
	}
	w.cookies[attemptCookie] = base64.RawURLEncoding.EncodeToString(text)
}

// swap lets the function find another answer of the provider at a path.
func (w *world) swap(t *testing.T, path, text string) {
	t.Helper()
	var own http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			_, _ = rw.Write([]byte(text))
			return
		}
		own.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	own = w.Provider.Serve(server.URL)
	w.Env["STAFF_ISSUER"] = server.URL
	w.open(t)
}

// A whole answer that is sent a second time, with the cookie of the first, opens no second session: neither by the code nor, were
// the provider to take it twice, by the state.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	back := w.press(t, w.begin(t, "/staff/"), "editor")
	kept := w.cookies[attemptCookie]
	w.do(t, http.MethodGet, back)
	clear(w.cookies)
	w.cookies[attemptCookie] = kept
	if answer := w.do(t, http.MethodGet, back); answer.StatusCode != http.StatusForbidden || w.in(t) {
		t.Errorf("%d", answer.StatusCode)
	}
}

// Only a path of the staff pages is gone to after signing in.
func TestOwnPath(t *testing.T) {
	for wanted, want := range map[string]string{
		"/staff/": "/staff/", "/staff/campaigns/C1": "/staff/campaigns/C1", "/staff/a%2Fb": "/staff/a%2Fb",
		"": "/staff/", "/": "/staff/", "/newsletter": "/staff/", "/staff": "/staff/", "/staffx/": "/staff/", "//evil.example/staff/": "/staff/",
		"https://evil.example/staff/": "/staff/", "/staff/../newsletter": "/staff/", "/staff//evil.example": "/staff/", `/staff/\evil.example`: "/staff/",
		`/\evil.example/staff/`: "/staff/", "/staff/%5Cevil": "/staff/", "/staff/\r\nSet-Cookie: a=b": "/staff/", "/staff/%0d%0aA:b": "/staff/", "javascript:alert(1)": "/staff/",
		"/staff/signin": "/staff/", "/staff/callback?code=a": "/staff/", "/staff/signout": "/staff/", "/staff/subscribers?email=taro@example.jp": "/staff/subscribers",
		"/staff/a#b": "/staff/a", "/staff/%": "/staff/", "/staff/..": "/staff/",
	} {
		if got := ownPath(wanted); got != want {
			t.Errorf("%q becomes %q, want %q", wanted, got, want)
		}
	}
}

func FuzzOwnPath(f *testing.F) {
	for _, seed := range []string{"/staff/a", "//a", "/staff/%2e%2e/a", `/staff\a`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		got := ownPath(wanted)
		u, err := url.Parse(got)
		if err != nil || u.Host != "" || u.IsAbs() || !strings.HasPrefix(got, "/staff/") || strings.ContainsAny(got, "\\\r\n") || ownPath(got) != got {
			t.Errorf("%q becomes %q", wanted, got)
		}
	})
}

// Signing out ends our session and sends the browser on to end the provider's, by a page that works without JavaScript; from another
// website it does nothing.
func TestSignOut(t *testing.T) {
	w := newWorld(t)
	w.do(t, http.MethodGet, w.press(t, w.begin(t, "/staff/"), "editor"))
	if answer := w.do(t, http.MethodPost, "/staff/signout", "Sec-Fetch-Site: cross-site"); answer.StatusCode != http.StatusForbidden || !w.in(t) {
		t.Errorf("from another website: %d", answer.StatusCode)
	}
	kept := w.cookies[staff.CookieName]
	answer := w.do(t, http.MethodPost, "/staff/signout", "Sec-Fetch-Site: same-origin")
	_, address, _ := strings.Cut(answer.Header.Get("Refresh"), "url=")
	to, err := url.Parse(address)
	want := url.Values{"client_id": {w.Env["STAFF_CLIENT"]}, "logout_uri": {"https://forms.example.jp/staff/signedout"},
		"post_logout_redirect_uri": {"https://forms.example.jp/staff/signedout"}}
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(address, w.Env["STAFF_LOGOUT_URL"]) {
		t.Fatalf("%d to %q", answer.StatusCode, address)
	}
	if diff := cmp.Diff(want, to.Query()); diff != "" {
		t.Error(diff)
	}
	w.cookies[staff.CookieName] = kept
	if w.in(t) {
		t.Error("the session goes on with a copy of the cookie")
	}
	w.Env["STAFF_LOGOUT_URL"] = ""
	w.open(t)
	if answer := w.do(t, http.MethodPost, "/staff/signout"); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/staff/signedout" {
		t.Errorf("without a provider's sign-out: %d to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
}

// A provider out of reach is told as such, and nothing waits for it at start.
func TestProviderAway(t *testing.T) {
	w := newWorld(t)
	w.Env["STAFF_ISSUER"] = "http://127.0.0.1:1"
	w.open(t)
	answer := w.do(t, http.MethodGet, "/staff/signin")
	if text := body(t, answer); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "接続できません") || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

// The provider's answers can be wrong in ways that are nobody's fault here: 503, not 500.
func TestProviderBroken(t *testing.T) {
	for path, status := range map[string]int{"/oauth2/token": 503, "/.well-known/jwks.json": 503, "/.well-known/openid-configuration": 503} {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t)
			back := w.press(t, w.begin(t, "/staff/"), "editor")
			w.swap(t, path, `not JSON`)
			if answer := w.do(t, http.MethodGet, back); answer.StatusCode != status || w.in(t) {
				t.Errorf("%d", answer.StatusCode)
			}
		})
	}
}

// Whoever is signed in reads what the paths of staff take and answer, and whose they are.
func TestDescription(t *testing.T) {
	w := newWorld(t)
	answer := w.do(t, http.MethodGet, "/staff/openapi.json", "Authorization: "+w.Bearer(stafftest.Person("hanako", policy.RoleEditor)))
	var got struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]any
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || got.OpenAPI != "3.1.0" || len(got.Servers) != 1 || got.Servers[0].URL != "https://forms.example.jp" || got.Paths["/staff/campaigns/{id}/return"]["post"] == nil {
		t.Errorf("%d %+v", answer.StatusCode, got.Servers)
	}
}

// All that is missing is named at once.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	delete(w.Env, "STAFF_CLIENT_SECRET")
	delete(w.Env, "STAFF_TABLE")
	_, err := run(t.Context(), config.Map(w.Env))
	if err == nil || !strings.Contains(err.Error(), "STAFF_CLIENT_SECRET is missing") || !strings.Contains(err.Error(), "STAFF_TABLE is missing") {
		t.Errorf("%v", err)
	}
}
