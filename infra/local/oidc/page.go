package oidc

import (
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"madoguchi/shared/policy"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// authorize begins the code flow: with the page of users, or at once where the browser is signed in here.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	target, ok := returnAddress(q)
	if !ok {
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest) // never a redirect to where nobody knows
		return
	}
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		back(w, r, target, url.Values{"error": {"invalid_request"}, "state": {q.Get("state")}})
		return
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		p.mu.Lock()
		u, known := p.sessions[cookie.Value]
		p.mu.Unlock()
		if known {
			p.answer(w, r, target, q, u)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	type row struct {
		User
		Names string
	}
	var rows []row
	for _, u := range Users() {
		var names []string
		for _, role := range u.Roles {
			names = append(names, policy.RoleName(role).JA)
		}
		rows = append(rows, row{u, strings.Join(names, "、")})
	}
	_ = page.Execute(w, struct {
		Users  []row
		Action template.URL
	}{rows, template.URL("?" + q.Encode())}) //nolint:gosec // a relative address with an encoded query; the attribute escapes the rest
}

// choose signs a browser in as the user whose button was pressed.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	target, ok := returnAddress(q)
	u, known := Find(r.PostFormValue("user"), r.PostFormValue("roles"))
	if !ok || !known || q.Get("code_challenge") == "" {
		http.Error(w, "unknown client, redirect_uri or user", http.StatusBadRequest)
		return
	}
	session := rand.Text()
	p.mu.Lock()
	p.sessions[session] = u
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // this machine's address has no https
	p.answer(w, r, target, q, u)
}

// answer sends the browser back with a code.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, target *url.URL, q url.Values, u User) {
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = grant{user: u, client: q.Get("client_id"), redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), scope: q.Get("scope"),
		challenge: q.Get("code_challenge"), at: p.now()}
	p.mu.Unlock()
	back(w, r, target, url.Values{"code": {code}, "state": {q.Get("state")}})
}

// logout ends the browser's session here, as Cognito's endpoint of that name does.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Set("redirect_uri", q.Get("logout_uri"))
	target, ok := returnAddress(q)
	if !ok {
		http.Error(w, "unknown client or logout_uri", http.StatusBadRequest)
		return
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		p.mu.Lock()
		delete(p.sessions, cookie.Value)
		p.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // as above
	back(w, r, target, nil)
}

// returnAddress is where a browser goes back to: an address on this machine (the port may be any), or that of a test, for a client
// that is known.
func returnAddress(q url.Values) (*url.URL, bool) {
	target, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != PagesClient {
		return nil, false
	}
	host := target.Hostname()
	here := target.Scheme == "http" && (host == "127.0.0.1" || host == "localhost")
	return target, (here || target.Scheme == "https" && strings.HasSuffix(host, ".example.jp")) && target.User == nil
}

func back(w http.ResponseWriter, r *http.Request, target *url.URL, with url.Values) {
	q := target.Query()
	for name := range with {
		q.Set(name, with.Get(name))
	}
	target.RawQuery = q.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound) //nolint:gosec // returnAddress has checked it
}
