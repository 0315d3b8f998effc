package staff_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
)

// Who is let in, and what the others are told: browsers the way to sign in, programs a problem.
func TestHandle(t *testing.T) {
	w := newWorld(t)
	editor, press, photos := w.SignIn(t, hanako), w.SignIn(t, stafftest.Person("press", policy.RolePress)), w.SignIn(t, stafftest.Person("photos", policy.RolePhotos))
	admin := w.SignIn(t, stafftest.Person("admin", policy.RoleAdmin))
	const json = "Accept: application/json"
	for name, c := range map[string]struct {
		call
		status   int
		location string
	}{
		"nobody, browser":            {call{path: "/staff/readers"}, 303, "/staff/signin?return=%2Fstaff%2Freaders"},
		"nobody, with a query":       {call{path: "/staff/readers?email=taro%40example.jp"}, 303, "/staff/signin?return=%2Fstaff%2Freaders"},
		"nobody, head":               {call{method: "HEAD", path: "/staff/readers"}, 303, "/staff/signin?return=%2Fstaff%2Freaders"},
		"nobody, post":               {call{method: "POST", path: "/staff/readers"}, 401, ""},
		"nobody, JSON":               {call{path: "/staff/readers", header: []string{json}}, 401, ""},
		"unknown cookie":             {call{path: "/staff/readers", cookie: &http.Cookie{Name: staff.CookieName, Value: "X"}}, 303, "/staff/signin?return=%2Fstaff%2Freaders"},
		"cookie of another name":     {call{path: "/staff/readers", cookie: &http.Cookie{Name: "madoguchi_staff", Value: editor.Value}}, 303, "/staff/signin?return=%2Fstaff%2Freaders"},
		"editor":                     {call{path: "/staff/readers", cookie: editor}, 200, ""},
		"editor, JSON":               {call{path: "/staff/readers", cookie: editor, header: []string{json}}, 200, ""},
		"press":                      {call{path: "/staff/readers", cookie: press}, 200, ""},
		"press may read only":        {call{method: "POST", path: "/staff/readers", cookie: press}, 403, ""},
		"photos":                     {call{path: "/staff/readers", cookie: photos}, 403, ""},
		"photos, JSON":               {call{path: "/staff/readers", cookie: photos, header: []string{json}}, 403, ""},
		"admin implies no other":     {call{path: "/staff/readers", cookie: admin}, 403, ""},
		"signed in is enough":        {call{path: "/staff/everybody", cookie: photos}, 200, ""},
		"a handler's error":          {call{path: "/staff/full", cookie: photos}, 409, ""},
		"a handler's error, JSON":    {call{path: "/staff/full", cookie: photos, header: []string{json}}, 409, ""},
		"unknown path":               {call{path: "/staff/none", cookie: photos}, 404, ""},
		"unknown method":             {call{method: "DELETE", path: "/staff/readers", cookie: editor}, 405, ""},
		"same origin":                {call{method: "POST", path: "/staff/readers", cookie: editor, header: []string{"Sec-Fetch-Site: same-origin", "Origin: null"}}, 200, ""},
		"other origin":               {call{method: "POST", path: "/staff/readers", cookie: editor, header: []string{"Sec-Fetch-Site: cross-site"}}, 403, ""},
		"other origin, old browser":  {call{method: "POST", path: "/staff/readers", cookie: editor, header: []string{"Origin: https://evil.example"}}, 403, ""},
		"sister host":                {call{method: "POST", path: "/staff/readers", cookie: editor, header: []string{"Sec-Fetch-Site: same-site", "Origin: https://www.example.jp"}}, 403, ""},
		"other origin may link here": {call{path: "/staff/readers", cookie: editor, header: []string{"Sec-Fetch-Site: cross-site"}}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := w.do(t, c.call)
			if answer.StatusCode != c.status || answer.Header.Get("Location") != c.location {
				t.Fatalf("%d to %q, want %d to %q", answer.StatusCode, answer.Header.Get("Location"), c.status, c.location)
			}
			if got := answer.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			if c.status < 400 {
				return
			}
			if len(c.header) > 0 && c.header[0] == json {
				if p := problem(t, answer); p.Status != c.status || p.Detail == "" {
					t.Errorf("%+v", p)
				}
				if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == "Bearer") != (c.status == 401) {
					t.Errorf("WWW-Authenticate %q", challenge)
				}
			} else if page := body(t, answer); !strings.Contains(page, "<title>エラー：") {
				t.Errorf("no page for people: %s", page)
			}
		})
	}
}

// What was refused is recorded with who and what, never with the path's own values (R47, hard case 31).
func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	photos := w.SignIn(t, stafftest.Person("photos", policy.RolePhotos))
	w.do(t, call{path: "/staff/readers?email=taro%40example.jp", cookie: photos})
	w.do(t, call{path: "/staff/readers", header: []string{"Authorization: " + w.Bearer(stafftest.Person("press2", policy.RoleAuditor))}})
	w.do(t, call{method: "POST", path: "/staff/readers", cookie: photos, header: []string{"Sec-Fetch-Site: cross-site"}})
	w.do(t, call{path: "/staff/readers"}) // nobody: who would it be
	want := []string{"local-photos|staff.signin||done|", "local-photos|GET /staff/readers||refused|role", "local-press2|GET /staff/readers||refused|role",
		"local-photos|POST /staff/readers||refused|cross-origin"}
	if diff := cmp.Diff(want, w.entries(t)); diff != "" {
		t.Error(diff)
	}
}

// All that is missing is named at once.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"STAFF_TABLE", "LEDGER_TABLE", "STAFF_ISSUER", "PUBLIC_URL"} {
		delete(w.Env, name)
	}
	w.Env["STAFF_IDLE_MINUTES"] = "0"
	_, err := staff.With(config.Map(w.Env), w.client, nil)
	if err == nil {
		t.Fatal("it starts")
	}
	for _, want := range []string{"STAFF_TABLE is missing", "LEDGER_TABLE is missing", "STAFF_ISSUER is missing", "PUBLIC_URL is missing", "STAFF_IDLE_MINUTES must be at least 5"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
