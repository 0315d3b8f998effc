package main

import (
	"context"
	"log/slog"
	"math"
	"time"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

// What the mailer does for list mail, which others send: a new consent takes the address off SES's own list, and answers use up the
// rate that campaigns wait for.

const (
	// stillSuppressed is the reason of a welcome that was put off because SES's list could not be changed.
	stillSuppressed = "still_suppressed"
	// patience is how often it is put off: some five minutes. Then it goes out all the same, since its configuration set knows no
	// suppression; the entry that stays is found where the next issue meets it (functions/mailing/feedback).
	patience = 6
	// debitLimit bounds what a mail that has been sent may still cost.
	debitLimit = time.Second
)

// welcomes tell a person of a new confirmed consent to list mail.
var welcomes = map[policy.MailKind]bool{policy.NewsletterWelcome: true, policy.PressWelcome: true, policy.PressApproved: true}

// welcomed takes the address of a new consent off SES's suppression list, where an older bounce or complaint has put it (hard case
// 20: a newer consent wins). It reports false where the mail should wait for that.
func (m *mailer) welcomed(ctx context.Context, row mail.Row) bool {
	if !welcomes[row.Kind] {
		return true
	}
	ask, cancel := context.WithTimeout(ctx, min(askLimit, m.callTime()))
	defer cancel()
	err := m.ses.Unsuppress(ask, row.To)
	if err == nil {
		return true
	}
	level := slog.LevelWarn
	if row.Delays >= patience {
		level = slog.LevelError
	}
	slog.Log(ctx, level, "address of a new consent not taken off SES's suppression list", "mail", row.ID, "kind", string(row.Kind), "error", err)
	return row.Delays >= patience
}

// debit uses up one recipient of the account's rate. A mail that has been sent is not called back for it.
func (m *mailer) debit(ctx context.Context) {
	perSecond := math.Float64frombits(m.quick.Load())
	if m.rate == nil || perSecond <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, debitLimit)
	defer cancel()
	if err := m.rate.Debit(ctx, 1, perSecond); err != nil {
		slog.WarnContext(ctx, "rate not debited", "error", err)
	}
}
