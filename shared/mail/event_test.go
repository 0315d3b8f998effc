package mail

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Events settle a mail from any state, in any order and any number of times (hard case 20).
func TestEvents(t *testing.T) {
	at := start.Add(time.Minute)
	type event func(*outbox, string) (bool, error)
	ctx := context.Background()
	send := func(m string) event {
		return func(b *outbox, id string) (bool, error) { return b.Accepted(ctx, id, m, at) }
	}
	reject := func(m string) event {
		return func(b *outbox, id string) (bool, error) { return b.Rejected(ctx, id, m, "rejected") }
	}
	delivered := func(b *outbox, id string) (bool, error) { return b.Delivered(ctx, id, "m1", at.Add(time.Second)) }
	bounced := func(kind string, after time.Duration) event {
		return func(b *outbox, id string) (bool, error) { return b.Bounced(ctx, id, "m1", kind, at.Add(after)) }
	}
	complained := func(b *outbox, id string) (bool, error) {
		return b.Complained(ctx, id, "m1", "abuse", at.Add(time.Hour))
	}

	for _, test := range []struct {
		name   string
		events []event
		want   Row
	}{
		{"before the answer is stored", []event{send("m1")}, Row{State: Accepted, MessageID: "m1"}},
		{"delivery, its Send event lost", []event{delivered}, Row{State: Accepted, MessageID: "m1", Delivered: at.UnixMilli() + 1000}},
		{"complaint, delivery, send", []event{complained, delivered, send("m1")},
			Row{State: Accepted, MessageID: "m1", Delivered: at.UnixMilli() + 1000, Complained: at.UnixMilli() + 3600_000, Complaint: "abuse"}},
		{"a passing bounce, then a permanent one", []event{bounced("Transient/MailboxFull", 1), bounced("Permanent/General", time.Hour)},
			Row{State: Accepted, MessageID: "m1", Bounce: "Permanent/General", Bounced: at.UnixMilli() + 3600_000}},
		{"a permanent bounce, then a passing one", []event{bounced("Permanent/General", time.Hour), bounced("Transient/MailboxFull", 1)},
			Row{State: Accepted, MessageID: "m1", Bounce: "Permanent/General", Bounced: at.UnixMilli() + 3600_000}},
		{"rejected", []event{reject("m1")}, Row{State: Failed, MessageID: "m1", Reason: "rejected"}},
		{"rejected, then its own Send", []event{reject("m1"), send("m1")}, Row{State: Failed, MessageID: "m1", Reason: "rejected"}},
		{"sent, then rejected", []event{send("m1"), reject("m1")}, Row{State: Failed, MessageID: "m1", Reason: "rejected"}},
		{"the resend accepted, the first rejected late", []event{send("m2"), reject("m1")}, Row{State: Accepted, MessageID: "m2"}},
		{"the first rejected, the resend accepted", []event{reject("m1"), send("m2")}, Row{State: Accepted, MessageID: "m2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newOutbox(t)
			id := b.enqueue(t, confirmation())
			row := b.claim(t, id)
			b.mark(t, row)
			for _, e := range test.events {
				for i := range 8 {
					changed, err := e(b, id)
					if err != nil {
						t.Fatal(err)
					}
					if changed && i > 0 {
						t.Error("the same event changed the row twice")
					}
				}
			}
			if diff := cmp.Diff(test.want, b.row(t, id), outcome, cmpopts.IgnoreFields(Row{}, "SentAt", "SettledAt", "Expires")); diff != "" {
				t.Error(diff)
			}
			// The mailer's own late words change nothing any more.
			if ok, err := b.Silence(t.Context(), row); ok || err != nil {
				t.Errorf("silence after an event: %v, %v", ok, err)
			}
			if ok, err := b.Fail(t.Context(), row, "late"); ok || err != nil {
				t.Errorf("failure after an event: %v, %v", ok, err)
			}
		})
	}
}

func TestEventOfNoMailChangesNothing(t *testing.T) {
	b := newOutbox(t)
	for name, report := range map[string]func(context.Context, string, string, time.Time) (bool, error){"send": b.Accepted, "delivery": b.Delivered} {
		if ok, err := report(t.Context(), "NOSUCHMAIL", "m1", start); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if row := b.row(t, "NOSUCHMAIL"); row.ID != "" {
		t.Errorf("an event has made a row: %+v", row)
	}
}
