package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/config"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
)

// The stream's event as it is in events/: the mail is in the inbox with everything that SES's events need.
func TestStreamSends(t *testing.T) {
	w := newWorld(t)
	m := mailtest.Welcome(`"a..b"@docomo.ne.jp`, w.now())
	m.ID = "K7QW2MZ4H6N3TPA5RXJBVCYDEL"
	w.Enqueue(t, m, w.now())
	if got := w.invoke(w.mailer(), payload(t, "stream")); got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	row := w.row(m.ID)
	if row.State != mail.Accepted || row.MessageID == "" || row.To != "" || row.Data != nil {
		t.Errorf("row %+v", row)
	}
	for got, err := range w.ses.Mails() {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a..b@docomo.ne.jp"}, got.To); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"ref": m.ID, "kind": "newsletter_welcome"}, got.Tags); diff != "" {
			t.Error(diff)
		}
		if got.Headers["X-Madoguchi-Ref"] != m.ID || got.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" ||
			got.Headers["List-Unsubscribe"] != "<https://forms.example.jp/newsletter/unsubscribe?t=UNSUBSCRIBE>" {
			t.Errorf("headers %v", got.Headers)
		}
		if !strings.Contains(got.HTML, "𠮷野家 花子 様") || !strings.Contains(got.Text, "𠮷野家 花子 様") {
			t.Error("the letter is not in the mail")
		}
	}
	w.invoke(w.mailer(), payload(t, "stream")) // the stream delivers at least once
	if diff := cmp.Diff(map[string]int{"a..b@docomo.ne.jp": 1}, w.sent()); diff != "" {
		t.Error(diff)
	}
}

