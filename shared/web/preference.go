package web

import (
	"net/http"
	"strings"
	"time"

	"madoguchi/shared/policy"
)

// Preference is what a visitor has chosen on /cookies. It lives in the display-preference cookie, one of the two that there
// are (R98), which is set by that choice alone and holds nothing else: of the few values that it can have, none tells
// who somebody is.
type Preference struct {
	Language  policy.Language // of pages that exist in both; empty: what the browser asks for
	Uncounted bool            // the counting cookie is refused
}

const (
	displayCookie = "madoguchi_display"
	// displayAge is how long a choice is remembered; browsers allow 400 days at most.
	displayAge = 365 * 24 * time.Hour
)

// PreferenceOf reads the visitor's choice from the request; what no choice of ours made is none.
func PreferenceOf(r *http.Request) Preference {
	for _, secure := range []bool{true, false} {
		cookie, err := r.Cookie(displayName(secure))
		if err != nil {
			continue
		}
		language, counting, _ := strings.Cut(cookie.Value, ".")
		p := Preference{Uncounted: counting == "uncounted"}
		if l := policy.Language(language); l == policy.Japanese || l == policy.English {
			p.Language = l
		}
		return p
	}
	return Preference{}
}

// Cookie is the cookie that remembers the choice, or removes it where nothing is chosen. Its path is the whole site because
// every page has a language; no script reads it. secure says that the site is under https, where the name's prefix
// keeps other hosts from setting it.
func (p Preference) Cookie(secure bool) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is https
		Name: displayName(secure), Path: "/", MaxAge: int(displayAge / time.Second), Secure: secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Value: string(p.Language)}
	if p.Uncounted {
		c.Value += ".uncounted"
	}
	if p == (Preference{}) {
		c.MaxAge = -1
	}
	return c
}

func displayName(secure bool) string {
	if secure {
		return "__Host-" + displayCookie
	}
	return displayCookie
}

// The cookies of staff, which no visitor gets: what /cookies says of them is what shared/staff and functions/staff/signin set. The prefix
// makes browsers refuse one that another host or a page without encryption has set.
const (
	StaffCookie   = "__Host-madoguchi_staff"  // a session
	AttemptCookie = "__Host-madoguchi_signin" // the way to the provider and back
)

// Secure tells whether the site is under https: everywhere but on a developer's machine.
func (s *Site) Secure() bool { return strings.HasPrefix(s.Organization.PublicURL, "https://") }
