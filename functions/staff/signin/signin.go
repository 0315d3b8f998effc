package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

const (
	frontPath = "/staff/"
	// attemptCookie holds what belongs to one attempt to sign in, between the way to the provider and the way back. That the browser
	// brings it along proves that the attempt began here.
	attemptCookie = web.AttemptCookie
	attemptLife   = 10 * time.Minute
)

// attempt is one attempt to sign in. Nothing of it is stored here until it has succeeded, so that nobody can fill the table.
type attempt struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"` // PKCE
	Return   string `json:"r"` // path to go to afterwards
	At       int64  `json:"t"`
}

// begin sends the browser to the provider.
func (d *door) begin(w http.ResponseWriter, r *http.Request) error {
	client, err := d.oauth(r.Context())
	if err != nil {
		return err
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: ownPath(r.URL.Query().Get("return")), At: d.Now().Unix()}
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode attempt to sign in: %w", err)
	}
	setAttempt(w, base64.RawURLEncoding.EncodeToString(text), int(attemptLife/time.Second))
	w.Header().Set("Location", client.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// oauth is our side of the flow. Error: the provider is out of reach.
func (d *door) oauth(ctx context.Context) (*oauth2.Config, error) {
	provider, err := d.Issuer.Provider(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // not tried out: a code can be used once only
	return &oauth2.Config{ClientID: d.settings.Client, ClientSecret: d.Secret, Endpoint: endpoint,
		RedirectURL: d.Site.Organization.PublicURL + "/staff/callback", Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// complete takes the browser back from the provider and starts the session.
func (d *door) complete(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a, ok := d.attempt(r)
	if !ok || subtle.ConstantTimeCompare([]byte(a.State), []byte(q.Get("state"))) != 1 {
		return d.writeAgain(w, r, againStale)
	}
	setAttempt(w, "", -1)
	if q.Get("error") != "" || q.Get("code") == "" {
		return d.writeAgain(w, r, againRefused)
	}
	person, err := d.exchange(r.Context(), q.Get("code"), a)
	if errors.Is(err, errRefused) {
		return d.writeAgain(w, r, againRefused)
	}
	if err != nil {
		return err
	}
	err = d.Begin(r.Context(), w, r, person, a.State)
	if errors.Is(err, staff.ErrReplayed) {
		return d.writeAgain(w, r, againStale)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.Return)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// errRefused says that the provider or its token did not convince.
var errRefused = errors.New("sign-in refused")

// exchange turns the code into a person. Errors: errRefused, or the provider is out of reach.
func (d *door) exchange(ctx context.Context, code string, a attempt) (staff.Person, error) {
	client, err := d.oauth(ctx)
	if err != nil {
		return staff.Person{}, err
	}
	tokens, err := client.Exchange(d.Issuer.Context(ctx), code, oauth2.VerifierOption(a.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError {
		return staff.Person{}, fmt.Errorf("%w: code not taken", errRefused)
	}
	if err != nil {
		return staff.Person{}, staff.Unreachable(fmt.Errorf("exchange code: %w", err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := d.Issuer.Verify(ctx, raw, d.settings.Client)
	if errors.Is(err, staff.ErrBadToken) {
		return staff.Person{}, fmt.Errorf("%w: %w", errRefused, err)
	}
	if err != nil {
		return staff.Person{}, err
	}
	var claims struct {
		Use      string   `json:"token_use"`
		Name     string   `json:"name"`
		Email    string   `json:"email"`
		Verified bool     `json:"email_verified"`
		Groups   []string `json:"cognito:groups"`
	}
	if err := token.Claims(&claims); err != nil || token.Subject == "" || claims.Use != "id" ||
		subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1 {
		return staff.Person{}, fmt.Errorf("%w: claims", errRefused)
	}
	if !claims.Verified {
		claims.Email = "" // mail about work goes only where the person has shown to read it
	}
	return staff.Person{ID: token.Subject, Name: claims.Name, Email: claims.Email, Roles: claims.Groups}, nil
}

// attempt reads the browser's attempt; false where there is none, or it is over.
func (d *door) attempt(r *http.Request) (a attempt, ok bool) {
	cookie, err := r.Cookie(attemptCookie)
	if err != nil {
		return a, false
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(text, &a) != nil || a.State == "" || a.Nonce == "" || a.Verifier == "" {
		return a, false
	}
	age := d.Now().Sub(time.Unix(a.At, 0))
	a.Return = ownPath(a.Return)
	return a, age >= 0 && age < attemptLife
}

func setAttempt(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: attemptCookie, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// ownPath keeps a path of the staff pages, and makes everything else the front page: a link must not lead through the sign-in
// to somewhere else.
func ownPath(wanted string) string {
	u, err := url.Parse(wanted)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(wanted, frontPath) || strings.ContainsAny(wanted, "\\") ||
		strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/../") || strings.HasSuffix(u.Path, "/..") ||
		strings.ContainsFunc(u.Path, func(c rune) bool { return c < ' ' || c == '\u007f' || c == '\\' }) {
		return frontPath
	}
	switch u.Path {
	case "/staff/signin", "/staff/callback", "/staff/signout", "/staff/signedout":
		return frontPath
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath}).String()
}

// signOut ends the session here, then at the provider: otherwise the next click on "sign in" would let in whoever sits there.
func (d *door) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := d.End(w, r); err != nil {
		return err
	}
	return d.writeLeaving(w, r)
}

// leaving is where the provider ends its own session; "" where nobody says so.
func (d *door) leaving() string {
	u, err := url.Parse(d.Logout)
	if err != nil || d.Logout == "" {
		return ""
	}
	home := d.Site.Organization.PublicURL + "/staff/signedout"
	q := u.Query()
	q.Set("client_id", d.settings.Client)
	q.Set("logout_uri", home)               // Cognito
	q.Set("post_logout_redirect_uri", home) // OpenID Connect RP-Initiated Logout
	u.RawQuery = q.Encode()
	return u.String()
}
