package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/build"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/ses"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/record"
)

// killing is the real mailer and the real feedback function over the Lambda Runtime API, a real outbox, the local SES with
// its events in the test's hands, and a gate.
type killing struct {
	*testing.T
	*mailtest.Outbox
	gate   gate
	ses    *ses.Server
	lambda *runtime.Runtime
	mu     sync.Mutex
	events [][]byte // published and not yet delivered
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	k := &killing{T: t, Outbox: mailtest.New(t)}
	binaries, err := build.Functions(t.Context(), "../../..", t.TempDir(), []string{"functions/mailing/mailer", "functions/mailing/feedback"})
	if err != nil {
		t.Fatal(err)
	}
	k.ses, err = ses.New(ses.Options{Dir: t.TempDir(), OnEvent: k.published})
	if err != nil {
		t.Fatal(err)
	}
	k.gate.reset(0, false)
	api := httptest.NewServer(k.ses.API())
	dynamodb := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")
	env := environment(k.Table)
	env["AWS_ENDPOINT_URL_DYNAMODB"], env["AWS_ENDPOINT_URL_SESV2"] = k.gate.to(t, dynamodb), k.gate.to(t, api.URL)
	k.lambda, err = runtime.New(runtime.Options{Environment: map[string]string{"AWS_REGION": "ap-northeast-1"}, Functions: []runtime.Function{
		{Name: "mailer", Binary: binaries["functions/mailing/mailer"], Timeout: time.Minute, MemoryMB: 512, Environment: env},
		{Name: "feedback", Binary: binaries["functions/mailing/feedback"], Timeout: time.Minute, MemoryMB: 512,
			Environment: map[string]string{"OUTBOX_TABLE": k.Table, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
				"CAMPAIGNS_TABLE": "campaigns", "SUPPRESSION_TABLE": "suppression", "NEWSLETTER_TABLE": "newsletter", "PRESS_TABLE": "press",
				"ADDRESS_KEY": strings.Repeat("address-key-", 3), "SOFT_BOUNCES": "5", "CAMPAIGN_RECIPIENT_DAYS": "365", "UNCONFIRMED_HOURS": "168",
				"SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365",
				"PENDING_APPROVAL_DAYS": "30"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.lambda.Close()
		if err := k.ses.Close(); err != nil {
			t.Error(err)
		}
		api.Close()
	})
	return k
}

func (k *killing) published(detailType string, detail json.RawMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, fmt.Appendf(nil, `{"detail-type":%q,"source":"aws.ses","detail":%s}`, detailType, detail))
}

// take waits until SES has published what it owes for n mails, and takes it away.
func (k *killing) take(n int) [][]byte {
	k.Helper()
	for range 500 {
		k.mu.Lock()
		if len(k.events) == 2*n { // Send and Delivery
			events := k.events
			k.events = nil
			k.mu.Unlock()
			return events
		}
		k.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
	}
	k.Fatalf("SES published %d events for %d mails", len(k.events), n)
	return nil
}

func (k *killing) deliver(events [][]byte) {
	k.Helper()
	for _, e := range events {
		if _, err := k.lambda.Invoke(k.Context(), "feedback", e); err != nil {
			k.Fatalf("feedback: %v", err)
		}
	}
}

// run invokes the mailer; where the gate holds a call, it kills the mailer there. It reports whether it did.
func (k *killing) run(event []byte, hold int, after bool) bool {
	k.Helper()
	k.gate.reset(hold, after)
	done := make(chan error, 1)
	go func() {
		_, err := k.lambda.Invoke(k.Context(), "mailer", event)
		done <- err
	}()
	select {
	case <-k.gate.held:
		killed := k.lambda.Kill("mailer")
		close(k.gate.dead)
		if err := <-done; killed == 0 || err == nil { // 2 where the runtime had started another before the last was idle again
			k.Fatalf("%d mailers were killed, and the invocation ended with %v", killed, err)
		}
		return true
	case err := <-done:
		if err != nil {
			k.Fatalf("mailer: %v", err)
		}
		return false
	}
}

// ripen lets the time pass that a mail waits for: the end of a lease, the time to settle, a wait.
func (k *killing) ripen(id string) {
	k.Helper()
	_, err := record.Update(k.Context(), k.Client, k.Table, record.Key(id, ""), "SET due_at = :past", record.Values{"past": 1},
		record.Condition{Expression: "attribute_exists(due)"}, nil)
	if err != nil {
		k.Fatal(err)
	}
}

func (k *killing) state(id string) mail.Row { return k.Row(k.T, id, time.Now()) }

func (k *killing) inbox() int { return k.ses.Count() }

// settled lets sweeps work until the mail has an outcome.
func (k *killing) settled(id string) mail.Row {
	k.Helper()
	for range 10 {
		if row := k.state(id); row.State == mail.Accepted || row.State == mail.Failed {
			return row
		}
		k.ripen(id)
		k.run(payload(k.T, "schedule"), 0, false)
	}
	row := k.state(id)
	k.Fatalf("the mail never comes to an end: %+v", row)
	return row
}

// callsOfOneMail is what one mail costs: claim, mark, the call, the answer.
var callsOfOneMail = []string{"UpdateItem", "UpdateItem", "outbound-emails", "UpdateItem"}

// Hard case 16: the mailer is killed at every point of a mail's life, while SES's events come at once, doubled and in reverse
// order, too late, or never. No mail is lost; none leaves twice but by the one resend after a silence.
func TestKilledAtEveryPoint(t *testing.T) {
	k := newKilling(t)
	id := k.Enqueue(t, mailtest.Confirmation("hanako@example.jp", time.Now()), time.Now())
	k.run(streamOf(t, id), 0, false)
	if diff := cmp.Diff(callsOfOneMail, k.gate.seen()); diff != "" {
		t.Fatalf("a mail costs other calls than the test kills at: %s", diff)
	}
	k.take(1)

	for point := 1; point <= len(callsOfOneMail); point++ {
		for _, after := range []bool{false, true} {
			for _, events := range []string{"at once", "doubled and reversed", "late", "dropped"} {
				name := fmt.Sprintf("before call %d, events %s", point, events)
				if after {
					name = fmt.Sprintf("after call %d, events %s", point, events)
				}
				left := point == 4 || point == 3 && after // SES has the mail when the mailer dies
				stored := point == 4 && after             // and the outbox knows
				want := 1
				if left && !stored && (events == "late" || events == "dropped") {
					want = 2 // silence: the one resend
				}
				t.Run(name, func(t *testing.T) { k.in(t).killedOnce(point, after, left, events, want) })
			}
		}
	}
}

// in is k for a subtest.
func (k *killing) in(t *testing.T) *killing {
	t.Helper()
	if err := k.ses.Clear(); err != nil {
		t.Fatal(err)
	}
	k.T = t
	return k
}

func (k *killing) killedOnce(point int, after, left bool, events string, want int) {
	k.Helper()
	id := k.Enqueue(k.T, mailtest.Confirmation("hanako@example.jp", time.Now()), time.Now())
	if !k.run(streamOf(k.T, id), point, after) {
		k.Fatal("the mailer was not killed")
	}
	sent := 0
	if left {
		sent = 1
	}
	if k.inbox() != sent {
		k.Fatalf("%d mails in the inbox when the mailer died, want %d", k.inbox(), sent)
	}
	first := k.take(sent)
	switch events {
	case "doubled and reversed":
		first = append(first, first...)
		slices.Reverse(first)
		k.deliver(first)
	case "at once":
		k.deliver(first)
	}
	row := k.settled(id)
	second := k.take(k.inbox() - sent)
	if events != "dropped" {
		k.deliver(slices.Concat(second, first, second))
		row = k.state(id)
		if row.Delivered == 0 {
			k.Error("the delivery was not recorded")
		}
	}
	if row.State != mail.Accepted || row.To != "" || row.Data != nil || row.Due != "" {
		k.Errorf("the mail ends as %+v", row)
	}
	if got := k.inbox(); got != want {
		k.Errorf("%d mails in the inbox, want %d", got, want)
	}
}

// Killed again and again, at any call of streams and sweeps, while events come or do not: the invariants hold and the mail
// has an honest end.
func TestKilledAgainAndAgain(t *testing.T) {
	k := newKilling(t)
	runs := uint64(25)
	if testing.Short() {
		runs = 5
	}
	for seed := range runs {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { k.in(t).killedOften(rand.New(rand.NewPCG(seed, 16))) })
	}
}

func (k *killing) killedOften(r *rand.Rand) {
	k.Helper()
	id := k.Enqueue(k.T, mailtest.Confirmation("hanako@example.jp", time.Now()), time.Now())
	event := streamOf(k.T, id)
	taken := 0
	var withheld [][]byte
	for range 2 + r.IntN(4) {
		k.run(event, 1+r.IntN(9), r.IntN(2) == 0)
		event = payload(k.T, "schedule")
		events := k.take(k.inbox() - taken)
		taken = k.inbox()
		switch r.IntN(4) {
		case 0:
			k.deliver(events)
		case 1:
			withheld = append(withheld, events...)
		}
		if r.IntN(3) > 0 {
			k.ripen(id)
		}
	}
	row := k.settled(id)
	sent := k.inbox()
	switch {
	case sent > 2, sent == 2 && row.Unknowns == 0:
		k.Errorf("%d mails in the inbox, %d unanswered calls", sent, row.Unknowns)
	case row.State == mail.Accepted && sent == 0:
		k.Error("accepted, but in no inbox")
	case row.State == mail.Failed && (row.Reason != mail.NoAnswer || row.Unknowns != 2):
		k.Errorf("the mail ends as %+v", row)
	}
	if bytes.Contains(bytes.Join(withheld, nil), []byte("Email Sent")) {
		k.deliver(withheld)
		if row := k.state(id); row.State != mail.Accepted {
			k.Errorf("a late event did not correct the outcome: %+v", row)
		}
	}
	k.take(k.inbox() - taken)
}
