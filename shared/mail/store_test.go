package mail

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// outbox is a table of its own in a real engine, with a clock that the test moves.
type outbox struct {
	*Store
	client *dynamodb.Client
	table  string
	clock  time.Time
}

func newOutbox(t testing.TB) *outbox {
	t.Helper()
	client := recordtest.Start(t)
	b := &outbox{client: client, clock: start, table: recordtest.Table(t, client, "outbox", false,
		recordtest.Index{Name: "due", Hash: "due", Range: "due_at", RangeType: types.ScalarAttributeTypeN},
		recordtest.Index{Name: "person", Hash: "person", Range: "created_at", RangeType: types.ScalarAttributeTypeS})}
	b.Store = NewStore(client, b.table, Times{Lease: 30 * time.Second, Settle: 15 * time.Minute}, func() time.Time { return b.clock })
	return b
}

// fatal is what *testing.T and *rapid.T share.
type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func (b *outbox) enqueue(t fatal, m Mail) string {
	t.Helper()
	if m.ID == "" {
		m.ID = "MAIL" + time.Now().Format("150405.000000000")
	}
	var tx record.Transaction
	Enqueue(&tx, b.table, m, b.clock)
	if err := tx.Commit(context.Background(), b.client); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func (b *outbox) row(t fatal, id string) Row {
	t.Helper()
	var row Row
	if _, err := record.Get(context.Background(), b.client, b.table, record.Key(id, ""), b.clock, &row); err != nil {
		t.Fatal(err)
	}
	return row
}

func (b *outbox) claim(t fatal, id string) Row {
	t.Helper()
	row, ok, err := b.Claim(context.Background(), id)
	if err != nil || !ok {
		t.Fatalf("claim: %v, %v", ok, err)
	}
	return row
}

func (b *outbox) mark(t fatal, row Row) {
	t.Helper()
	if _, ok, err := b.Mark(context.Background(), row); err != nil || !ok {
		t.Fatalf("mark: %v, %v", ok, err)
	}
}

func (b *outbox) due(t fatal) []string {
	t.Helper()
	var all []string
	for shard := range Shards {
		for cursor := record.Item(nil); ; {
			ids, next, err := b.Due(context.Background(), shard, 2, cursor)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, ids...)
			if cursor = next; cursor == nil {
				break
			}
		}
	}
	return all
}

