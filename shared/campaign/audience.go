package campaign

import (
	"context"

	"madoguchi/shared/policy"
)

// Audience is where the recipients of a kind of campaign come from. Its implementations are in campaign/audience; each reads the
// records of one service only.
type Audience interface {
	// Page returns the next candidates of a language after a cursor ("" for the first), in the order of their keys, and the
	// cursor to go on from ("" after the last). All who match the segment are there, also those who must not be written to:
	// they say why. The errors are record.ErrUnavailable.
	Page(ctx context.Context, l policy.Language, cursor string) ([]Candidate, string, error)

	// Read returns the recipients of some keys as they are now. Who must not be written to any more says why; a key without a
	// record is not in the answer.
	Read(ctx context.Context, keys []string) (map[string]Addressee, error)
}

// Candidate is a record that a campaign may go to.
type Candidate struct {
	Key  string // of the record: a keyed hash, a reference number
	Left string // why it is left out: a code of Left...; "" where it is not
}

// Addressee is a recipient as the mail needs it, read right before the call. It is never stored or logged.
type Addressee struct {
	Left        string            // why the person must not be written to any more; then nothing else is set
	To          string            // ASCII addr-spec
	Values      map[string]string // merge fields
	Unsubscribe string            // path and query of the RFC 8058 link; "" where the kind has none
	Preferences string            // path and query; "" where there are none
	Link        string            // path and query of what the mail leads to (own registration, questionnaire)
}

// Why a record is left out of an audience or excluded from a call.
const (
	LeftUnconfirmed  = "unconfirmed"
	LeftPending      = "pending_approval"
	LeftUnsubscribed = "unsubscribed"
	LeftBounced      = "bounced"
	LeftComplained   = "complained"
	LeftSuppressed   = "suppressed" // for another reason
	LeftStopUse      = "stop_use"   // a privacy case (R77)
	LeftExpired      = "expired"
	LeftCancelled    = "cancelled"   // the registration
	LeftWaiting      = "waiting"     // on the waiting list, without a seat yet
	LeftGone         = "gone"        // the record was erased, moved or has expired
	LeftNoLanguage   = "no_language" // the campaign does not speak the person's language
	LeftAnswered     = "answered"    // the questionnaire is answered already
	LeftInvited      = "invited"     // to the questionnaire already, by the clock: once is enough
)
