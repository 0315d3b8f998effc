package staff

import (
	"context"

	"madoguchi/shared/ledger"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// Audit records that the caller has done something: what ("subscriber.correct"), on which object (a reference or a key, never a
// value), who and when (R47). Where the entry cannot be written the caller of Audit answers with its error and does nothing, so it
// is called before what cannot be taken back, such as showing a record.
func (d *Desk) Audit(ctx context.Context, what, object string) error {
	_, err := d.Ledger.Append(ctx, entry(ctx, what, object, ledger.Done))
	return err
}

// Refused records an attempt that was not let through, with the reason as a code ("role", "purpose").
func (d *Desk) Refused(ctx context.Context, what, object, reason string) error {
	e := entry(ctx, what, object, ledger.Refused)
	e.Reason = reason
	_, err := d.Ledger.Append(ctx, e)
	return err
}

// Commit carries a transaction out together with its entry: neither happens without the other. The chain does not allow an
// entry to be put into a transaction once and for all: another writer may take its place, and then the entry must be made anew
// over the new last one. Commit does that, while the caller's own conditions hold; its errors are those of
// record.Transaction.Commit.
func (d *Desk) Commit(ctx context.Context, tx *record.Transaction, what, object string) error {
	return d.Ledger.Commit(ctx, tx, entry(ctx, what, object, ledger.Done))
}

func entry(ctx context.Context, what, object, outcome string) ledger.Entry {
	return ledger.Entry{Who: Of(ctx).ID, What: what, Object: object, Outcome: outcome, Request: web.RequestID(ctx)}
}
