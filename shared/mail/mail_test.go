package mail

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

var start = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func confirmation() Mail {
	return Mail{Service: policy.Newsletter, Kind: policy.NewsletterConfirm, Language: policy.Japanese, To: "hanako@example.jp",
		Person: "5f2c", Data: map[string]string{"link": "/newsletter/confirm?t=T", "expires": "2026-11-30T18:30:00+09:00"}}
}

// R7, R57: a mail that the policy does not name cannot be enqueued; neither can one that nobody could send.
func TestEnqueueRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Mail)
		says   string
	}{
		{"a kind of another service", func(m *Mail) { m.Kind = "press_release" }, "R57"},
		{"a list issue", func(m *Mail) { m.Kind = policy.NewsletterIssue }, "campaign"},
		{"information on an event", func(m *Mail) { m.Service, m.Kind = policy.Events, policy.EventInformation }, "campaign"},
		{"no language", func(m *Mail) { m.Language = "" }, "language"},
		{"no person", func(m *Mail) { m.Person = "" }, "person"},
		{"a foreign unsubscribe link", func(m *Mail) { m.Unsubscribe = "https://elsewhere.example/" }, "path"},
		{"a thread that may name a person", func(m *Mail) { m.Thread = "hanako@example.jp" }, "reference"},
		{"no address", func(m *Mail) { m.To = "" }, "domain"},
		{"an address without domain", func(m *Mail) { m.To = "hanako@" }, "domain"},
		{"a line break in the address (hard case 4)", func(m *Mail) { m.To = "hanako@example.jp\r\nBcc: x@example.jp" }, "ASCII"},
		{"a domain in Unicode", func(m *Mail) { m.To = "hanako@例え.jp" }, "ASCII"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := confirmation()
			test.change(&m)
			var tx record.Transaction
			Enqueue(&tx, "outbox", m, start)
			err := tx.Commit(t.Context(), nil) // no client: a transaction that holds a defect must not get so far
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("error %v does not say %q", err, test.says)
			}
			if strings.Contains(err.Error(), "hanako") {
				t.Errorf("the error holds the address: %v", err)
			}
		})
	}
}

// The clock sends the invitation to a questionnaire, to registrants and nobody else (R29).
func TestMailByTheClock(t *testing.T) {
	m := confirmation()
	m.Kind = policy.QuestionnaireInvite
	if err := check(m); err == nil || !strings.Contains(err.Error(), "R57") {
		t.Errorf("an invitation to a subscriber: %v", err)
	}
	m.Service = policy.Events
	if err := check(m); err != nil {
		t.Errorf("an invitation to a registrant: %v", err)
	}
}

func TestNewRow(t *testing.T) {
	m := confirmation()
	m.ID, m.Unsubscribe = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "/newsletter/unsubscribe?t=U"
	got := newRow(m, start)
	want := Row{ID: m.ID, State: Queued, Service: policy.Newsletter, Kind: policy.NewsletterConfirm, Language: policy.Japanese,
		Person: "5f2c", Created: "2026-11-23T09:30:00.000Z", Expires: start.Unix() + 7*86400, To: m.To, Data: m.Data,
		Unsub: m.Unsubscribe, Due: "2", DueAt: start.UnixMilli() + 15_000}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(m, got.Mail()); diff != "" {
		t.Errorf("the mail does not come out as it went in: %s", diff)
	}
}
