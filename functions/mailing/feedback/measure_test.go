package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/metric"
)

// Each mail counts once however often SES reports it (hard case 20), under the class of its kind; what is not the mail's
// own end counts nothing.
func TestMeasure(t *testing.T) {
	const kind = `"newsletter_confirm"`
	for _, test := range []struct {
		name, event string
		change      []string
		want        string // metric and class
	}{
		{"bounce", "bounce", nil, "Bounces transactional"},
		{"bounce of an issue", "bounce", []string{kind, `"newsletter"`}, "Bounces list"},
		{"passing bounce", "bounce", []string{`"bounceType": "Permanent"`, `"bounceType": "Transient"`}, ""},
		{"complaint", "complaint", nil, "Complaints transactional"},
		{"complaint about a press release", "complaint", []string{kind, `"press_release"`}, "Complaints list"},
		{"kind that does not exist", "complaint", []string{kind, `"hanako@example.jp"`}, "Complaints transactional"},
		{"rejected", "reject", nil, "MailFailed "},
		{"not rendered", "rendering-failure", nil, "MailFailed "},
		{"delivered", "delivery", nil, ""},
		{"sent", "send", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			outbox := mailtest.New(t)
			m := mailtest.Confirmation("hanako@example.jp", time.Now())
			m.ID = ref
			outbox.Enqueue(t, m, time.Now())
			var out bytes.Buffer
			f := &feedback{store: mail.NewStore(outbox.Client, outbox.Table, mail.Times{}, time.Now), now: time.Now, metrics: metric.New(&out, "madoguchi", time.Now)}
			event := string(payload(t, test.event))
			if len(test.change) > 0 {
				if !strings.Contains(event, test.change[0]) {
					t.Fatalf("the event holds no %s", test.change[0])
				}
				event = strings.ReplaceAll(event, test.change[0], test.change[1])
			}
			for range 3 {
				if _, err := f.handle(t.Context(), json.RawMessage(event)); err != nil {
					t.Fatal(err)
				}
			}
			var got, want []string
			if test.want != "" {
				want = []string{test.want}
			}
			for line := range strings.Lines(out.String()) {
				var members struct {
					Class, Bounces, Complaints, MailFailed any
				}
				if err := json.Unmarshal([]byte(line), &members); err != nil {
					t.Fatal(err)
				}
				class, _ := members.Class.(string)
				for name, value := range map[string]any{"Bounces": members.Bounces, "Complaints": members.Complaints, "MailFailed": members.MailFailed} {
					if value != nil {
						got = append(got, name+" "+class)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(out.String(), "hanako") {
				t.Errorf("a metric names a person: %s", out.String())
			}
		})
	}
}
