package oidc

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type world struct {
	*Provider
	handler http.Handler
	clock   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	var err error
	if w.Provider, err = New(filepath.Join(t.TempDir(), "key.pem"), func() time.Time { return w.clock }); err != nil {
		t.Fatal(err)
	}
	w.handler = w.Serve("http://127.0.0.1:3004")
	return w
}

func (w *world) do(t *testing.T, method, target, form string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer.Result()
}

const verifier = "a-verifier-of-more-than-forty-three-characters-in-all"

func query(change map[string]string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {PagesClient}, "redirect_uri": {"http://127.0.0.1:3000/staff/callback"}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"S"}, "nonce": {"N"}, "code_challenge": {encode(sum[:])}, "code_challenge_method": {"S256"}}
	for name, value := range change {
		q.Set(name, value)
	}
	return "/oauth2/authorize?" + q.Encode()
}

// What a real provider refuses is refused, so that a mistake of ours is seen here and not in AWS.
func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change map[string]string
		status int
		back   string
	}{
		"right":               {nil, 200, ""},
		"another client":      {map[string]string{"client_id": "x"}, 400, ""},
		"another site":        {map[string]string{"redirect_uri": "https://evil.example/"}, 400, ""},
		"no PKCE":             {map[string]string{"code_challenge": ""}, 302, "error=invalid_request"},
		"plain PKCE":          {map[string]string{"code_challenge_method": "plain"}, 302, "error=invalid_request"},
		"tokens in addresses": {map[string]string{"response_type": "token"}, 302, "error=invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := w.do(t, http.MethodGet, query(c.change), "")
			if answer.StatusCode != c.status || !strings.Contains(answer.Header.Get("Location"), c.back) {
				t.Errorf("%d to %q", answer.StatusCode, answer.Header.Get("Location"))
			}
		})
	}
	if answer := w.do(t, http.MethodPost, query(nil), "user=king"); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown user: %d", answer.StatusCode)
	}
}

// A code is good once, for the client, the address and the verifier that it was made for, and for five minutes.
func TestCode(t *testing.T) {
	const right = "grant_type=authorization_code&redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2Fstaff%2Fcallback&code_verifier=" + verifier
	for name, c := range map[string]struct {
		form, client, secret string
		wait                 time.Duration
		twice                bool
		status               int
	}{
		"right":            {right, PagesClient, PagesSecret, 0, false, 200},
		"twice":            {right, PagesClient, PagesSecret, 0, true, 400},
		"late":             {right, PagesClient, PagesSecret, 5 * time.Minute, false, 400},
		"wrong secret":     {right, PagesClient, "x", 0, false, 401},
		"other client":     {right, ScriptClient, ScriptSecret, 0, false, 400},
		"another verifier": {right + "x", PagesClient, PagesSecret, 0, false, 400},
		"another address":  {strings.Replace(right, "callback", "other", 1), PagesClient, PagesSecret, 0, false, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			chosen := w.do(t, http.MethodPost, query(nil), "user=editor")
			back, err := url.Parse(chosen.Header.Get("Location"))
			if err != nil || back.Query().Get("state") != "S" || back.Query().Get("code") == "" {
				t.Fatalf("back to %q", chosen.Header.Get("Location"))
			}
			w.clock = w.clock.Add(c.wait)
			redeem := func() *http.Response {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth2/token", strings.NewReader(c.form+"&code="+back.Query().Get("code")))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.SetBasicAuth(c.client, c.secret)
				answer := httptest.NewRecorder()
				w.handler.ServeHTTP(answer, r)
				return answer.Result()
			}
			answer := redeem()
			if c.twice {
				answer = redeem()
			}
			var tokens map[string]any
			if err := json.NewDecoder(answer.Body).Decode(&tokens); err != nil || answer.StatusCode != c.status || (tokens["id_token"] != nil) != (c.status == 200) {
				t.Errorf("%d %v, %v", answer.StatusCode, tokens, err)
			}
		})
	}
}

// The provider remembers the browser until it is signed out, as Cognito does.
func TestSession(t *testing.T) {
	w := newWorld(t)
	chosen := w.do(t, http.MethodPost, query(nil), "user=editor")
	cookie := "Cookie: " + chosen.Cookies()[0].Name + "=" + chosen.Cookies()[0].Value
	if answer := w.do(t, http.MethodGet, query(nil), "", cookie); answer.StatusCode != http.StatusFound || !strings.Contains(answer.Header.Get("Location"), "code=") {
		t.Errorf("signed in already: %d", answer.StatusCode)
	}
	leave := "/logout?client_id=" + PagesClient + "&logout_uri=" + url.QueryEscape("http://127.0.0.1:3000/staff/signedout")
	if answer := w.do(t, http.MethodGet, leave, "", cookie); answer.Header.Get("Location") != "http://127.0.0.1:3000/staff/signedout" {
		t.Errorf("signed out to %q", answer.Header.Get("Location"))
	}
	if answer := w.do(t, http.MethodGet, query(nil), "", cookie); answer.StatusCode != http.StatusOK {
		t.Errorf("after signing out: %d", answer.StatusCode)
	}
}

// Users are found by name, or made up from roles; two names are two persons.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, roles string
		want        User
		ok          bool
	}{
		{"", "editor", user("editor", "editor"), true},
		{"editor2", "", user("editor2", "editor"), true},
		{"second", "editor,press", user("second", "editor", "press"), true},
		{"", "editor, press", user("editor-press", "editor", "press"), true},
		{"nothing", "", user("nothing"), true},
		{"", "", User{}, false}, {"", "king", User{}, false}, {"", "editor,editor", User{}, false}, {"king", "", User{}, false}, {"A b", "editor", User{}, false},
	} {
		got, ok := Find(c.name, c.roles)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
			t.Errorf("%q, %q: %t %s", c.name, c.roles, ok, diff)
		}
	}
}

// Tokens outlive a restart: the key is kept.
func TestKeyIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	first, err := New(file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(file, time.Now)
	if err != nil || first.keyID != second.keyID {
		t.Errorf("%q, %q, %v", first.keyID, second.keyID, err)
	}
}
