package stack

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/infra/local/oidc"
	"madoguchi/shared/config"
	"madoguchi/shared/staff"
)

// handedOut is how long a token of /_local/token is good: a day of work.
const handedOut = 12 * time.Hour

// startSignIn serves the identity provider, at an address of its own as a user pool's is. The functions find it by the parameters
// for another provider than Cognito.
func (s *Stack) startSignIn() error {
	var err error
	if s.signIn, err = oidc.New(filepath.Join(s.options.DataDir, "sign-in.pem"), time.Now); err != nil {
		return err
	}
	listener, err := s.beside("sign-in", 4)
	if err != nil {
		return err
	}
	issuer := "http://" + reachable(listener.Addr())
	s.serve(listener, s.signIn.Serve(issuer))
	s.parts = append(s.parts, Part{"sign-in", issuer})
	return nil
}

func (s *Stack) signInDefaults() map[string]string {
	return map[string]string{"StaffIssuer": s.signIn.Issuer(), "StaffLogoutUrl": s.signIn.Issuer() + "/logout",
		"StaffClientId": oidc.PagesClient, "StaffClientSecret": oidc.PagesSecret, "StaffScriptClients": oidc.ScriptClient}
}

// SignIn is the identity provider: its address and its tokens, for tests.
func (s *Stack) SignIn() *oidc.Provider { return s.signIn }

// Token is what /_local/token hands out: a bearer token of a local user, named or made up from roles (comma-separated).
func (s *Stack) Token(user, roles string) (string, bool) {
	u, ok := oidc.Find(user, roles)
	if !ok {
		return "", false
	}
	return s.signIn.AccessToken(u, handedOut), true
}

// whom tells the local user that a request of the tools means.
func whom(w http.ResponseWriter, r *http.Request) (user, roles string, ok bool) {
	user, roles = r.URL.Query().Get("user"), r.URL.Query().Get("role")
	if _, ok = oidc.Find(user, roles); !ok {
		http.Error(w, "say ?role=editor (several with commas) or ?user=editor2; a second person of the same role is ?role=editor&user=somebody",
			http.StatusUnprocessableEntity)
	}
	return user, roles, ok
}

// token is GET /_local/token. Whoever gets a token is also noted as a colleague, as a sign-in with a browser does, so that mail about
// what waits for an approval reaches the inbox.
func (s *Stack) token(w http.ResponseWriter, r *http.Request) {
	user, roles, ok := whom(w, r)
	if !ok {
		return
	}
	u, _ := oidc.Find(user, roles)
	if settings := s.environment("SigninFunction"); settings != nil {
		desk, err := staff.With(config.Map(settings), s.client, time.Now)
		if err == nil {
			err = desk.Remember(r.Context(), staff.Person{ID: u.ID, Name: u.Name, Email: u.Email, Roles: u.Roles})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	token, _ := s.Token(user, roles)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, token) //nolint:gosec // a signed token is no markup, and plain text is what the answer says it is
}

// signBrowserIn is GET /_local/signin: it goes the whole way that a browser would go, presses the button of the user, and hands the
// session's cookie on.
func (s *Stack) signBrowserIn(w http.ResponseWriter, r *http.Request) {
	user, roles, ok := whom(w, r)
	if !ok {
		return
	}
	cookies, err := s.walkIn(r, user, roles)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, cookie := range cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.Header().Set("Location", "/staff/")
	w.WriteHeader(http.StatusSeeOther)
}

// walkIn asks our own address for everything, as a browser would.
func (s *Stack) walkIn(r *http.Request, user, roles string) ([]string, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	step := func(method, target, cookie, form string, want int) (http.Header, error) {
		request, err := http.NewRequestWithContext(r.Context(), method, target, strings.NewReader(form))
		if err != nil {
			return nil, fmt.Errorf("sign in: %w", err)
		}
		if cookie != "" {
			request.Header.Set("Cookie", cookie)
		}
		if form != "" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := client.Do(request)
		if err != nil {
			return nil, fmt.Errorf("sign in: %w", err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			return nil, fmt.Errorf("sign in: %s answers %d", request.URL.Path, answer.StatusCode)
		}
		return answer.Header, nil
	}
	begun, err := step(http.MethodGet, s.URL()+staff.SignInPath, "", "", http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	var cookies []string
	for _, line := range begun.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			return nil, fmt.Errorf("sign in: %w", err)
		}
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	if before, err := r.Cookie(staff.CookieName); err == nil {
		cookies = append(cookies, before.Name+"="+before.Value)
	}
	form := url.Values{"user": {user}, "roles": {roles}}.Encode()
	chosen, err := step(http.MethodPost, begun.Get("Location"), "", form, http.StatusFound)
	if err != nil {
		return nil, err
	}
	done, err := step(http.MethodGet, chosen.Get("Location"), strings.Join(cookies, "; "), "", http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	return done.Values("Set-Cookie"), nil
}
