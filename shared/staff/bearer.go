package staff

import (
	"context"
	"errors"
	"slices"
	"strings"

	"madoguchi/shared/policy"
)

// ScopePrefix stands before a role in the scopes of scripts: madoguchi/editor.
const ScopePrefix = "madoguchi/"

// Groups is the claim in which Cognito names a person's groups, in both kinds of token.
const Groups = "cognito:groups"

// accessClaims are those of an access token of Cognito.
type accessClaims struct {
	Use    string   `json:"token_use"`
	Client string   `json:"client_id"`
	User   string   `json:"username"`
	Scope  string   `json:"scope"`
	Groups []string `json:"cognito:groups"`
}

// bearer finds out whose access token this is. Errors: errToken, or the provider is out of reach.
func (d *Desk) bearer(ctx context.Context, raw string) (Person, error) {
	token, err := d.Issuer.Verify(ctx, raw, "") // an access token of Cognito has no audience, but client_id
	if errors.Is(err, ErrBadToken) {
		return Person{}, errToken
	}
	if err != nil {
		return Person{}, err
	}
	var claims accessClaims
	if err := token.Claims(&claims); err != nil || claims.Use != "access" || token.Subject == "" {
		return Person{}, errToken
	}
	if script := slices.Contains(d.scripts, claims.Client); script && claims.User == "" && token.Subject == claims.Client {
		return Person{ID: token.Subject, Roles: scopeRoles(claims.Scope), Machine: true}, nil
	}
	// Scopes of a person's token count for nothing: any client may ask for them in anybody's name.
	if claims.Client != d.client || claims.User == "" {
		return Person{}, errToken
	}
	return Person{ID: token.Subject, Roles: policy.KnownRoles(claims.Groups)}, nil
}

func scopeRoles(scope string) []string {
	var roles []string
	for name := range strings.FieldsSeq(scope) {
		if role, ok := strings.CutPrefix(name, ScopePrefix); ok {
			roles = append(roles, role)
		}
	}
	return policy.KnownRoles(roles)
}
