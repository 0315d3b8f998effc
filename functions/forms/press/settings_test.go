package main

import (
	"strings"
	"testing"

	"madoguchi/shared/config"
)

// TestSettings: one message names everything that is missing or wrong (hard case 25), the approval too.
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(map[string]string{"PRESS_APPROVAL": "perhaps", "PENDING_APPROVAL_DAYS": "0"}))
	if err == nil {
		t.Fatal("starts without settings")
	}
	for _, name := range []string{"PRESS_TABLE", "SUPPRESSION_TABLE", "OUTBOX_TABLE", "PRESS_APPROVAL must be true or false", "PENDING_APPROVAL_DAYS is 0"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
	if _, err := run(t.Context(), config.Map(nil)); err == nil || !strings.Contains(err.Error(), "PRESS_APPROVAL is missing") {
		t.Errorf("without PRESS_APPROVAL: %v", err)
	}
}
