package staff_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
)

var hanako = stafftest.Person("hanako", policy.RoleEditor, "a-group-of-others")

// The cookie is one that browsers give to nobody else, and the table cannot be used to sign in.
func TestSession(t *testing.T) {
	w := newWorld(t)
	cookie := w.SignIn(t, hanako)
	want := &http.Cookie{Name: "__Host-madoguchi_staff", Value: cookie.Value, Path: "/", MaxAge: 8 * 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Raw: cookie.Raw}
	if diff := cmp.Diff(want, cookie); diff != "" {
		t.Error(diff)
	}
	if len(cookie.Value) < 26 {
		t.Errorf("an id of %d letters of base 32 has less than 128 bits", len(cookie.Value))
	}
	if n := w.items(t, cookie.Value); len(n) != 0 {
		t.Errorf("the table holds the cookie's value: %s", n)
	}
	answer := w.do(t, call{path: "/staff/readers", cookie: cookie})
	page := body(t, answer)
	if answer.StatusCode != http.StatusOK || !strings.Contains(page, "職員 hanako") || !strings.Contains(page, `action="/staff/signout"`) {
		t.Errorf("%d %s", answer.StatusCode, page)
	}
	if got := answer.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if diff := cmp.Diff(staff.Person{ID: "local-hanako", Name: "職員 hanako", Email: "hanako@staff.example.jp", Roles: []string{"editor"}}, w.seen); diff != "" {
		t.Error(diff)
	}
}

// A session ends eight hours after the sign-in whatever is done, and an hour after the last request; expired means absent before
// DynamoDB deletes it (hard case 24).
func TestSessionEnds(t *testing.T) {
	for name, c := range map[string]struct {
		requests []time.Duration // after one another
		in       bool            // the last one is let in
	}{
		"at once":              {[]time.Duration{0}, true},
		"before idle":          {[]time.Duration{59 * time.Minute}, true},
		"idle":                 {[]time.Duration{60 * time.Minute}, false},
		"kept up":              {[]time.Duration{59 * time.Minute, 59 * time.Minute, 59 * time.Minute}, true},
		"idle after a request": {[]time.Duration{30 * time.Minute, 60 * time.Minute}, false},
		"short steps":          {[]time.Duration{4 * time.Minute, 54 * time.Minute}, true},
		"the whole day": {[]time.Duration{55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute,
			55 * time.Minute, 40 * time.Minute}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cookie := w.SignIn(t, hanako)
			var status int
			for i, step := range c.requests {
				w.clock = w.clock.Add(step)
				status = w.do(t, call{path: "/staff/everybody", cookie: cookie}).StatusCode
				if i < len(c.requests)-1 && status != http.StatusOK {
					t.Fatalf("request %d: %d", i, status)
				}
			}
			if in := status == http.StatusOK; in != c.in {
				t.Errorf("%d", status)
			}
		})
	}
}

// A sign-in opens a session of its own and ends the one before it (session fixation), once.
func TestBegin(t *testing.T) {
	w := newWorld(t)
	planted := &http.Cookie{Name: staff.CookieName, Value: "PLANTED"}
	before := w.SignIn(t, stafftest.Person("taro", policy.RolePress))
	begin := func(old *http.Cookie, state string) (*http.Cookie, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/staff/callback", nil)
		r.AddCookie(old)
		answer := httptest.NewRecorder()
		err := w.Desk.Begin(t.Context(), answer, r, hanako, state)
		if cookies := answer.Result().Cookies(); len(cookies) == 1 {
			return cookies[0], err
		}
		return nil, err
	}
	cookie, err := begin(planted, "state-1")
	if err != nil || cookie.Value == planted.Value {
		t.Fatalf("%v, %v", cookie, err)
	}
	if status := w.do(t, call{path: "/staff/everybody", cookie: planted}).StatusCode; status != http.StatusSeeOther {
		t.Errorf("the planted id is let in: %d", status)
	}
	if again, err := begin(planted, "state-1"); !errors.Is(err, staff.ErrReplayed) || again != nil {
		t.Errorf("the same state again: %v, %v", again, err)
	}
	if _, err := begin(before, "state-2"); err != nil {
		t.Fatal(err)
	}
	if status := w.do(t, call{path: "/staff/everybody", cookie: before}).StatusCode; status != http.StatusSeeOther {
		t.Errorf("the session before is still open: %d", status)
	}
}

// Signing out ends the session itself, not only the browser's memory of it.
func TestEnd(t *testing.T) {
	w := newWorld(t)
	cookie := w.SignIn(t, hanako)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/staff/signout", nil)
	r.AddCookie(cookie)
	for range 2 { // the second finds none, and that is fine
		answer := httptest.NewRecorder()
		if err := w.Desk.End(answer, r); err != nil {
			t.Fatal(err)
		}
		if gone := answer.Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Value != "" || !gone[0].Secure {
			t.Errorf("cookies %v", gone)
		}
	}
	if status := w.do(t, call{path: "/staff/everybody", cookie: cookie}).StatusCode; status != http.StatusSeeOther {
		t.Errorf("let in after signing out: %d", status)
	}
	if left := append(w.items(t, "SESSION#"), w.items(t, "PERSON#")...); len(left) != 0 {
		t.Errorf("left behind: %s", left)
	}
	if diff := cmp.Diff([]string{"local-hanako|staff.signin||done|", "local-hanako|staff.signout||done|"}, w.entries(t)); diff != "" {
		t.Error(diff)
	}
}

// The language is Japanese until somebody chooses English, and then it stays for the session.
func TestLanguage(t *testing.T) {
	w := newWorld(t)
	cookie := w.SignIn(t, hanako)
	for _, c := range []struct{ path, want string }{{"/staff/readers", `lang="ja"`}, {"/staff/readers?lang=en", `lang="en"`}, {"/staff/readers", `lang="en"`},
		{"/staff/readers?lang=th", `lang="en"`}, {"/staff/readers?lang=ja", `lang="ja"`}, {"/staff/readers", `lang="ja"`}} {
		page := body(t, w.do(t, call{path: c.path, cookie: cookie, header: []string{"Accept-Language: en"}}))
		if !strings.Contains(page, "<html "+c.want) {
			t.Errorf("%s is not in %s", c.path, c.want)
		}
	}
}

// Accounts are found by role, as they were at the last sign-in, for 90 days (no scan).
func TestColleagues(t *testing.T) {
	w := newWorld(t)
	names := func(role string) (names []string) {
		people, err := w.Desk.Colleagues(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			names = append(names, p.Email)
		}
		return names
	}
	w.SignIn(t, stafftest.Person("hanako", policy.RoleEditor, policy.RolePress))
	w.clock = w.clock.AddDate(0, 0, 45)
	w.SignIn(t, stafftest.Person("taro", policy.RoleEditor))
	if diff := cmp.Diff([]string{"hanako@staff.example.jp", "taro@staff.example.jp"}, names(policy.RoleEditor)); diff != "" {
		t.Error(diff)
	}
	w.SignIn(t, stafftest.Person("taro", policy.RoleAuditor)) // has lost one role and got another
	w.clock = w.clock.AddDate(0, 0, 44)
	if diff := cmp.Diff([][]string{{"hanako@staff.example.jp"}, {"hanako@staff.example.jp"}, {"taro@staff.example.jp"}},
		[][]string{names(policy.RoleEditor), names(policy.RolePress), names(policy.RoleAuditor)}); diff != "" {
		t.Error(diff)
	}
	w.clock = w.clock.AddDate(0, 0, 1)
	if left := names(policy.RoleEditor); len(left) != 0 {
		t.Errorf("after 90 days: %v", left)
	}
}
