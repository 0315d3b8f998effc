package questionnaire

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Invitation allows one answer. Its key is a keyed hash of the registration, so that nobody is invited twice, however often
// the clock strikes; the answer never learns it.
type Invitation struct {
	ID        string `dynamodbav:"pk"`
	Event     string `dynamodbav:"event"`
	Person    string `dynamodbav:"person"`        // keyed hash of the address, key of the index "person"
	Ref       string `dynamodbav:"ref,omitempty"` // of the registration, where the questionnaire is named
	By        string `dynamodbav:"by,omitempty"`  // ByClock or ByCampaign: who has told the registrant
	Spent     bool   `dynamodbav:"spent,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// Who invites: the clock (functions/mailing/invitations), or staff by a campaign. An invitation from before this was kept says nothing, and
// counts as the clock's.
const (
	ByClock    = "clock"
	ByCampaign = "campaign"
)

// names of the actions of transactions.
const (
	ActInvitation = "invitation"
	actAnswer     = "answer"
	actCounts     = "counts"
)

// Invite adds to a transaction that a registrant may answer once. Its condition fails, under the name ActInvitation, where
// the registrant was invited before. by is ByClock or ByCampaign. It returns the link's path and query.
func (s Store) Invite(tx *record.Transaction, q Questionnaire, ref, person, by string, now time.Time) (path string) {
	i := Invitation{ID: s.IDOf(q.Event, ref), Event: q.Event, Person: person, By: by, ExpiresAt: q.Expires.Unix()}
	if !q.Anonymous {
		i.Ref = ref
	}
	tx.Put(ActInvitation, s.Invitations, i, record.Condition{Expression: "attribute_not_exists(pk)"})
	return s.Link(q.Event, i.ID, now)
}

// Link is the path and query of an invitation's link. It names the invitation, not the person.
func (s Store) Link(event, invitation string, now time.Time) string {
	return s.Links.Path("/questionnaires/"+event, link.Token{Service: string(policy.Questionnaire), Purpose: link.Answer, Ref: invitation, Issued: now})
}

// IDOf is the number of the invitation of a registration.
func (s Store) IDOf(event, ref string) string {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte("invitation\x00" + event + "\x00" + ref))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Find reads the invitation of a link; false where there is none any more. The error is record.ErrUnavailable.
func (s Store) Find(ctx context.Context, id string, now time.Time) (Invitation, bool, error) {
	var i Invitation
	found, err := record.Get(ctx, s.Client, s.Invitations, record.Key(id, ""), now, &i)
	return i, found, err
}

// spend adds the spending of an invitation to the transaction that stores its answer. Who had invited does not matter any more: the less
// is known of somebody who has answered, the better.
func (s Store) spend(tx *record.Transaction, event, id string, now time.Time) {
	tx.Update(ActInvitation, s.Invitations, record.Key(id, ""), "SET spent = :spent REMOVE #by", record.Values{"spent": true},
		record.Condition{Expression: "#event = :event AND expires_at > :now AND attribute_not_exists(spent)",
			Values: record.Values{"event": event, "now": now.Unix()}, Names: []string{"event", "by"}})
}
