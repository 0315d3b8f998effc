// Package stafftest gives tests an office: the tables and settings of staff functions, and an identity provider whose tokens and
// sessions they can hand to anybody.
package stafftest

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/oidc"
	"madoguchi/shared/config"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/staff"
)

// Office is one organisation's staff.
type Office struct {
	Env      map[string]string // settings of a staff function; a test adds its function's own
	Provider *oidc.Provider
	Desk     *staff.Desk
}

// New opens an office over recordtest's store. now is the clock of sessions, tokens and the ledger alike.
func New(t testing.TB, client *dynamodb.Client, now func() time.Time) *Office {
	t.Helper()
	provider, err := oidc.New(filepath.Join(t.TempDir(), "key.pem"), now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = provider.Serve("http://" + server.Listener.Addr().String())
	server.Start()
	t.Cleanup(server.Close)
	o := &Office{Provider: provider, Env: map[string]string{
		"STAFF_TABLE": recordtest.Table(t, client, "staff", true), "LEDGER_TABLE": recordtest.Table(t, client, "ledger", true),
		"STAFF_ISSUER": provider.Issuer(), "STAFF_CLIENT": oidc.PagesClient, "STAFF_CLIENT_SECRET": oidc.PagesSecret,
		"STAFF_SCRIPT_CLIENTS": oidc.ScriptClient, "STAFF_LOGOUT_URL": provider.Issuer() + "/logout", "STAFF_SESSION_HOURS": "8", "STAFF_IDLE_MINUTES": "60",
		"PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/", "PRIVACY_CONTACT": "p@example.jp",
	}}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		o.Env[name+"_JA"], o.Env[name+"_EN"] = "例示機構", "Example Office"
	}
	if o.Desk, err = staff.With(config.Map(o.Env), client, now); err != nil {
		t.Fatal(err)
	}
	return o
}

// Person is the member of staff of a name who holds the roles: the same name is the same person.
func Person(name string, roles ...string) staff.Person {
	return staff.Person{ID: "local-" + name, Name: "職員 " + name, Email: name + "@staff.example.jp", Roles: roles}
}

// Bearer is the value of an Authorization header for a person.
func (o *Office) Bearer(p staff.Person) string {
	return "Bearer " + o.Provider.AccessToken(oidc.User{ID: p.ID, Name: p.Name, Email: p.Email, Roles: p.Roles}, time.Hour)
}

// SignIn gives a person a session, as functions/staff/signin does after the provider has named them, and returns its cookie.
func (o *Office) SignIn(t testing.TB, p staff.Person) *http.Cookie {
	t.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/staff/callback", nil)
	if err := o.Desk.Begin(t.Context(), answer, request, p, rand.Text()); err != nil {
		t.Fatalf("sign %s in: %v", p.ID, err)
	}
	for _, cookie := range answer.Result().Cookies() {
		if cookie.Name == staff.CookieName {
			return cookie
		}
	}
	t.Fatal("no cookie was set")
	return nil
}
