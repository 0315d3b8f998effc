package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/mail"
)

// The answers that the local SES can give (hard case 17).
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults ses.Faults
		state  mail.State
		reason string
		inbox  int
	}{
		{"well", ses.Faults{}, mail.Accepted, "", 1},
		{"throttled for a moment", ses.Faults{Fail: &ses.Fail{Throttle: 2}}, mail.Accepted, "", 1},
		{"throttled on", ses.Faults{Fail: &ses.Fail{Throttle: 50}}, mail.Queued, "TooManyRequestsException", 0},
		{"daily quota", ses.Faults{DailyQuota: new(0.0)}, mail.Queued, "", 0},
		{"server error", ses.Faults{Fail: &ses.Fail{ServerError: 1}}, mail.Unknown, "", 0},
		{"time-out after it accepted", ses.Faults{Fail: &ses.Fail{TimeoutAfterAccepting: 1}}, mail.Unknown, "", 1},
		{"time-out before it accepted", ses.Faults{Fail: &ses.Fail{TimeoutBeforeAccepting: 1}}, mail.Unknown, "", 0},
		{"connections close without an answer", ses.Faults{Down: new(true)}, mail.Unknown, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if strings.HasPrefix(test.name, "time-out") {
				w.short()
			}
			w.faults(test.faults)
			id := w.enqueue("hanako@example.jp")
			w.invoke(w.mailer(), streamOf(t, id))
			row := w.row(id)
			if row.State != test.state || test.reason != "" && row.Reason != test.reason {
				t.Errorf("state %s, reason %q", row.State, row.Reason)
			}
			if row.State == mail.Unknown && row.Unknowns != 1 {
				t.Errorf("%d unanswered calls counted", row.Unknowns)
			}
			if got := w.sent()["hanako@example.jp"]; got != test.inbox {
				t.Errorf("%d mails in the inbox, want %d", got, test.inbox)
			}
		})
	}
}

// The answers that only AWS gives: what lies in the deployment is tried again, what lies in the mail is not.
func TestAnswersOfAWS(t *testing.T) {
	for _, test := range []struct {
		status  int
		code    string
		message string
		want    mail.State
	}{
		{400, "MessageRejected", "Email address is not verified. The following identities failed the check in region AP-NORTHEAST-1: x", mail.Queued},
		{400, "MessageRejected", "Message is too long", mail.Failed},
		{400, "BadRequestException", "Local address contains control or whitespace", mail.Failed},
		{400, "MailFromDomainNotVerifiedException", "", mail.Queued},
		{400, "SendingPausedException", "", mail.Queued},
		{400, "AccountSuspendedException", "", mail.Queued},
		{400, "LimitExceededException", "", mail.Queued},
		{400, "ThrottlingException", "Rate exceeded", mail.Queued},
		{404, "NotFoundException", "Configuration set <x> does not exist.", mail.Queued},
		{403, "AccessDeniedException", "User is not authorized", mail.Queued},
		{403, "ExpiredTokenException", "", mail.Queued},
		{500, "InternalFailure", "", mail.Unknown},
		{503, "ServiceUnavailable", "", mail.Unknown},
		{502, "", "<html>Bad Gateway</html>", mail.Unknown},
		{307, "", "", mail.Queued},
		{200, "", "<html>", mail.Unknown},
		{200, "", "an answer without the name of the mail", mail.Unknown},
	} {
		t.Run(fmt.Sprintf("%d %s", test.status, test.code), func(t *testing.T) {
			w := newWorld(t)
			answering(t, test.status, test.code, `{"message":"`+test.message+`"}`)
			if strings.HasPrefix(test.message, "<html>") {
				answering(t, test.status, test.code, test.message)
			}
			id := w.enqueue("hanako@example.jp")
			w.invoke(w.mailer(), streamOf(t, id))
			if row := w.row(id); row.State != test.want {
				t.Errorf("state %s, reason %q; want %s", row.State, row.Reason, test.want)
			}
		})
	}
}

// Without a connection no byte has left: the mail is put off, and the one resend is not spent.
func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:1")
	id := w.enqueue("hanako@example.jp")
	m := w.mailer()
	for range 5 {
		w.invoke(m, streamOf(t, id))
		if row := w.row(id); row.State != mail.Queued || row.Unknowns != 0 {
			t.Fatalf("row %+v", row)
		}
		w.wait(time.Hour)
	}
	t.Setenv("AWS_ENDPOINT_URL_SESV2", w.api.URL)
	w.sweep(w.mailer())
	if row := w.row(id); row.State != mail.Accepted {
		t.Errorf("after SES came back: %s", row.State)
	}
}

// The whole rule of silence through sweeps (hard case 16): once more after the time to settle, then failed.
func TestResend(t *testing.T) {
	w := newWorld(t)
	w.short()
	m := w.mailer()
	w.faults(ses.Faults{Fail: &ses.Fail{TimeoutAfterAccepting: 2}})
	id := w.enqueue("hanako@example.jp")
	w.sweep(m)
	w.wait(w.cfg.Settle - time.Second)
	w.sweep(m)
	if got := w.sent()["hanako@example.jp"]; got != 1 {
		t.Fatalf("sent %d times before the time to settle", got)
	}
	w.wait(time.Second)
	w.sweep(m)
	if got := w.sent()["hanako@example.jp"]; got != 2 {
		t.Fatalf("%d mails after the one resend", got)
	}
	for range 20 {
		w.wait(w.cfg.Settle)
		w.sweep(m)
	}
	if row := w.row(id); row.State != mail.Failed || row.Reason != mail.NoAnswer {
		t.Errorf("row %+v", row)
	}
	if got := w.sent()["hanako@example.jp"]; got != 2 {
		t.Errorf("%d mails in the end", got)
	}
}

// An outage does not spend the resend: while SES does not answer a harmless question, nothing is sent again, and one
// silent call keeps the other mails of the process from following it.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	m := w.mailer()
	w.faults(ses.Faults{Down: new(true)})
	first := w.enqueue("hanako@example.jp")
	w.invoke(m, streamOf(t, first))
	var rest []string
	for i := range 10 {
		rest = append(rest, w.enqueue(fmt.Sprintf("person%d@example.jp", i)))
	}
	for range 10 {
		w.invoke(m, streamOf(t, rest...))
		w.sweep(m)
		w.wait(time.Hour)
	}
	for _, id := range append(rest, first) {
		if row := w.row(id); row.State != mail.Queued || row.Unknowns > 1 || id != first && row.Unknowns != 0 {
			t.Errorf("during the outage: %+v", row)
		}
	}
	w.faults(ses.Faults{Fail: &ses.Fail{}})
	w.sweep(m)
	for to, n := range w.sent() {
		if n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
	if len(w.sent()) != 11 {
		t.Errorf("%d of 11 persons got their mail", len(w.sent()))
	}
}
