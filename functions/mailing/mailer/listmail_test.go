package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/record"
)

// suppress puts an address on SES's own list.
func (w *world) suppress(m *mailer, address string) *sesv2.Client {
	w.Helper()
	amazon, ok := m.ses.(*amazonSES)
	if !ok {
		w.Fatal("not the real client")
	}
	if _, err := amazon.Client.PutSuppressedDestination(w.Context(), &sesv2.PutSuppressedDestinationInput{EmailAddress: &address,
		Reason: types.SuppressionListReasonBounce}); err != nil {
		w.Fatal(err)
	}
	return amazon.Client.Client
}

func (w *world) onList(client *sesv2.Client, address string) bool {
	w.Helper()
	_, err := client.GetSuppressedDestination(w.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: &address})
	var none *types.NotFoundException
	if err != nil && !errors.As(err, &none) {
		w.Fatal(err)
	}
	return err == nil
}

// Hard case 20: the welcome of a new consent takes the address off SES's list, however its local part is written; a question
// whether to sign up, which anybody can cause, does not.
func TestWelcomeEndsSuppression(t *testing.T) {
	for _, test := range []struct {
		name, address string
		mail          func(string, time.Time) mail.Mail
		want          bool // still on the list
	}{
		{"welcome", "hanako@example.jp", mailtest.Welcome, false},
		{"welcome to an address with two dots", `"a..b"@docomo.ne.jp`, mailtest.Welcome, false},
		{"confirmation", "hanako@example.jp", mailtest.Confirmation, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.mailer()
			client := w.suppress(m, test.address)
			id := w.Enqueue(t, test.mail(test.address, w.now()), w.now().Add(-time.Minute))
			w.sweep(m)
			if got := w.onList(client, test.address); got != test.want {
				t.Errorf("on SES's list: %v", got)
			}
			if row := w.row(id); row.State != mail.Accepted {
				t.Errorf("%s (%s)", row.State, row.Reason)
			}
			// Not there any more: no error.
			again := w.Enqueue(t, test.mail(test.address, w.now()), w.now().Add(-time.Minute))
			w.sweep(m)
			if row := w.row(again); row.State != mail.Accepted {
				t.Errorf("again: %s (%s)", row.State, row.Reason)
			}
		})
	}
}

// Where SES's list cannot be changed, the welcome waits some minutes for it, and is never lost. Neither the address nor the URL
// with it is in the log (hard case 33).
func TestWelcomeIsNotLost(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	w := newWorld(t)
	local := w.ses.API()
	refusing := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			out.Header().Set("X-Amzn-ErrorType", "BadRequestException")
			out.WriteHeader(http.StatusBadRequest)
			_, _ = out.Write([]byte(`{"message": "hanako@example.jp cannot be taken off"}`))
			return
		}
		local.ServeHTTP(out, r)
	}))
	t.Cleanup(refusing.Close)
	t.Setenv("AWS_ENDPOINT_URL_SESV2", refusing.URL)
	m := w.mailer()
	id := w.Enqueue(t, mailtest.Welcome("hanako@example.jp", w.now()), w.now().Add(-time.Minute))
	for range patience {
		w.sweep(m)
		if row := w.row(id); row.State != mail.Queued || row.Reason != stillSuppressed || row.To == "" {
			t.Fatalf("put off: %+v", row)
		}
		w.wait(10 * time.Minute)
	}
	w.sweep(m)
	if row := w.row(id); row.State != mail.Accepted || w.sent()["hanako@example.jp"] != 1 {
		t.Errorf("after all: %s (%s), %v", row.State, row.Reason, w.sent())
	}
	text := log.String()
	if n := strings.Count(text, "not taken off"); n != patience+1 {
		t.Errorf("%d lines tell of it", n)
	}
	if strings.Contains(text, "hanako") || strings.Contains(text, "@") || !strings.Contains(text, "BadRequestException") {
		t.Errorf("the log: %s", text)
	}
}

// Each mail that SES accepted uses up its share of the rate that campaigns wait for, from the first sweep on, which learns the rate; a
// mail that was not accepted uses nothing.
func TestDebit(t *testing.T) {
	w := newWorld(t)
	store := &campaign.Store{Client: w.Client, Table: campaigntest.Table(t), Now: w.now}
	m := w.mailer()
	m.rate = store
	w.faults(ses.Faults{MaxSendRate: new(20.0)})
	w.enqueue("early@example.jp")
	w.sweep(m)
	if _, found := spentUntil(t, store); found {
		t.Error("debited before the rate was known")
	}
	for range 3 {
		w.enqueue("hanako@example.jp")
	}
	w.sweep(m)
	want := w.now().UnixMicro() + 3*50_000
	if until, _ := spentUntil(t, store); until != want {
		t.Errorf("spent until %d, want %d", until, want)
	}
	w.faults(ses.Faults{Fail: &ses.Fail{Throttle: quickTries}})
	id := w.enqueue("hanako@example.jp")
	w.sweep(m)
	if until, _ := spentUntil(t, store); until != want || w.row(id).State != mail.Queued {
		t.Errorf("a mail that SES did not take: spent until %d, want %d; it is %s", until, want, w.row(id).State)
	}
}

func spentUntil(t *testing.T, s *campaign.Store) (int64, bool) {
	t.Helper()
	var item struct {
		Until int64 `dynamodbav:"tat"`
	}
	found, err := record.Get(t.Context(), s.Client, s.Table, record.Key("rate", "rate"), s.Now(), &item)
	if err != nil {
		t.Fatal(err)
	}
	return item.Until, found
}

// A debit that fails keeps nobody's mail.
func TestDebitFails(t *testing.T) {
	w := newWorld(t)
	m := w.mailer()
	m.rate = broken{}
	w.sweep(m)
	id := w.enqueue("hanako@example.jp")
	w.sweep(m)
	if row := w.row(id); row.State != mail.Accepted {
		t.Errorf("%s (%s)", row.State, row.Reason)
	}
}

type broken struct{}

func (broken) Debit(context.Context, int, float64) error { return record.ErrUnavailable }
