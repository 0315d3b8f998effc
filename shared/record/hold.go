package record

import (
	"errors"
	"regexp"
	"time"
)

// Hold keeps what is stored of a person beyond its ordinary expiry, because it is needed for a privacy case or to clear up an incident
// (design, "Data"). It keeps, and allows no use: nobody is mailed, counted or exported by virtue of it (R57, R77).
type Hold struct {
	Until     int64      `dynamodbav:"until"`     // Unix seconds
	Reason    HoldReason `dynamodbav:"reason"`    //
	Reference string     `dynamodbav:"reference"` // of the case or the incident: a number, no name
	Since     string     `dynamodbav:"since"`     // RFC 3339
}

// HoldReason is why something is held.
type HoldReason string

// The reasons.
const (
	PrivacyCase HoldReason = "privacy_case"
	Incident    HoldReason = "incident"
)

// HoldReasons are all of them.
func HoldReasons() []HoldReason { return []HoldReason{PrivacyCase, Incident} }

// MaxHold is how far ahead a hold may reach. Who needs it longer sets it again, and the ledger says so each time.
const MaxHold = 366 * 24 * time.Hour

// What is wrong with a hold.
var (
	ErrHoldUntil     = errors.New("a hold ends after today and within a year")
	ErrHoldReason    = errors.New("a hold is for a privacy case or an incident")
	ErrHoldReference = errors.New("a reference is letters, digits and hyphens, at least one digit, at most 40")
)

// reference has a digit: a number of a case, and not the name of the person whom it is about.
var reference = regexp.MustCompile(`^[A-Za-z0-9-]{0,39}[0-9][A-Za-z0-9-]{0,39}$`)

// Check tells what is wrong with a hold that is to be set: ErrHoldUntil, ErrHoldReason or ErrHoldReference.
func (h Hold) Check(now time.Time) error {
	switch until := time.Unix(h.Until, 0); {
	case h.Reason != PrivacyCase && h.Reason != Incident:
		return ErrHoldReason
	case len(h.Reference) > 40 || !reference.MatchString(h.Reference):
		return ErrHoldReference
	case !until.After(now), until.After(now.Add(MaxHold)):
		return ErrHoldUntil
	}
	return nil
}
