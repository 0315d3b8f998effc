package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

const (
	// issuerTimeout bounds one call to the provider: a person waits.
	issuerTimeout = 4 * time.Second
	// keysAge is how long keys are believed without asking again; keysPause is the least time between two questions, so that forged
	// tokens with invented key ids do not make us ask each time.
	keysAge   = time.Hour
	keysPause = 30 * time.Second
	maxKeys   = 1 << 20 // bytes of a key set
)

// Issuer is the identity provider. What it says of itself and its keys are fetched when they are first needed and kept.
type Issuer struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
	keysURL  string
	keys     jose.JSONWebKeySet
	asked    time.Time
}

// NewIssuer returns the provider at an address, without calling it.
func NewIssuer(url string, now func() time.Time) *Issuer {
	return &Issuer{url: url, client: &http.Client{Timeout: issuerTimeout}, now: now}
}

// Unreachable is the answer while the provider cannot be asked.
func Unreachable(cause error) error {
	return &web.Error{Kind: web.Unavailable, RetryAfter: time.Minute, Cause: cause, Message: policy.Text{
		JA: "サインインを確認するシステムに接続できません。数分後にもう一度お試しください。",
		EN: "The system that confirms sign-ins cannot be reached. Please try again in a few minutes."}}
}

// Context makes go-oidc and x/oauth2 call the provider with our time limit.
func (i *Issuer) Context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, i.client)
}

// Provider returns what the provider says of itself. Error: a *web.Error of kind Unavailable.
func (i *Issuer) Provider(ctx context.Context) (*oidc.Provider, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.discover(ctx)
}

func (i *Issuer) discover(ctx context.Context) (*oidc.Provider, error) {
	if i.provider != nil {
		return i.provider, nil
	}
	provider, err := oidc.NewProvider(i.Context(ctx), i.url)
	if err != nil {
		return nil, Unreachable(fmt.Errorf("discover issuer: %w", err))
	}
	var document struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil || document.Keys == "" {
		return nil, Unreachable(errors.New("discover issuer: no key set"))
	}
	i.provider, i.keysURL = provider, document.Keys
	return provider, nil
}

// ErrBadToken says that a token is malformed, forged, expired or of somebody else. It is never shown: the person is told one
// sentence for all of them.
var ErrBadToken = errors.New("token refused")

// Verify checks signature, issuer and expiry of a token; audience "" leaves the audience to the caller. Errors: ErrBadToken, or
// a *web.Error of kind Unavailable where the provider's keys cannot be had.
func (i *Issuer) Verify(ctx context.Context, raw, audience string) (*oidc.IDToken, error) {
	keys, err := i.keysFor(ctx, raw)
	if err != nil {
		return nil, err
	}
	token, err := oidc.NewVerifier(i.url, keys, &oidc.Config{ClientID: audience, SkipClientIDCheck: audience == "", Now: i.now,
		SupportedSigningAlgs: []string{oidc.RS256}}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadToken, err)
	}
	return token, nil
}

// keySet verifies signatures with keys at hand.
type keySet []jose.JSONWebKey

// VerifySignature is that of oidc.KeySet.
func (k keySet) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	for _, key := range k {
		if payload, err := jws.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, ErrBadToken
}

// keysFor returns the keys by which a token can be verified, and asks the provider for new ones where it names one that is not
// known.
func (i *Issuer) keysFor(ctx context.Context, raw string) (keySet, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(jws.Signatures) != 1 {
		return nil, ErrBadToken
	}
	id := jws.Signatures[0].Header.KeyID
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	known := i.keys.Key(id)
	if len(known) > 0 && now.Sub(i.asked) < keysAge {
		return known, nil
	}
	if len(known) == 0 && len(i.keys.Keys) > 0 && now.Sub(i.asked) < keysPause {
		return nil, ErrBadToken
	}
	if err := i.fetchKeys(ctx); err != nil {
		if len(known) > 0 {
			return known, nil // the provider is away, its keys are as good as an hour ago
		}
		return nil, err
	}
	i.asked = now
	if known = i.keys.Key(id); len(known) == 0 {
		return nil, ErrBadToken
	}
	return known, nil
}

func (i *Issuer) fetchKeys(ctx context.Context) error {
	if _, err := i.discover(ctx); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.keysURL, nil)
	if err != nil {
		return Unreachable(fmt.Errorf("ask for keys: %w", err))
	}
	answer, err := i.client.Do(request)
	if err != nil {
		return Unreachable(fmt.Errorf("ask for keys: %w", err))
	}
	defer func() { _ = answer.Body.Close() }()
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxKeys)).Decode(&keys); err != nil || answer.StatusCode != http.StatusOK || len(keys.Keys) == 0 {
		return Unreachable(errors.New("ask for keys: no key set in the answer"))
	}
	i.keys = keys
	return nil
}

// about asks the provider for name and address of whoever a token is of. Both are empty where it does not tell.
func (i *Issuer) about(ctx context.Context, token string) (name, email string, err error) {
	provider, err := i.Provider(ctx)
	if err != nil {
		return "", "", err
	}
	info, err := provider.UserInfo(i.Context(ctx), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
	if err != nil {
		return "", "", nil //nolint:nilerr // a token without the scope openid: nothing is told of its owner
	}
	var claims struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&claims); err != nil {
		return "", "", fmt.Errorf("read user info: %w", err)
	}
	return claims.Name, info.Email, nil
}
