package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const cryptoSHA256 = crypto.SHA256

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token is the token endpoint: the code flow with PKCE, and client credentials.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	known := map[string]string{PagesClient: PagesSecret, ScriptClient: ScriptSecret}
	if known[client] == "" || subtle.ConstantTimeCompare([]byte(known[client]), []byte(secret)) != 1 {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	switch {
	case r.PostFormValue("grant_type") == "client_credentials" && client == ScriptClient:
		writeJSON(w, http.StatusOK, map[string]any{"access_token": p.scriptToken(r.PostFormValue("scope")), "token_type": "Bearer", "expires_in": int(tokenLife / time.Second)})
	case r.PostFormValue("grant_type") == "authorization_code" && client == PagesClient:
		g, ok := p.redeem(r, client)
		if !ok {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		access := p.AccessToken(g.user, tokenLife)
		half := sha256.Sum256([]byte(access))
		id := p.Sign(map[string]any{"sub": g.user.ID, "aud": client, "token_use": "id", "nonce": g.nonce, "at_hash": encode(half[:16]),
			"email": g.user.Email, "email_verified": true, "name": g.user.Name, "cognito:username": g.user.ID, "cognito:groups": g.user.Roles,
			"auth_time": g.at.Unix()}, tokenLife)
		writeJSON(w, http.StatusOK, map[string]any{"access_token": access, "id_token": id, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second)})
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// redeem takes a code, once.
func (p *Provider) redeem(r *http.Request, client string) (grant, bool) {
	code := r.PostFormValue("code")
	p.mu.Lock()
	g, ok := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	return g, ok && g.client == client && g.redirect == r.PostFormValue("redirect_uri") && p.now().Sub(g.at) < codeLife && g.challenge == encode(verifier[:])
}

// AccessToken makes an access token of a user, as Cognito writes it: no audience, no name, no address.
func (p *Provider) AccessToken(u User, life time.Duration) string {
	return p.Sign(map[string]any{"sub": u.ID, "client_id": PagesClient, "token_use": "access", "username": u.ID, "cognito:groups": u.Roles,
		"scope": "openid email profile", "version": 2, "auth_time": p.now().Unix()}, life)
}

func (p *Provider) scriptToken(scope string) string {
	return p.Sign(map[string]any{"sub": ScriptClient, "client_id": ScriptClient, "token_use": "access", "scope": scope, "version": 2,
		"auth_time": p.now().Unix()}, tokenLife)
}

// Sign makes a token: it adds the claims that all tokens have, but for an issuer that is given.
func (p *Provider) Sign(claims map[string]any, life time.Duration) string {
	if claims["iss"] == nil {
		claims["iss"] = p.issuer
	}
	claims["iat"], claims["exp"], claims["jti"] = p.now().Unix(), p.now().Add(life).Unix(), rand.Text()
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err) // texts, numbers and lists of texts
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		panic(err) // the key is one that New has made
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// userInfo tells name and address of the user of an access token.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	var claims struct {
		Subject string   `json:"sub"`
		User    string   `json:"username"`
		Groups  []string `json:"cognito:groups"`
		Expires int64    `json:"exp"`
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err == nil {
		var payload []byte
		if payload, err = jws.Verify(p.key.Public()); err == nil {
			err = json.Unmarshal(payload, &claims)
		}
	}
	if err != nil || claims.User == "" || claims.Expires <= p.now().Unix() {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	u := user(strings.TrimPrefix(claims.Subject, prefix), claims.Groups...)
	writeJSON(w, http.StatusOK, map[string]any{"sub": u.ID, "name": u.Name, "email": u.Email, "email_verified": "true", "username": u.ID}) // Cognito's is a text
}

func refuse(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
