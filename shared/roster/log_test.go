package roster

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"madoguchi/shared/record"
)

// Nothing of a row is in a log line, an error or the import's own items, whatever goes wrong (R45, hard case 33).
func TestNothingPersonalLeaksFromAnImport(t *testing.T) {
	var log bytes.Buffer
	standard := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(standard) })
	w := newWorld(t)
	words := []string{"hanako", "HANAKO", "山田", "例示", "@"}
	content := head + line("hanako@example.jp") + "hanako@example,山田,13,例示,trade\n" + "b@example.jp,hanako@example.jp,13,例示,trade\n"
	id := w.send([]byte(content), nil)
	w.work()
	if _, err := w.worker.Store.Apply(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	// A record that cannot be decoded stands in the way, then the list's table is gone.
	person := w.person("hanako@example.jp")
	if ok, err := record.Put(t.Context(), w.list.Client, w.list.Table, map[string]any{"pk": person[:2], "sk": person, "state": "confirmed", "fields": "山田"},
		record.Condition{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	failures := []error{w.worker.Work(t.Context(), w.now().Add(keepFor))}
	w.list.Table = "nowhere"
	failures = append(failures, w.worker.Work(t.Context(), w.now().Add(keepFor)))
	for _, err := range failures {
		if err == nil {
			t.Error("nothing failed")
			continue
		}
		log.WriteString(err.Error())
	}
	i := w.get(id)
	log.WriteString(newPage(&i, []int{2}, []Verdict{IsNew}).Verdicts)
	for _, p := range i.Problems {
		log.WriteString(p.Field + p.Code)
	}
	for _, word := range words {
		if strings.Contains(log.String(), word) {
			t.Errorf("%q is told: %s", word, log.String())
		}
	}
}
