package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"madoguchi/shared/mail"
	"madoguchi/shared/ses"
)

// deliver sends one claimed mail and stores what became of it. An error of the store leaves the row to its lease.
func (m *mailer) deliver(ctx context.Context, row mail.Row) {
	outcome, reason, err := m.try(ctx, row)
	if err != nil {
		slog.WarnContext(ctx, "mail left to its lease", "mail", row.ID, "kind", string(row.Kind), "error", err)
		return
	}
	m.report(ctx, row, outcome, reason)
}

// overtaken is the outcome of a claim that came to nothing: an event of an earlier call settled the mail in between, or
// the claim was held so long that another mailer took the mail.
const overtaken mail.State = "overtaken"

// try returns the state that the mail has moved to.
func (m *mailer) try(ctx context.Context, row mail.Row) (outcome mail.State, reason string, err error) {
	if m.tooLate(row) {
		_, err := m.store.Fail(ctx, row, "expired")
		return mail.Failed, "expired", err
	}
	out, err := m.compose(row)
	if err != nil {
		slog.ErrorContext(ctx, "mail cannot be rendered", "mail", row.ID, "kind", string(row.Kind), "error", err)
		_, err := m.store.Fail(ctx, row, "rendering")
		return mail.Failed, "rendering", err
	}
	if (row.Unknowns > 0 || m.silent.Load()) && !m.alive(ctx) {
		return m.later(ctx, row, "ses_silent")
	}
	if !m.welcomed(ctx, row) {
		return m.later(ctx, row, stillSuppressed)
	}
	until, ours, err := m.store.Mark(ctx, row)
	if err != nil {
		return "", "", err
	}
	if !ours {
		return overtaken, "", nil
	}
	left := min(callLimit, until.Sub(m.now())-m.margin())
	if left < m.callTime()/2 {
		return m.later(ctx, row, "slow_store") // the mark took so long that the call might outlive the lease
	}
	call, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	return m.settle(ctx, row, m.ses.Send(call, out))
}

// settle writes what SES answered.
func (m *mailer) settle(ctx context.Context, row mail.Row, a answer) (mail.State, string, error) {
	m.silent.Store(a.outcome == mail.Unknown || a.reason == ses.Unreachable)
	var err error
	switch a.outcome {
	case mail.Accepted:
		_, err = m.store.Accepted(ctx, row.ID, a.messageID, m.now())
		m.debit(ctx)
	case mail.Failed:
		_, err = m.store.Fail(ctx, row, a.reason)
	case mail.Queued:
		return m.later(ctx, row, a.reason)
	default:
		_, err = m.store.Silence(ctx, row)
	}
	return a.outcome, a.reason, err
}

// later puts a mail off. The waits grow from some seconds to half an hour, with jitter so that mails put off together
// do not come back together.
func (m *mailer) later(ctx context.Context, row mail.Row, reason string) (mail.State, string, error) {
	const first, most = 4 * time.Second, 30 * time.Minute
	wait := min(most, first<<min(row.Delays, 12))
	wait = wait/2 + rand.N(wait/2) //nolint:gosec // jitter needs no secrecy
	outcome, err := m.store.Postpone(ctx, row, reason, m.now().Add(wait))
	return outcome, reason, err
}

// alive asks SES whether it is there, and remembers the answer.
func (m *mailer) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(3*time.Second, m.callTime()))
	defer cancel()
	ok := m.ses.Alive(ctx)
	m.silent.Store(!ok)
	return ok
}

// tooLate tells whether what the mail asks for has lapsed, after an outage of days: a link that no longer works only
// annoys.
func (m *mailer) tooLate(row mail.Row) bool {
	at, err := time.Parse(time.RFC3339, row.Data["expires"])
	return err == nil && !m.now().Before(at)
}
