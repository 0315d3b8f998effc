package main

import (
	"strings"
	"testing"

	"madoguchi/shared/config"
)

// complete are the settings of a function that starts.
func complete() map[string]string {
	env := map[string]string{"PUBLICATIONS_TABLE": "requests", "CATALOGUE_TABLE": "catalogue", "OUTBOX_TABLE": "outbox", "GUARD_TABLE": "guard",
		"ADDRESS_KEY": strings.Repeat("a", 32), "FORM_KEYS": strings.Repeat("f", 32), "LINK_KEYS": strings.Repeat("l", 32),
		"PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/", "ALLOWED_ORIGINS": "",
		"FORM_MINIMUM_SECONDS": "2", "RATE_LIMIT_PER_HOUR": "300", "PUBLICATION_REQUEST_DAYS": "90", "PUBLICATION_OPEN_DAYS": "365",
		"PRIVACY_CONTACT": "privacy@example.jp"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	return env
}

// TestSettings: with all settings the function starts, with one missing or wrong it does not and the message names it
// (hard case 25: a retention of 0, or below or above its limits).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	if _, err := run(t.Context(), config.Map(complete())); err != nil {
		t.Fatalf("complete settings: %v", err)
	}
	refused := func(name string, change func(env map[string]string)) {
		t.Helper()
		env := complete()
		change(env)
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range complete() {
		if name != "ALLOWED_ORIGINS" { // may be empty
			refused(name, func(env map[string]string) { delete(env, name) })
		}
	}
	for _, c := range []struct{ name, value string }{
		{"PUBLICATION_REQUEST_DAYS", "0"}, {"PUBLICATION_REQUEST_DAYS", "6"}, {"PUBLICATION_REQUEST_DAYS", "366"}, {"PUBLICATION_OPEN_DAYS", "0"},
		{"PUBLICATION_OPEN_DAYS", "29"}, {"PUBLICATION_OPEN_DAYS", "731"}, {"PUBLICATION_OPEN_DAYS", "a year"},
	} {
		refused(c.name, func(env map[string]string) { env[c.name] = c.value })
	}
}
