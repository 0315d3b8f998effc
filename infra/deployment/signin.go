package deployment

import (
	"fmt"
	"slices"
	"strings"

	"madoguchi/shared/policy"
)

// flows are the ways to a token that a client may offer: the code for people, credentials of their own for scripts. No other lets a
// password go past the sign-in page or a token stand in an address.
var flows = []string{"code", "client_credentials", "ALLOW_REFRESH_TOKEN_AUTH"}

// staffAccounts: accounts are made by the administrator, are not lost with the stack, ask for the second factor that StaffMfa says;
// clients have secrets and offer no weak flow; groups and scopes are the roles.
func staffAccounts(t *Template) []string {
	var wrong []string
	for _, pool := range t.ofType("AWS::Cognito::UserPool") {
		if t.property(pool, "AdminCreateUserConfig", "AllowAdminCreateUserOnly") != true {
			wrong = append(wrong, pool+" lets anybody sign up")
		}
		if t.property(pool, "DeletionProtection") != "ACTIVE" {
			wrong = append(wrong, pool+" is not protected from deletion")
		}
		if words(t.property(pool, "MfaConfiguration")) != "Ref StaffMfa" {
			wrong = append(wrong, pool+" does not follow StaffMfa")
		}
		if length, _ := t.property(pool, "Policies", "PasswordPolicy", "MinimumLength").(float64); length < 12 {
			wrong = append(wrong, pool+" takes short passwords")
		}
		wrong = append(wrong, notRetained(t, pool)...)
	}
	for _, client := range t.ofType("AWS::Cognito::UserPoolClient") {
		if t.property(client, "GenerateSecret") != true {
			wrong = append(wrong, client+" has no secret")
		}
		for _, property := range []string{"AllowedOAuthFlows", "ExplicitAuthFlows"} {
			if len(list(t.property(client, property))) == 0 {
				wrong = append(wrong, client+" does not say its "+property)
			}
			for _, flow := range list(t.property(client, property)) {
				if !slices.Contains(flows, words(flow)) {
					wrong = append(wrong, client+" has the flow "+words(flow))
				}
			}
		}
	}
	var groups, scopes, roles []string
	for _, group := range t.ofType("AWS::Cognito::UserPoolGroup") {
		groups = append(groups, words(t.property(group, "GroupName")))
	}
	for _, server := range t.ofType("AWS::Cognito::UserPoolResourceServer") {
		for _, scope := range list(t.property(server, "Scopes")) {
			scopes = append(scopes, words(at(scope, "ScopeName")))
		}
	}
	for _, role := range policy.Roles() {
		roles = append(roles, role.Code)
	}
	for what, got := range map[string][]string{"groups": groups, "scopes": scopes} {
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(roles)); !slices.Equal(want, got) {
			wrong = append(wrong, fmt.Sprintf("the %s are %s, the roles %s", what, strings.Join(got, " "), strings.Join(want, " ")))
		}
	}
	slices.Sort(wrong)
	return wrong
}
