package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

// R98: what a choice sets is what is read again, under https and on a developer's machine; no choice removes the cookie.
func TestPreference(t *testing.T) {
	for _, secure := range []bool{true, false} {
		for _, p := range []Preference{{}, {Uncounted: true}, {Language: policy.English}, {policy.Japanese, true}} {
			c := p.Cookie(secure)
			if (c.MaxAge < 0) != (p == Preference{}) || !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%+v: %v", p, c)
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.AddCookie(c)
			if diff := cmp.Diff(p, PreferenceOf(r)); diff != "" {
				t.Error(diff)
			}
		}
	}
	for value, want := range map[string]Preference{"": {}, "th": {}, "en.x": {Language: policy.English}, "<b>.uncounted": {Uncounted: true}, "en.uncounted.1": {Language: policy.English}} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", displayCookie+"="+value)
		if diff := cmp.Diff(want, PreferenceOf(r)); diff != "" {
			t.Errorf("%q: %s", value, diff)
		}
	}
}

// The language of the address comes first, then the choice, then the browser's.
func TestPreferredLanguage(t *testing.T) {
	for _, c := range []struct {
		target, cookie, accept string
		want                   policy.Language
	}{
		{"/", "en", "ja", policy.English}, {"/", "ja", "en", policy.Japanese}, {"/?lang=ja", "en", "en", policy.Japanese}, {"/", "", "en", policy.English}, {"/", ".uncounted", "en", policy.English},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		r.Header.Set("Accept-Language", c.accept)
		r.Header.Set("Cookie", "__Host-"+displayCookie+"="+c.cookie)
		if got := LanguageOf(r, policy.Japanese, policy.English); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
