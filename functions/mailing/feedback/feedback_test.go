package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
)

// ref is the mail that the events in events/feedback are about.
const (
	ref     = "K7QW2MZ4H6N3TPA5RXJBVCYDEL"
	message = "0106019aaf3c5d2e-7f0c2a4b-91d3-4e58-a6c7-3b2d1e0f9a8c-000000"
)

func payload(t *testing.T, name string) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../events/feedback", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// world is the function as it is deployed, over an outbox with the mail in it.
func world(t *testing.T) (*mailtest.Outbox, lambdahost.EventHandler) {
	t.Helper()
	outbox := mailtest.New(t)
	m := mailtest.Confirmation("hanako@example.jp", time.Now())
	m.ID = ref
	outbox.Enqueue(t, m, time.Now())
	handle, err := run(t.Context(), config.Map(environment(outbox.Table)))
	if err != nil {
		t.Fatal(err)
	}
	return outbox, handle
}

func at(stamp string) int64 {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

// Events of one mail in any order, each eight times, before the mailer has stored an answer (hard case 20): the row ends
// the same.
func TestEvents(t *testing.T) {
	const sent, delivered, bounced, complained = "2026-11-23T09:30:02.118Z", "2026-11-23T09:30:03.902Z", "2026-11-23T09:30:04.311Z", "2026-11-24T01:12:00Z"
	accepted := mail.Row{State: mail.Accepted, MessageID: message}
	with := func(row mail.Row, change func(*mail.Row)) mail.Row { change(&row); return row }
	for _, test := range []struct {
		name   string
		events []string
		want   mail.Row
	}{
		{"sent", []string{"send"}, accepted},
		{"delayed, its Send event lost", []string{"delivery-delayed"}, accepted},
		{"delivered", []string{"send", "delivery"}, with(accepted, func(r *mail.Row) { r.Delivered = at(delivered) })},
		{"bounced", []string{"send", "bounce"}, with(accepted, func(r *mail.Row) { r.Bounced, r.Bounce = at(bounced), "Permanent/General" })},
		{"complained", []string{"send", "delivery", "complaint"}, with(accepted, func(r *mail.Row) {
			r.Delivered, r.Complained, r.Complaint = at(delivered), at(complained), "abuse"
		})},
		{"rejected", []string{"reject"}, mail.Row{State: mail.Failed, MessageID: message, Reason: "rejected"}},
		{"not rendered", []string{"rendering-failure"}, mail.Row{State: mail.Failed, MessageID: message, Reason: "rendering_failure"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			outbox, handle := world(t)
			var all []string
			for range 8 {
				all = append(all, test.events...)
			}
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, name := range all {
				if _, err := handle(t.Context(), payload(t, name)); err != nil {
					t.Fatalf("%s: %v (order %v)", name, err, all)
				}
			}
			row := outbox.Row(t, ref, time.Now())
			if diff := cmp.Diff(test.want, row, cmpopts.IgnoreFields(mail.Row{}, "ID", "Service", "Kind", "Language", "Person", "Created", "Expires",
				"SettledAt", "SentAt")); diff != "" {
				t.Errorf("order %v: %s", all, diff)
			}
			if row.To != "" || row.Data != nil || row.Due != "" {
				t.Errorf("a settled mail keeps address or contents: %+v", row)
			}
			if test.events[0] == "send" && row.SentAt < at(sent) {
				t.Errorf("sent_at %d", row.SentAt)
			}
		})
	}
}

// The row is found by the tag or by the header, whichever the event shows.
func TestReference(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to string // replaced in the event
		want     mail.State
	}{
		{"both", "", "", mail.Accepted},
		{"tag alone", `"X-Madoguchi-Ref"`, `"X-Other"`, mail.Accepted},
		{"header alone", `"ref"`, `"other"`, mail.Accepted},
		{"header in other letters", `"X-Madoguchi-Ref"`, `"x-madoguchi-REF"`, mail.Accepted},
		{"another program's tag, our header", `"ref": [`, `"ref": ["ticket-17"], "other": [`, mail.Accepted},
		{"neither", `"` + ref + `"`, `"ticket-17"`, mail.Queued},
		{"a reference of the form without a row", ref, "A" + ref[1:], mail.Queued},
		{"no message id", `"messageId": "` + message + `"`, `"messageId": ""`, mail.Queued},
	} {
		t.Run(test.name, func(t *testing.T) {
			outbox, handle := world(t)
			event := string(payload(t, "send"))
			if test.from != "" {
				if !strings.Contains(event, test.from) {
					t.Fatalf("the event holds no %s", test.from)
				}
				event = strings.ReplaceAll(event, test.from, test.to)
			}
			if _, err := handle(t.Context(), json.RawMessage(event)); err != nil {
				t.Fatalf("an event that is not ours is no error: %v", err)
			}
			if row := outbox.Row(t, ref, time.Now()); row.State != test.want {
				t.Errorf("state %s, want %s", row.State, test.want)
			}
		})
	}
}

func TestUnknownAndBrokenEvents(t *testing.T) {
	outbox, handle := world(t)
	event := strings.ReplaceAll(string(payload(t, "send")), "Email Sent", "Email Opened")
	if _, err := handle(t.Context(), json.RawMessage(event)); err != nil {
		t.Errorf("an unknown kind of event is no error: %v", err)
	}
	if row := outbox.Row(t, ref, time.Now()); row.State != mail.Queued {
		t.Errorf("an unknown kind of event changed the row: %s", row.State)
	}
	if _, err := handle(t.Context(), json.RawMessage(`{"detail": 7}`)); err == nil {
		t.Error("what is no event was taken")
	}
}

// Where the store does not answer, the event must come again.
func TestStoreDown(t *testing.T) {
	mailtest.New(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	handle, err := run(t.Context(), config.Map(environment("outbox")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle(t.Context(), payload(t, "send")); err == nil {
		t.Error("an event was swallowed that could not be stored")
	}
}

// Hard case 33: events are full of addresses; none reaches a log line.
func TestLogsHoldNothingPersonal(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	_, handle := world(t)
	for _, name := range []string{"send", "delivery", "delivery-delayed", "bounce", "complaint", "reject", "rendering-failure"} {
		if _, err := handle(t.Context(), payload(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	event := strings.NewReplacer(ref, "hanako@example.jp", "Email Sent", "Email hanako@example.jp was sent").Replace(string(payload(t, "send")))
	if _, err := handle(t.Context(), json.RawMessage(event)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 8 {
		t.Errorf("%d log lines for 8 events", lines)
	}
	for _, secret := range []string{"hanako", "@", "日本"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log.String())
		}
	}
}

func TestRunNamesMissingSettings(t *testing.T) {
	_, err := run(t.Context(), config.Map(map[string]string{"BOUNCED_DAYS": "0"}))
	for _, says := range []string{"OUTBOX_TABLE is missing", "CAMPAIGNS_TABLE is missing", "ADDRESS_KEY is missing", "SOFT_BOUNCES is missing", "BOUNCED_DAYS is 0"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the error does not say %q: %v", says, err)
		}
	}
}
