// Package eventtest gives tests a table of events in a real DynamoDB engine.
package eventtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/event"
	"madoguchi/shared/record/recordtest"
)

// Table creates an empty table of events with the index of template.yaml, and returns its name.
func Table(t testing.TB) string {
	t.Helper()
	return recordtest.Table(t, recordtest.Start(t), "events", true,
		recordtest.Index{Name: "calendar", Hash: "list", Range: "ends_at", RangeType: types.ScalarAttributeTypeN, Include: []string{"version", "sequence", "saved_at", "definition"}})
}

// JSON is a definition of a seminar that is open at now and begins in 30 days, with members changed; nil removes one.
func JSON(t testing.TB, id string, now time.Time, changes map[string]any) []byte {
	t.Helper()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	const day = 24 * time.Hour
	m := map[string]any{"id": id, "title": map[string]string{"ja": "投資セミナー", "en": "Investment seminar"}, "kind": "venue",
		"starts_at": at(30 * day), "ends_at": at(30*day + 2*time.Hour), "closes_at": at(29 * day),
		"place": map[string]string{"ja": "新橋ビル", "en": "Shimbashi Building"}, "capacity": 10, "waiting_list": false}
	for name, value := range changes {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Save stores such an event.
func Save(t testing.TB, store *event.Store, id string, changes map[string]any) *event.Event {
	t.Helper()
	e, err := event.Parse(JSON(t, id, store.Now(), changes))
	if err != nil {
		t.Fatal(err)
	}
	if e, err = store.Save(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}
