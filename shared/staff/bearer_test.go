package staff_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/oidc"
	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
)

// token asks the provider's token endpoint for one by client credentials.
func (w *world) script(t *testing.T, scope string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Provider.Issuer()+"/oauth2/token",
		strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(oidc.ScriptClient, oidc.ScriptSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || token.Access == "" {
		t.Fatalf("%d, %v", answer.StatusCode, err)
	}
	return "Bearer " + token.Access
}

// changed is a token with another payload under the old signature.
func changed(t *testing.T, bearer string, change func(claims map[string]any)) string {
	t.Helper()
	parts := strings.Split(bearer, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	change(claims)
	if text, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}

// A bearer token is believed only if this provider has signed it for one of our clients, as an access token, and it has not
// expired.
func TestBearer(t *testing.T) {
	w := newWorld(t)
	other := stafftest.New(t, w.client, func() time.Time { return w.clock })
	editor := w.Bearer(hanako)
	w.clock = w.clock.Add(-2 * time.Hour)
	expired := w.Bearer(hanako)
	w.clock = w.clock.Add(2 * time.Hour)
	none := "Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(editor, ".")[1] + "."
	hmac := "Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + strings.Split(editor, ".")[1] + "." + strings.Split(editor, ".")[2]
	signed := func(claims map[string]any) string {
		full := map[string]any{"sub": "local-x", "client_id": oidc.PagesClient, "token_use": "access", "username": "local-x", "cognito:groups": []string{"editor"}}
		for name, value := range claims {
			if full[name] = value; value == nil {
				delete(full, name)
			}
		}
		return "Bearer " + w.Provider.Sign(full, time.Hour)
	}
	for name, c := range map[string]struct {
		header string
		status int
	}{
		"right":                                 {editor, 200},
		"another case of the scheme":            {"bearer " + strings.TrimPrefix(editor, "Bearer "), 200},
		"several roles":                         {w.Bearer(stafftest.Person("b", policy.RolePhotos, policy.RolePress)), 200},
		"wrong role":                            {w.Bearer(stafftest.Person("c", policy.RolePhotos)), 403},
		"no role":                               {w.Bearer(stafftest.Person("d")), 403},
		"admin":                                 {w.Bearer(stafftest.Person("e", policy.RoleAdmin)), 403},
		"script":                                {w.script(t, "madoguchi/editor madoguchi/auditor"), 200},
		"script, wrong scope":                   {w.script(t, "madoguchi/auditor"), 403},
		"script, scope of another server":       {w.script(t, "others/editor editor"), 403},
		"empty":                                 {"Bearer ", 401},
		"no token":                              {"Bearer abc", 401},
		"basic":                                 {"Basic YTpi", 401},
		"another payload":                       {changed(t, w.Bearer(stafftest.Person("f", policy.RolePhotos)), func(c map[string]any) { c["cognito:groups"] = []string{"editor"} }), 401},
		"cut signature":                         {editor[:len(editor)-8], 401},
		"no algorithm":                          {none, 401},
		"symmetric algorithm":                   {hmac, 401},
		"expired":                               {expired, 401},
		"another issuer's":                      {other.Bearer(hanako), 401},
		"another issuer's name, our key":        {signed(map[string]any{"iss": "https://evil.example"}), 401},
		"another client":                        {signed(map[string]any{"client_id": "others"}), 401},
		"no client":                             {signed(map[string]any{"client_id": nil}), 401},
		"an id token":                           {signed(map[string]any{"token_use": "id", "aud": oidc.PagesClient}), 401},
		"no use":                                {signed(map[string]any{"token_use": nil}), 401},
		"no subject":                            {signed(map[string]any{"sub": nil}), 401},
		"person's scopes are no roles":          {signed(map[string]any{"cognito:groups": nil, "scope": "madoguchi/editor"}), 403},
		"script's groups are no roles":          {signed(map[string]any{"client_id": oidc.ScriptClient, "sub": oidc.ScriptClient, "username": nil}), 403},
		"person at the scripts' client":         {signed(map[string]any{"client_id": oidc.ScriptClient}), 401},
		"pages' client by itself":               {signed(map[string]any{"sub": oidc.PagesClient, "username": nil, "scope": "madoguchi/editor"}), 401},
		"a cookie helps no bad token (checked)": {"Bearer abc", 401},
	} {
		t.Run(name, func(t *testing.T) {
			w.seen = staff.Person{}
			in := call{path: "/staff/readers", header: []string{"Authorization: " + c.header, "Accept: */*"}}
			if strings.HasPrefix(name, "a cookie") {
				in.cookie = w.SignIn(t, hanako)
			}
			answer := w.do(t, in)
			if answer.StatusCode != c.status {
				t.Fatalf("%d %s", answer.StatusCode, body(t, answer))
			}
			if c.status == 200 {
				if answer.Header.Get("Content-Type") != "application/json" || w.seen.ID == "" {
					t.Errorf("%s for %+v", answer.Header.Get("Content-Type"), w.seen)
				}
				return
			}
			if p := problem(t, answer); p.Status != c.status || w.seen.ID != "" {
				t.Errorf("%+v, %+v", p, w.seen)
			}
			if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == `Bearer error="invalid_token"`) != (c.status == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
	// No browser adds a token by itself: where it comes from does not matter.
	answer := w.do(t, call{method: "POST", path: "/staff/readers", header: []string{"Authorization: " + editor, "Sec-Fetch-Site: cross-site"}})
	if answer.StatusCode != http.StatusOK {
		t.Errorf("a script's post: %d", answer.StatusCode)
	}
}

// A script by itself is told from a person, and is no second one.
func TestMachine(t *testing.T) {
	w := newWorld(t)
	w.do(t, call{path: "/staff/everybody", header: []string{"Authorization: " + w.script(t, "madoguchi/press madoguchi/king")}})
	if diff := cmp.Diff(staff.Person{ID: oidc.ScriptClient, Roles: []string{"press"}, Machine: true}, w.seen); diff != "" {
		t.Error(diff)
	}
}

// While the provider is out of reach, tokens are answered with 503 and a sentence, once its keys are known not at all; cookies go
// on as ever. Forged key ids do not make us ask each time.
func TestProviderAway(t *testing.T) {
	w := newWorld(t)
	down, asked := false, 0
	provider, err := oidc.New(filepath.Join(t.TempDir(), "key.pem"), func() time.Time { return w.clock })
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if asked++; down {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	handler = provider.Serve(server.URL)
	w.Env["STAFF_ISSUER"] = server.URL
	desk, err := staff.With(config.Map(w.Env), w.client, func() time.Time { return w.clock })
	if err != nil || asked != 0 {
		t.Fatalf("%d calls at start, %v", asked, err)
	}
	w.mux = w.functions(desk)
	get := func(token string) *http.Response {
		return w.do(t, call{path: "/staff/readers", header: []string{"Authorization: Bearer " + token}})
	}
	token := func() string {
		return provider.AccessToken(oidc.User{ID: "local-a", Roles: []string{policy.RoleEditor}}, 3*time.Hour)
	}
	down = true
	answer := get(token())
	if p := problem(t, answer); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(p.Detail, "接続できません") || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d %+v", answer.StatusCode, p)
	}
	if status := w.do(t, call{path: "/staff/readers", cookie: w.SignIn(t, hanako)}).StatusCode; status != http.StatusOK {
		t.Errorf("a session is let in with %d", status)
	}
	down = false
	if status := get(token()).StatusCode; status != http.StatusOK {
		t.Errorf("once it is back: %d", status)
	}
	before := asked
	for range 5 {
		if status := get(stranger(t)).StatusCode; status != http.StatusUnauthorized {
			t.Errorf("a stranger's key: %d", status)
		}
	}
	if asked != before {
		t.Errorf("asked %d times for keys of strangers", asked-before)
	}
	down = true
	w.clock = w.clock.Add(2 * time.Hour)
	if status := get(token()).StatusCode; status != http.StatusOK {
		t.Errorf("with keys of two hours ago: %d", status)
	}
}

func stranger(t *testing.T) string {
	t.Helper()
	other, err := oidc.New(filepath.Join(t.TempDir(), "key.pem"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return other.AccessToken(oidc.User{ID: "local-a", Roles: []string{policy.RoleEditor}}, time.Hour)
}

// A bearer token holds no address: the account has it, or the provider.
func TestSelf(t *testing.T) {
	w := newWorld(t)
	var self staff.Person
	w.mux.Handle("GET /staff/self", nil, func(_ http.ResponseWriter, r *http.Request) (err error) {
		self, err = w.Desk.Self(r.Context())
		return err
	})
	for name, c := range map[string]struct{ header, want string }{
		"not seen before": {w.Bearer(hanako), "hanako@staff.example.jp"},
		"script":          {w.script(t, "madoguchi/editor"), ""},
		"without a role":  {w.Bearer(stafftest.Person("nobody")), "nobody@staff.example.jp"},
	} {
		t.Run(name, func(t *testing.T) {
			if status := w.do(t, call{path: "/staff/self", header: []string{"Authorization: " + c.header}}).StatusCode; status != 200 || self.Email != c.want {
				t.Errorf("%d, %+v", status, self)
			}
		})
	}
	w.SignIn(t, staff.Person{ID: "local-hanako", Email: "other@staff.example.jp", Roles: []string{policy.RoleEditor}})
	w.do(t, call{path: "/staff/self", header: []string{"Authorization: " + w.Bearer(hanako)}})
	if self.Email != "other@staff.example.jp" {
		t.Errorf("the account's address is %q", self.Email)
	}
}
