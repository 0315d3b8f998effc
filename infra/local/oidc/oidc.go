// Package oidc is the identity provider of the local stack, in place of a Cognito user pool: a page with a button for each local
// user, the authorization code flow with PKCE, client credentials, and tokens with the claims that Cognito writes.
//
// It is our own, over go-jose, because no library carries those claims: mockoidc knows neither client credentials nor access
// tokens with token_use and client_id, and has no page; zitadel/oidc brings a storage interface of some thirty methods and a
// web framework for the same three endpoints.
package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What the stack tells the functions of this provider, in place of a user pool's.
const (
	PagesClient  = "local-staff-pages"
	PagesSecret  = "local-staff-pages-secret"
	ScriptClient = "local-staff-scripts"
	ScriptSecret = "local-staff-scripts-secret" //nolint:gosec // a secret of no account: it opens this machine's made-up users
)

const (
	codeLife   = 5 * time.Minute // as Cognito's
	tokenLife  = time.Hour
	keyBits    = 2048
	cookieName = "madoguchi_local_provider"
)

// Provider is the local identity provider.
type Provider struct {
	issuer string
	key    *rsa.PrivateKey
	keyID  string
	signer jose.Signer
	now    func() time.Time

	mu       sync.Mutex
	codes    map[string]grant // code -> what it stands for, until it is used
	sessions map[string]User  // of browsers
}

// grant is an authorization that waits for its code to be used.
type grant struct {
	user                           User
	client, redirect, nonce, scope string
	challenge                      string // PKCE, S256
	at                             time.Time
}

// New returns a provider. keyFile keeps its key, so that tokens outlive a restart of the stack.
func New(keyFile string, now func() time.Time) (*Provider, error) {
	key, err := loadKey(keyFile)
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	p := &Provider{key: key, now: now, codes: map[string]grant{}, sessions: map[string]User{}}
	public := jose.JSONWebKey{Key: key.Public(), Algorithm: string(jose.RS256), Use: "sig"}
	thumb, err := public.Thumbprint(cryptoSHA256)
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	p.keyID = encode(thumb)
	p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: p.keyID}}, nil)
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	return p, nil
}

func loadKey(file string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%s holds no key", file)
		}
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return key, os.WriteFile(file, pem.EncodeToMemory(&block), 0o600)
}

// Serve tells the provider its own address, which stands in every token, and returns its handler.
func (p *Provider) Serve(issuer string) http.Handler {
	p.issuer = issuer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.configuration)
	mux.HandleFunc("GET /.well-known/jwks.json", p.keys)
	mux.HandleFunc("GET /oauth2/authorize", p.authorize)
	mux.HandleFunc("POST /oauth2/authorize", p.choose)
	mux.HandleFunc("POST /oauth2/token", p.token)
	mux.HandleFunc("GET /oauth2/userInfo", p.userInfo)
	mux.HandleFunc("GET /logout", p.logout)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// Issuer is the provider's address.
func (p *Provider) Issuer() string { return p.issuer }

func (p *Provider) configuration(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/oauth2/authorize", "token_endpoint": p.issuer + "/oauth2/token",
		"userinfo_endpoint": p.issuer + "/oauth2/userInfo", "jwks_uri": p.issuer + "/.well-known/jwks.json",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "email", "profile"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: p.keyID, Algorithm: string(jose.RS256), Use: "sig"}}})
}