func (b *outbox) settle(t fatal, id string) State {
	t.Helper()
	_, state, err := b.Settle(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// outcome is what of a settled row is compared.
var outcome = cmpopts.IgnoreFields(Row{}, "ID", "Service", "Kind", "Language", "Person", "Created", "Tries", "CalledAt")

func TestAcceptedMailKeepsNoAddress(t *testing.T) {
	b := newOutbox(t)
	id := b.enqueue(t, confirmation())
	row := b.claim(t, id)
	if diff := cmp.Diff(confirmation().Data, row.Data); diff != "" || row.To != confirmation().To {
		t.Fatalf("the claim does not return the mail: %s", diff)
	}
	b.mark(t, row)
	b.clock = b.clock.Add(time.Second)
	if ok, err := b.Accepted(t.Context(), id, "ses-1", b.clock); !ok || err != nil {
		t.Fatal(ok, err)
	}
	want := Row{State: Accepted, MessageID: "ses-1", SentAt: b.clock.UnixMilli(), SettledAt: b.clock.UnixMilli(), Expires: b.clock.Add(SettledFor).Unix()}
	if diff := cmp.Diff(want, b.row(t, id), outcome); diff != "" {
		t.Error(diff)
	}
	b.clock = b.clock.Add(time.Hour)
	if due := b.due(t); len(due) != 0 {
		t.Errorf("settled mail is still due: %v", due)
	}
}

func TestClaim(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, b *outbox, id string)
		wait    time.Duration
		want    bool
	}{
		{"a new mail, before it is due", func(*testing.T, *outbox, string) {}, 0, true},
		{"one that another mailer holds", func(t *testing.T, b *outbox, id string) { b.claim(t, id) }, 29 * time.Second, false},
		{"one whose mailer was killed before the mark", func(t *testing.T, b *outbox, id string) { b.claim(t, id) }, 30 * time.Second, true},
		{"one whose mailer was killed after the mark", func(t *testing.T, b *outbox, id string) { b.mark(t, b.claim(t, id)) }, time.Minute, false},
		{"one put off, too early", func(t *testing.T, b *outbox, id string) {
			postpone(t, b, b.claim(t, id), time.Minute)
		}, 59 * time.Second, false},
		{"one put off, when it is due", func(t *testing.T, b *outbox, id string) {
			postpone(t, b, b.claim(t, id), time.Minute)
		}, time.Minute, true},
		{"one that an event has settled", func(t *testing.T, b *outbox, id string) {
			if _, err := b.Accepted(t.Context(), id, "ses-1", b.clock); err != nil {
				t.Fatal(err)
			}
		}, time.Minute, false},
		{"one that has expired (hard case 24)", func(*testing.T, *outbox, string) {}, UnsettledFor, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newOutbox(t)
			id := b.enqueue(t, confirmation())
			test.prepare(t, b, id)
			b.clock = b.clock.Add(test.wait)
			if _, got, err := b.Claim(t.Context(), id); got != test.want || err != nil {
				t.Errorf("claimed %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func postpone(t *testing.T, b *outbox, row Row, wait time.Duration) {
	t.Helper()
	if state, err := b.Postpone(t.Context(), row, "throttled", b.clock.Add(wait)); err != nil || state != Queued {
		t.Fatal(state, err)
	}
}

// A claim that was taken over must not send: its mark fails.
func TestMarkOfALostClaim(t *testing.T) {
	b := newOutbox(t)
	id := b.enqueue(t, confirmation())
	first := b.claim(t, id)
	b.clock = b.clock.Add(31 * time.Second)
	second := b.claim(t, id)
	if _, ok, err := b.Mark(t.Context(), first); ok || err != nil {
		t.Errorf("the first claim may still call SES: %v, %v", ok, err)
	}
	b.mark(t, second)
	b.mark(t, second) // the same mark again, as the client asks when an answer was lost
}

// Mail that could be put off for ever is given up while its row still exists to say so.
func TestPostponeEndsBeforeTheRow(t *testing.T) {
	b := newOutbox(t)
	id := b.enqueue(t, confirmation())
	row := b.claim(t, id)
	state, err := b.Postpone(t.Context(), row, "SendingPausedException", b.clock.Add(UnsettledFor))
	if err != nil || state != Failed {
		t.Fatal(state, err)
	}
	if got := b.row(t, id); got.State != Failed || got.Reason != "SendingPausedException" || got.To != "" {
		t.Errorf("row %+v", got)
	}
}

// The rule for silence: once more after the time to settle, then failed, and a late Send event corrects it (hard case 16).
func TestSilence(t *testing.T) {
	b := newOutbox(t)
	id := b.enqueue(t, confirmation())
	row := b.claim(t, id)
	b.mark(t, row)
	if state := b.settle(t, id); state != "" {
		t.Fatalf("a running call was settled as %s", state)
	}
	b.clock = b.clock.Add(30 * time.Second) // the mailer was killed
	if state := b.settle(t, id); state != Unknown {
		t.Fatalf("lease over: %q", state)
	}
	b.clock = b.clock.Add(15*time.Minute - time.Second)
	if due := b.due(t); len(due) != 0 {
		t.Fatal("unknown mail is due before the time to settle")
	}
	b.clock = b.clock.Add(time.Second)
	if diff := cmp.Diff([]string{id}, b.due(t)); diff != "" {
		t.Fatal(diff)
	}
	if state := b.settle(t, id); state != Queued {
		t.Fatalf("no resend: %q", state)
	}
	row = b.claim(t, id)
	b.mark(t, row)
	if ok, err := b.Silence(t.Context(), row); !ok || err != nil {
		t.Fatal(ok, err)
	}
	b.clock = b.clock.Add(15 * time.Minute)
	if state := b.settle(t, id); state != Failed {
		t.Fatalf("after the second silence: %q", state)
	}
	if got := b.row(t, id); got.Reason != NoAnswer || got.To != "" || got.Data != nil || got.Due != "" {
		t.Errorf("row %+v", got)
	}
	if ok, err := b.Accepted(t.Context(), id, "ses-late", b.clock); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := b.row(t, id); got.State != Accepted || got.Reason != "" {
		t.Errorf("the late event did not correct it: %+v", got)
	}
}
