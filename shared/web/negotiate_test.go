package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

func TestWantsJSON(t *testing.T) {
	for name, c := range map[string]struct {
		accept, contentType string
		want                bool
	}{
		"browser":                    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/x-www-form-urlencoded", false},
		"program":                    {"application/json", "", true},
		"program, problem":           {"application/problem+json", "", true},
		"fetch of a script":          {"application/json, text/plain, */*", "application/json", true},
		"anything, form":             {"*/*", "application/x-www-form-urlencoded", false},
		"anything, JSON":             {"*/*", "application/json; charset=utf-8", true},
		"nothing said, JSON":         {"", "Application/JSON", true},
		"nothing said":               {"", "", false},
		"HTML before JSON":           {"application/json;q=0.1, text/html", "", false},
		"JSON before HTML":           {"text/html;q=0.5, application/json;q=0.6", "", true},
		"JSON refused":               {"application/json;q=0", "", false},
		"JSON posted, HTML accepted": {"text/html", "application/json", false},
		"malformed":                  {";;,,q=", "", false},
		"JSON in a name":             {"", "application/jsonp", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Accept", c.accept)
			r.Header.Set("Content-Type", c.contentType)
			if got := web.WantsJSON(r); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestLanguageOf(t *testing.T) {
	both := []policy.Language{policy.Japanese, policy.English}
	for name, c := range map[string]struct {
		query, accept string
		available     []policy.Language
		want          policy.Language
	}{
		"nothing said":               {"", "", both, "ja"},
		"address":                    {"?lang=en", "ja", both, "en"},
		"address, Japanese":          {"?lang=ja", "en", both, "ja"},
		"address, unknown":           {"?lang=fr", "en", both, "en"},
		"English first":              {"", "en-US,en;q=0.9,ja;q=0.8", both, "en"},
		"Japanese first":             {"", "ja,en-US;q=0.9", both, "ja"},
		"French, then English":       {"", "fr, en;q=0.5", both, "en"},
		"neither":                    {"", "fr, zh-TW", both, "ja"},
		"English refused":            {"", "en;q=0", both, "ja"},
		"any":                        {"", "*", both, "ja"},
		"not a language":             {"", "english", both, "ja"},
		"Japanese only":              {"?lang=en", "en", []policy.Language{policy.Japanese}, "ja"},
		"English only":               {"", "ja", []policy.Language{policy.English}, "en"},
		"weights out of order":       {"", "ja;q=0.1, en;q=0.2", both, "en"},
		"a weight that is no number": {"", "en;q=NaN, ja", both, "ja"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/newsletter"+c.query, nil)
			r.Header.Set("Accept-Language", c.accept)
			if got := web.LanguageOf(r, c.available...); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
