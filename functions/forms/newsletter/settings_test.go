package main

import (
	"maps"
	"strings"
	"testing"

	"madoguchi/shared/config"
)

// complete are the settings of a function that starts.
func complete() map[string]string {
	env := map[string]string{"NEWSLETTER_TABLE": "newsletter", "CAMPAIGNS_TABLE": "campaigns", "OUTBOX_TABLE": "outbox", "SUPPRESSION_TABLE": "suppression", "GUARD_TABLE": "guard",
		"ADDRESS_KEY": strings.Repeat("a", 32), "FORM_KEYS": strings.Repeat("f", 32), "LINK_KEYS": strings.Repeat("l", 32),
		"PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/", "ALLOWED_ORIGINS": "",
		"FORM_MINIMUM_SECONDS": "2", "RATE_LIMIT_PER_HOUR": "300", "UNCONFIRMED_HOURS": "168", "SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7",
		"BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365", "PRIVACY_CONTACT": "privacy@example.jp"}
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
	for name := range complete() {
		if name == "ALLOWED_ORIGINS" {
			continue // may be empty
		}
		env := complete()
		delete(env, name)
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, test := range []struct{ name, value string }{
		{"UNCONFIRMED_HOURS", "0"}, {"UNCONFIRMED_HOURS", "721"}, {"UNCONFIRMED_HOURS", "-1"}, {"UNCONFIRMED_HOURS", "seven"},
		{"SUBSCRIBER_DAYS", "0"}, {"SUBSCRIBER_DAYS", "29"}, {"SUBSCRIBER_DAYS", "1826"}, {"UNSUBSCRIBED_DAYS", "0"}, {"UNSUBSCRIBED_DAYS", "31"},
		{"BOUNCED_DAYS", "0"}, {"CONSENT_EVIDENCE_DAYS", "0"}, {"CONSENT_EVIDENCE_DAYS", "29"}, {"FORM_MINIMUM_SECONDS", "61"},
		{"RATE_LIMIT_PER_HOUR", "-1"}, {"ADDRESS_KEY", "short"}, {"FORM_KEYS", "short"}, {"LINK_KEYS", strings.Repeat("l", 32) + ",short"},
	} {
		env := complete()
		env[test.name] = test.value
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), test.name) {
			t.Errorf("%s=%s: %v", test.name, test.value, err)
		}
	}
}

// TestAllSettingsAtOnce: one message names everything that is missing or wrong, and holds no secret.
func TestAllSettingsAtOnce(t *testing.T) {
	_, err := run(t.Context(), config.Map(map[string]string{"ADDRESS_KEY": "too-short-a-secret", "SUBSCRIBER_DAYS": "0"}))
	if err == nil {
		t.Fatal("the function starts without settings")
	}
	for name := range maps.Keys(complete()) {
		if name != "ALLOWED_ORIGINS" && !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "too-short-a-secret") {
		t.Errorf("the message holds a secret: %v", err)
	}
}