// Hard case 23 in the small: a row that cannot be sent, one that does not exist and records that are not ours never fail
// the batch.
func TestOneRowNeverFailsItsBatch(t *testing.T) {
	w := newWorld(t)
	broken := mailtest.Confirmation("taro@example.jp", w.now())
	delete(broken.Data, "link")
	brokenID := w.Enqueue(t, broken, w.now())
	lapsed := mailtest.Confirmation("jiro@example.jp", w.now().Add(-8*24*time.Hour))
	lapsedID := w.Enqueue(t, lapsed, w.now())
	good := w.enqueue("hanako@example.jp")
	event := strings.Replace(string(streamOf(t, brokenID, lapsedID, "NOSUCHMAILNOSUCHMAILNOSUCH", good)), `{"Records":[`,
		`{"Records":[{"eventName":"REMOVE","dynamodb":{"Keys":{"pk":{"S":"X"}}}},{"eventName":"INSERT","dynamodb":{"Keys":{}}},`, 1)
	if got := w.invoke(w.mailer(), []byte(event)); got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	got := map[string]string{}
	for name, id := range map[string]string{"broken": brokenID, "lapsed": lapsedID, "good": good} {
		row := w.row(id)
		got[name] = string(row.State) + " " + row.Reason
	}
	want := map[string]string{"broken": "failed rendering", "lapsed": "failed expired", "good": "accepted "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where the store does not answer, the stream must bring the rows again.
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	handle, err := run(t.Context(), config.Map(environment(w.Table)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handle(t.Context(), streamOf(t, "ONE", "TWO"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(answer); !strings.Contains(got, "sequence-ONE") || !strings.Contains(got, "sequence-TWO") {
		t.Errorf("answer %s", got)
	}
	if _, err := handle(t.Context(), payload(t, "schedule")); err == nil {
		t.Error("a sweep without a store is a success")
	}
}

// Several mailers, streams and sweeps at once over more rows than a page holds: every mail once (hard case 16).
func TestManyMailersSendOnce(t *testing.T) {
	w := newWorld(t)
	w.faults(ses.Faults{MaxSendRate: new(10_000.0)})
	want := map[string]int{}
	var ids []string
	for i := range 4*page + 10 {
		to := fmt.Sprintf("person%03d@example.jp", i)
		ids = append(ids, w.enqueue(to))
		want[to] = 1
	}
	var group sync.WaitGroup
	for i := range 3 {
		m := w.mailer()
		group.Go(func() {
			if i == 0 {
				_, _ = m.handle(t.Context(), streamOf(t, ids[:50]...))
			}
			if err := m.sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(want, w.sent()); diff != "" {
		t.Error(diff)
	}
}

// An invocation that ends soon leaves the rows untouched, so that nothing is cut off in the middle of a call.
func TestNoClaimShortlyBeforeTheEnd(t *testing.T) {
	w := newWorld(t)
	id := w.enqueue("hanako@example.jp")
	ctx, cancel := context.WithDeadline(t.Context(), w.now().Add(reserve))
	defer cancel()
	m := w.mailer()
	for _, event := range [][]byte{streamOf(t, id), payload(t, "schedule")} {
		if _, err := m.handle(ctx, event); err != nil {
			t.Error(err)
		}
	}
	if row := w.row(id); row.State != mail.Queued || row.Tries != 0 {
		t.Errorf("row %+v", row)
	}
}

// The waits grow and end before the row does: a mail that nothing can send is failed, with its reason, not forgotten.
func TestWaitsGrowAndEnd(t *testing.T) {
	w := newWorld(t)
	start := w.now()
	s := &fake{alive: true, answers: func(outgoing) answer { return answer{outcome: mail.Queued, reason: "SendingPausedException"} }}
	m := w.mailerOver(s)
	id := w.Enqueue(t, mailtest.Welcome("hanako@example.jp", start), start) // a mail whose links do not lapse
	w.invoke(m, streamOf(t, id))
	var last time.Duration
	for n := 0; w.row(id).State == mail.Queued; n++ {
		wait := time.UnixMilli(w.row(id).DueAt).Sub(w.now())
		if wait <= 0 || wait > 30*time.Minute || wait < last/4 {
			t.Fatalf("wait %d is %v after %v", n, wait, last)
		}
		if n == 13 && wait < 15*time.Minute {
			t.Errorf("wait %d is only %v", n, wait)
		}
		if last = wait; n == 20 {
			w.wait(6*24*time.Hour + 12*time.Hour) // the days between are all alike
		}
		w.wait(wait + time.Millisecond)
		w.sweep(m)
	}
	row := w.row(id)
	if row.State != mail.Failed || row.Reason != "SendingPausedException" {
		t.Errorf("row %+v", row)
	}
	if lived := w.now().Sub(start); lived < 6*24*time.Hour || lived > mail.UnsettledFor {
		t.Errorf("given up after %v", lived)
	}
}

// The design's bound: a call ends well before its lease.
func TestCallEndsBeforeLease(t *testing.T) {
	for lease, want := range map[time.Duration]time.Duration{2 * time.Second: 1333 * time.Millisecond, 10 * time.Second: 6667 * time.Millisecond,
		15 * time.Second: 10 * time.Second, 30 * time.Second: 10 * time.Second, 300 * time.Second: 10 * time.Second} {
		m := &mailer{cfg: settings{Lease: lease}}
		if got := m.callTime().Round(time.Millisecond); got != want {
			t.Errorf("lease %v: %v, want %v", lease, got, want)
		}
	}
}

// Hard case 33: whatever happens to a mail, its address is in no log line.
func TestLogsHoldNothingPersonal(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(writer(func(b []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return log.Write(b) }), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, status := range []int{200, 400, 403, 429, 500, 502} {
		w := newWorld(t)
		answering(t, status, "MessageRejected", `{"message":"hanako@example.jp is bad"}`)
		bad := mailtest.Welcome("hanako@example.jp", w.now())
		bad.Data["name"] = "花子\n"
		w.invoke(w.mailer(), streamOf(t, w.enqueue("hanako@example.jp"), w.Enqueue(t, bad, w.now())))
	}
	if lines := strings.Count(log.String(), `"msg":"mail"`); lines != 12 {
		t.Errorf("%d lines for 12 outcomes: %s", lines, log.String())
	}
	for _, secret := range []string{"hanako", "@", "花子", "CONFIRM", http.MethodPost + " "} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log.String())
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestRunNamesMissingSettings(t *testing.T) {
	env := environment("outbox")
	for _, name := range []string{"OUTBOX_TABLE", "SENDER_ADDRESS", "PUBLIC_URL", "ORGANIZATION_ADDRESS_JA"} {
		delete(env, name)
	}
	maps.Copy(env, map[string]string{"CLAIM_LEASE_SECONDS": "1", "UNKNOWN_SETTLE_SECONDS": "x"})
	_, err := run(t.Context(), config.Map(env))
	for _, says := range []string{"OUTBOX_TABLE is missing", "SENDER_ADDRESS is missing", "PUBLIC_URL is missing", "ORGANIZATION_ADDRESS_JA is missing",
		"CLAIM_LEASE_SECONDS must be at least 2", "UNKNOWN_SETTLE_SECONDS must be a whole number"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v does not say %q", err, says)
		}
	}
}
