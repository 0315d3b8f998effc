package subscription

import (
	"context"
	"errors"
	"time"

	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// A subscriber is kept for a period from the last confirmation, and asked to stay before it is over (decisions: "Retention of a
// subscriber"). This is the answer; ask.go is the question.

// ChannelRenewal marks a consent that was given by the button of the page that asks to stay.
const ChannelRenewal = "renewal"

// Asked says that a subscriber has been asked to stay: once in each period, by one letter or two.
type Asked struct {
	Ref     string `dynamodbav:"ref"`             // of the links in the letters, and of the consent that an answer gives
	At      string `dynamodbav:"at"`              // RFC 3339, of the last letter
	Letters int    `dynamodbav:"letters"`         // 0: the address is suppressed, nothing was mailed
	Again   bool   `dynamodbav:"again,omitempty"` // a second letter follows
	Ends    int64  `dynamodbav:"ends"`            // when the subscription ends without an answer, as the lapse knows it
}

// Renewal is what a link that asks to stay leads to.
type Renewal struct {
	Open  bool      // the button has something to do
	Until time.Time // until when the record is kept as things are
}

// Stays tells what a link that asks to stay would do. It changes nothing (hard case 12). Errors: ErrGone where there is no subscription
// any more, record.ErrUnavailable.
func (l *List) Stays(ctx context.Context, t link.Token) (Renewal, error) {
	s, found, err := l.find(ctx, t)
	if err != nil {
		return Renewal{}, err
	}
	if !found || s.State != Confirmed {
		return Renewal{}, ErrGone
	}
	return Renewal{Open: s.Asked != nil && s.Asked.Ref == t.Ref, Until: time.Unix(s.ExpiresAt, 0)}, nil
}

// Renew is the answer of somebody who stays: a new consent, from which the period counts anew. A link answers the one question that
// it was mailed for; later, and repeated, it changes nothing. Errors: ErrGone where there is no subscription any more,
// record.ErrUnavailable.
func (l *List) Renew(ctx context.Context, t link.Token) (Renewal, error) {
	for range rounds {
		s, found, err := l.find(ctx, t)
		switch {
		case err != nil:
			return Renewal{}, err
		case !found || s.State != Confirmed:
			return Renewal{}, ErrGone
		case s.Asked == nil || s.Asked.Ref != t.Ref:
			return Renewal{Until: time.Unix(s.ExpiresAt, 0)}, nil
		}
		var tx record.Transaction
		until := l.renew(&tx, s)
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return Renewal{Until: until}, err
		}
	}
	return Renewal{}, errContended
}

// renew adds to a transaction that a subscriber has consented anew. The evidence of the consent before stays for its own period.
func (l *List) renew(tx *record.Transaction, s Subscriber) (until time.Time) {
	now := l.Now()
	until = l.Periods.Expiry(string(Confirmed), now)
	fresh := s
	fresh.Proof = Proof{Ref: s.Asked.Ref, Policy: policy.Version, FormVersion: l.Service.FormVersion, Language: policy.Japanese, Channel: ChannelRenewal,
		OpenedAt: s.Asked.At, SubmittedAt: stamp(now)}
	fresh.ConfirmedAt, fresh.ExpiresAt, fresh.Asked = stamp(now), until.Unix(), nil
	values := record.Values{"ref": fresh.Ref, "policy": fresh.Policy, "form": fresh.FormVersion, "lang": fresh.Language, "channel": fresh.Channel,
		"opened": fresh.OpenedAt, "now": fresh.SubmittedAt, "expires": fresh.ExpiresAt, "ending": ending(fresh)}
	update := marked("SET #ref = :ref, policy_version = :policy, form_version = :form, lang = :lang, channel = :channel, opened_at = :opened, "+
		"submitted_at = :now, confirmed_at = :now, expires_at = :expires, ending = :ending REMOVE asked, evidence", values, Confirmed, now, s.Person)
	tx.Update(actSubscriber, l.Table, Key(s.Person), update, values, unchanged(s))
	l.settle(tx, s)
	l.keepConsent(tx, actConsent, fresh, l.Periods.Expiry("consent", until).Unix(), "")
	return until
}

// settle adds to a transaction that a subscription will not lapse as it was going to: the person has stayed, or has left otherwise.
// Whoever changes a subscriber who may have been asked calls it, so that nobody is counted twice.
func (l *List) settle(tx *record.Transaction, s Subscriber) {
	if s.State == Confirmed && s.Asked != nil {
		tx.Delete(actLapse, l.Table, lapseKey(s.Asked.Ends, s.Person), record.Condition{Expression: "attribute_exists(pk)"})
	}
}

// resume adds to a transaction that a subscriber who had been asked is back as before: the subscription lapses if no answer comes.
func (l *List) resume(tx *record.Transaction, s *Subscriber) {
	if s.Asked != nil {
		asked := *s.Asked
		asked.Ends = s.ExpiresAt
		s.Asked = &asked
		l.putLapse(tx, *s)
	}
}
