package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
	"madoguchi/shared/registration/registrationtest"
)

// The payload of the schedule runs everything once: the reminder of tomorrow's event, the news of a moved one; a second run
// finds nothing left to do. One event's failure does not stop another's.
func TestSchedule(t *testing.T) {
	now := time.Now
	book := registrationtest.New(t, now)
	for name, value := range map[string]string{"EVENTS_TABLE": book.Events.Table, "REGISTRATIONS_TABLE": book.Table, "OUTBOX_TABLE": book.Outbox,
		"LINK_KEYS": strings.Repeat("link-key-", 4), "REGISTRATION_DAYS": "365", "REGISTRATION_CANCELLED_DAYS": "30"} {
		t.Setenv(name, value)
	}
	soon := map[string]any{"starts_at": now().Add(20 * time.Hour).Format(time.RFC3339), "ends_at": now().Add(22 * time.Hour).Format(time.RFC3339),
		"closes_at": now().Add(19 * time.Hour).Format(time.RFC3339)}
	for _, id := range []string{"soon", "moved"} {
		e := eventtest.Save(t, book.Events, id, map[bool]map[string]any{true: soon}[id == "soon"])
		if _, err := book.Register(t.Context(), registration.Application{Event: e, Reference: "E1", Language: policy.English, Channel: "form", At: now(),
			Values: map[string]string{"name": "Jane", "email": "jane@example.com"}}); err != nil {
			t.Fatal(err)
		}
	}
	eventtest.Save(t, book.Events, "moved", map[string]any{"place": map[string]string{"ja": "別の会場"}})
	handle, err := run(t.Context(), config.Environment())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile("../../../events/reminders/schedule.json")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := handle(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []policy.MailKind{policy.EventReminder, policy.EventMoved} {
		if n := len(registrationtest.Mails(t, book, kind)); n != 1 {
			t.Errorf("%d mails of kind %s, want 1", n, kind)
		}
	}
	book.Table = "nowhere"
	if err := tend(t.Context(), book); !errors.Is(err, errFailed) {
		t.Errorf("a store that is not there: %v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(map[string]string{"REGISTRATION_DAYS": "0"}))
	for _, name := range []string{"EVENTS_TABLE", "REGISTRATIONS_TABLE", "OUTBOX_TABLE", "LINK_KEYS", "REGISTRATION_DAYS is 0"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
}
