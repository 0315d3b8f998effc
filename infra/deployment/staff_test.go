package deployment

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/local/build"
	"madoguchi/infra/local/oidc"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
)

// withoutSignIn are the routes under /staff that anybody may call, each with the reason.
var withoutSignIn = map[string]string{
	"GET /staff":           "leads to the front page",
	"GET /staff/signin":    "where people sign in",
	"GET /staff/callback":  "where the provider sends them back",
	"POST /staff/signout":  "ends a session; without one there is nothing to do",
	"GET /staff/signedout": "says so",
}

// forEveryRole are the routes that every signed-in person may call, each with the reason.
var forEveryRole = map[string]string{
	"GET /staff/{$}":          "the front page: it says who one is and what one may do",
	"GET /staff/openapi.json": "a description: nothing of anybody",
}

// staffRoutes asks every built function for its routes and returns those under /staff, by the function that answers them. A new
// function is asked without being named here.
func staffRoutes(t *testing.T, s *stack.Stack, root string) map[string]string {
	t.Helper()
	var folders []string
	for _, f := range s.Template().Functions {
		if len(f.Routes) > 0 {
			folders = append(folders, f.CodeURI)
		}
	}
	binaries, err := build.Functions(t.Context(), root, filepath.Join(root, ".cache", "functions"), folders)
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]string{}
	for _, f := range s.Template().Functions {
		if len(f.Routes) == 0 {
			continue
		}
		program := exec.CommandContext(t.Context(), binaries[f.CodeURI], lambdahost.RoutesFlag)
		program.Env = []string{"AWS_REGION=" + template.Region}
		for name, value := range f.Environment {
			program.Env = append(program.Env, name+"="+value)
		}
		out, err := program.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, out)
		}
		var all []string
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, out)
		}
		for _, route := range all {
			if _, path, _ := strings.Cut(route, " "); path == "/staff" || strings.HasPrefix(path, "/staff/") {
				routes[route] = f.Name
			}
		}
	}
	return routes
}

// Every staff route of every function refuses who is not signed in, whose token is bad, and who holds the wrong role; the gateway
// leads to it; and no function under functions/staff answers anything else (contract, "Staff").
func TestStaffRoutesAskWhoCalls(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	routes := staffRoutes(t, s, root)
	for route := range withoutSignIn {
		if routes[route] == "" {
			t.Errorf("%s is on the list of what anybody may call, and no function answers it", route)
		}
	}
	for _, f := range s.Template().Functions {
		inside := strings.Contains(f.CodeURI, "functions/staff/")
		for _, r := range f.Routes {
			if inside && r.Path != "/staff" && !strings.HasPrefix(r.Path, "/staff/") {
				t.Errorf("%s answers %s, which is no staff path", f.Name, r.Path)
			}
		}
	}
	token := func(roles ...string) string {
		return "Bearer " + s.SignIn().AccessToken(oidc.User{ID: "local-walker", Roles: roles}, time.Hour)
	}
	good := token("editor")
	stranger, err := oidc.New(filepath.Join(t.TempDir(), "key.pem"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Serve(s.SignIn().Issuer())
	bad := map[string]string{
		"no token":           "Bearer x",
		"another scheme":     "Basic YTpi",
		"expired":            "Bearer " + s.SignIn().AccessToken(oidc.User{ID: "local-walker", Roles: []string{"editor"}}, -time.Hour),
		"a stranger's key":   "Bearer " + stranger.AccessToken(oidc.User{ID: "local-walker", Roles: []string{"editor"}}, time.Hour),
		"a cut signature":    good[:len(good)-6],
		"another client":     "Bearer " + s.SignIn().Sign(map[string]any{"sub": "x", "username": "x", "client_id": "x", "token_use": "access", "cognito:groups": []string{"editor"}}, time.Hour),
		"another issuer":     "Bearer " + s.SignIn().Sign(map[string]any{"iss": "https://x.example", "sub": "x", "username": "x", "client_id": oidc.PagesClient, "token_use": "access"}, time.Hour),
		"no access token":    "Bearer " + s.SignIn().Sign(map[string]any{"sub": "x", "username": "x", "client_id": oidc.PagesClient, "token_use": "id"}, time.Hour),
		"nobody's client id": "Bearer " + s.SignIn().Sign(map[string]any{"sub": "x", "username": "x", "token_use": "access"}, time.Hour),
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	call := func(t *testing.T, method, path string, header map[string]string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			r.Header.Set(name, value)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if got := answer.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
		return answer
	}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		t.Run(route, func(t *testing.T) {
			method, path := concrete(route)
			if withoutSignIn[route] != "" {
				if answer := call(t, method, path, nil); answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusNotFound {
					t.Errorf("anybody: %d", answer.StatusCode)
				}
				return
			}
			const jsonType = "application/json"
			if answer := call(t, method, path, map[string]string{"Accept": jsonType}); answer.StatusCode != http.StatusUnauthorized || answer.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("not signed in, JSON: %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
			}
			answer := call(t, method, path, map[string]string{"Accept": "text/html", "Cookie": staff.CookieName + "=AAAAAAAAAAAAAAAAAAAAAAAAAA"})
			if method == http.MethodGet {
				if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), staff.SignInPath+"?return=") {
					t.Errorf("not signed in: %d to %q", answer.StatusCode, answer.Header.Get("Location"))
				}
			} else if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("not signed in: %d", answer.StatusCode)
			}
			for name, header := range bad {
				if answer := call(t, method, path, map[string]string{"Authorization": header}); answer.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: %d", name, answer.StatusCode)
				}
			}
			var let []string
			for _, role := range policy.Roles() {
				if call(t, method, path, map[string]string{"Authorization": token(role.Code)}).StatusCode != http.StatusForbidden {
					let = append(let, role.Code)
				}
			}
			none := call(t, method, path, map[string]string{"Authorization": token()}).StatusCode
			if forEveryRole[route] != "" {
				if len(let) != len(policy.Roles()) || none != http.StatusOK {
					t.Errorf("for everybody, and open to %v only", let)
				}
				return
			}
			if none != http.StatusForbidden || len(let) == 0 || len(let) == len(policy.Roles()) {
				t.Errorf("without a role %d; open to %v", none, let)
			}
		})
	}
}

// concrete is a request that a route answers.
func concrete(route string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	path = strings.TrimSuffix(path, "{$}")
	for {
		before, rest, found := strings.Cut(path, "{")
		if !found {
			return method, path
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + "x" + after
	}
}

// The menu leads to what there is: each part of it that is called built has a function, and each staff function's own path is called
// built.
func TestStaffMenuLeadsToFunctions(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := template.Load(filepath.Join(root, "template.yaml"), template.Options{Secrets: template.SecretDir(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	answered := map[string]bool{}
	for _, f := range deployed.Functions {
		for _, r := range f.Routes {
			answered[r.Path] = true
		}
	}
	for _, section := range staff.Sections() {
		if section.Built != answered[section.Path] {
			t.Errorf("%s: in the menu %t, answered by a function %t (shared/staff/section.go)", section.Path, section.Built, answered[section.Path])
		}
		if len(section.Roles) == 0 || len(policy.KnownRoles(section.Roles)) != len(section.Roles) {
			t.Errorf("%s is for %v", section.Path, section.Roles)
		}
	}
}
