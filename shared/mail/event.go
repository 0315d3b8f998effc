package mail

import (
	"context"
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/record"
)

// Accepted settles a mail that SES has taken: by its answer to the mailer, or by an event that only a mail that SES has
// taken can cause. It may come in any state, before the answer is stored or after a failed(no_answer). It reports
// false where nothing changed: the mail is accepted already, SES has rejected the very message, or there is no such mail.
func (s *Store) Accepted(ctx context.Context, id, messageID string, at time.Time) (bool, error) {
	ok, err := s.update(ctx, id, `SET #state = :accepted, message_id = :message, sent_at = :at, `+settled+`, reason`,
		`#state <> :accepted AND NOT (#state = :failed AND message_id = :message)`,
		s.settling(record.Values{"accepted": Accepted, "failed": Failed, "message": messageID, "at": at.UnixMilli()}), nil, "to", "data")
	if err != nil {
		return false, fmt.Errorf("record acceptance: %w", err)
	}
	return ok, nil
}

// Rejected settles a mail of which SES says after its acceptance that it will not be sent. A rejection of one message
// does not undo the acceptance of another (the resend).
func (s *Store) Rejected(ctx context.Context, id, messageID, reason string) (bool, error) {
	ok, err := s.update(ctx, id, `SET #state = :failed, message_id = :message, reason = :reason, `+settled,
		`#state <> :failed AND NOT (#state = :accepted AND message_id <> :message)`,
		s.settling(record.Values{"accepted": Accepted, "failed": Failed, "message": messageID, "reason": reason}), nil, "to", "data")
	if err != nil {
		return false, fmt.Errorf("record rejection: %w", err)
	}
	return ok, nil
}

// Delivered records that the mail reached its mailbox's server. Like Bounced and Complained it also proves that SES had
// the mail, so that it settles one whose Send event was lost. All may come in any order and any number of times (hard
// case 20): the earliest of a kind stays. They report false where nothing changed.
func (s *Store) Delivered(ctx context.Context, id, messageID string, at time.Time) (bool, error) {
	return s.report(ctx, id, messageID, at, `SET delivered_at = :at`, `attribute_not_exists(delivered_at) OR delivered_at > :at`, record.Values{})
}

// Complained records a complaint; kind is SES's complaintFeedbackType, "" where it has none. See Delivered.
func (s *Store) Complained(ctx context.Context, id, messageID, kind string, at time.Time) (bool, error) {
	return s.report(ctx, id, messageID, at, `SET complained_at = :at, complaint = :kind`,
		`attribute_not_exists(complained_at) OR complained_at > :at`, record.Values{"kind": kind})
}

// permanent is SES's bounceType of an address that does not take mail; any other is a passing trouble.
const permanent = "Permanent/"

// Bounced records a bounce; kind is SES's "bounceType/bounceSubType". A permanent bounce outweighs a passing one,
// whichever comes first. See Delivered.
func (s *Store) Bounced(ctx context.Context, id, messageID, kind string, at time.Time) (bool, error) {
	condition := `attribute_not_exists(bounce) OR NOT begins_with(bounce, :permanent) AND bounced_at > :at`
	if strings.HasPrefix(kind, permanent) {
		condition = `attribute_not_exists(bounce) OR NOT begins_with(bounce, :permanent) OR bounced_at > :at`
	}
	return s.report(ctx, id, messageID, at, `SET bounced_at = :at, bounce = :kind`, condition, record.Values{"kind": kind, "permanent": permanent})
}

// report is one write where the mail is settled already, as it nearly always is, and settles it first where it is not.
func (s *Store) report(ctx context.Context, id, messageID string, at time.Time, update, condition string, values record.Values) (bool, error) {
	values["at"] = at.UnixMilli()
	for range 2 {
		values["accepted"] = Accepted
		ok, err := s.update(ctx, id, update, `#state = :accepted AND (`+condition+`)`, values, nil)
		if err != nil {
			return false, fmt.Errorf("record report: %w", err)
		}
		if ok {
			return true, nil
		}
		if settled, err := s.Accepted(ctx, id, messageID, at); err != nil || !settled {
			return false, err
		}
	}
	return false, nil
}
