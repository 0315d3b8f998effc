package main

import (
	"strings"
	"testing"

	"madoguchi/shared/config"
)

// complete are the settings of a function that starts.
func complete() map[string]string {
	env := map[string]string{"ANSWERS_TABLE": "answers", "INVITATIONS_TABLE": "invitations", "EVENTS_TABLE": "events", "OUTBOX_TABLE": "outbox", "GUARD_TABLE": "guard",
		"ADDRESS_KEY": strings.Repeat("a", 32), "FORM_KEYS": strings.Repeat("f", 32), "LINK_KEYS": strings.Repeat("l", 32),
		"PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/", "ALLOWED_ORIGINS": "",
		"FORM_MINIMUM_SECONDS": "2", "RATE_LIMIT_PER_HOUR": "300", "REGISTRATION_DAYS": "365", "PRIVACY_CONTACT": "privacy@example.jp"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	return env
}

// TestSettings: with all settings the function starts; with one missing, or a retention outside its limits, it does not and the
// message names it (hard case 25).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	if _, err := run(t.Context(), config.Map(complete())); err != nil {
		t.Fatalf("complete settings: %v", err)
	}
	wrong := map[string]string{}
	for name := range complete() {
		if name != "ALLOWED_ORIGINS" {
			wrong[name] = ""
		}
	}
	for _, days := range []string{"", "0", "29", "1096"} {
		wrong["REGISTRATION_DAYS"] = days
		for name, value := range wrong {
			env := complete()
			env[name] = value
			if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}
