package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// fate is what became of one person in a campaign.
type fate struct {
	Found    bool           `json:"found"`
	Outcome  campaign.Class `json:"outcome,omitempty"`
	Reason   string         `json:"reason,omitempty"`   // of one that failed or was excluded
	Language string         `json:"language,omitempty"` //
	Reported []reported     `json:"reported,omitempty"` // by SES

	// Of one who was not found.
	Because string `json:"because,omitempty"` // why nothing is known: not_frozen, not_kept, left_out
	Today   string `json:"today,omitempty"`   // what the checks say today: reached, no_record, segment, or why the person would be left out
	LeftNow string `json:"left_now,omitempty"`
}

// Why a person is not found in a campaign.
const (
	notFrozen = "not_frozen" // its recipients are not fixed yet
	notKept   = "not_kept"   // the period is over for which it is kept who was sent what
	leftOut   = "left_out"   // of those who were left out only the numbers are kept, by reason
)

type reported struct {
	What string `json:"what"`
	At   string `json:"at"`
}

// recipientPage asks whom to look for. The address is typed into a form that is posted: it never stands in an address (R45).
func (e *editor) recipientPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return e.tellRecipient(w, r, http.StatusOK, c, nil, nil)
}

type recipientView struct {
	view
	C       *campaign.Campaign
	OfEvent bool
	Fates   []fate
	Asked   bool
}

func (e *editor) tellRecipient(w http.ResponseWriter, r *http.Request, status int, c *campaign.Campaign, found []fate, wrong problems) error {
	v := recipientView{e.view(r), c, campaign.Service(c.Kind).EventBound, found, r.Method == http.MethodPost && len(wrong) == 0}
	v.Wrong = wrong
	return e.write(w, r, status, policy.Text{JA: "この方に届いたか調べる", EN: "Did this person get it?"}, "recipient", v)
}

// recipient tells what became of a person, by the address or, for an event, by the reference of the registration.
func (e *editor) recipient(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx := r.Context()
	p, err := read(r)
	if err != nil {
		return err
	}
	var asked asking
	var wrong problems
	if p.json != nil {
		wrong, err = decode(p.json, &asked)
	} else {
		asked.Who = p.form.Get("who")
	}
	if err != nil {
		return err
	}
	var keys []string
	if len(wrong) == 0 {
		if keys, wrong, err = e.keysOf(ctx, c, asked.Who); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		if p.json != nil {
			return wrong.invalid(language(r))
		}
		return e.tellRecipient(w, r, http.StatusUnprocessableEntity, c, nil, wrong)
	}
	if err := e.staff.Audit(ctx, "campaign.recipient", object(c)); err != nil {
		return err
	}
	found := []fate{}
	for _, key := range keys {
		f, err := e.fate(ctx, c, key)
		if err != nil {
			return err
		}
		found = append(found, f)
	}
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", fates{found})
	}
	return e.tellRecipient(w, r, http.StatusOK, c, found, nil)
}

// keysOf are the records that a person may be in an audience by: one on a list; of an event all registrations of the address, as a
// secretary may have registered several people.
func (e *editor) keysOf(ctx context.Context, c *campaign.Campaign, who string) ([]string, problems, error) {
	var wrong problems
	who = strings.TrimSpace(who)
	ofEvent := campaign.Service(c.Kind).EventBound
	if ofEvent && who != "" && !strings.Contains(who, "@") {
		return []string{strings.ToUpper(who)}, nil, nil
	}
	to, err := address.Parse(who)
	if err != nil {
		wrong.add("who", "email", "メールアドレスの形をご確認ください。", "Please check the mail address.")
		return nil, wrong, nil //nolint:nilerr // the problem says so
	}
	person := to.Key(e.addressKey)
	if !ofEvent {
		return []string{person}, nil, nil
	}
	rows, _, err := record.Query[struct {
		Event string `dynamodbav:"pk"`
		Ref   string `dynamodbav:"sk"`
	}](ctx, e.store.Client, &dynamodb.QueryInput{TableName: &e.sources.Registrations, IndexName: aws.String("person"), KeyConditionExpression: aws.String("person = :person"),
		ExpressionAttributeValues: record.Item{":person": &types.AttributeValueMemberS{Value: person}}}, e.now(), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("find registrations: %w", err)
	}
	var keys []string
	for _, row := range rows {
		if row.Event == c.Event {
			keys = append(keys, row.Ref)
		}
	}
	return keys, nil, nil
}

func (e *editor) fate(ctx context.Context, c *campaign.Campaign, key string) (fate, error) {
	who, found, err := e.store.Find(ctx, c.ID, key)
	if err != nil {
		return fate{}, err
	}
	if !found {
		return e.notFound(ctx, c, key)
	}
	f := fate{Found: true, Outcome: who.Outcome.Class(), Language: string(who.Language)}
	if f.Outcome == campaign.ClassFailed || f.Outcome == campaign.ClassExcluded {
		f.Reason = who.Outcome.Detail()
	}
	for _, one := range []struct {
		what string
		at   int64
	}{{"sent", who.Report.Sent}, {"rejected", who.Report.Rejected}, {"rendering_failure", who.Report.Rendering}, {"delayed", who.Report.Delayed},
		{"bounced", who.Report.Bounced}, {"bounced_for_now", who.Report.Soft}, {"suppressed", who.Report.Suppressed}, {"complained", who.Report.Complained}} {
		if one.at != 0 {
			f.Reported = append(f.Reported, reported{one.what, stamp(one.at)})
		}
	}
	return f, nil
}

// notFound says why a person is not in a campaign, as far as it is known: who was left out when it was frozen is counted by reason and not
// kept by person. What can be told is what the same checks say today.
func (e *editor) notFound(ctx context.Context, c *campaign.Campaign, key string) (fate, error) {
	f := fate{Because: leftOut}
	switch frozen := c.Frozen > 0 || len(c.Left) > 0; {
	case !frozen && !c.State.Over():
		f.Because = notFrozen
	case c.StartedAt != 0 && timeOf(c.StartedAt).Add(e.store.Keep).Before(e.now()):
		f.Because = notKept
		return f, nil
	}
	today, err := audience.Today(ctx, e.sources, c, key)
	switch {
	case errors.Is(err, audience.ErrGate), errors.Is(err, campaign.ErrNotFound), errors.Is(err, event.ErrNotFound):
		return f, nil
	case err != nil:
		return f, fmt.Errorf("look whether the person would be reached: %w", err)
	}
	f.Today = today
	switch today {
	case audience.TodayReached:
		f.Today = "reached"
	case audience.NoRecord, audience.OutOfSegment:
	default:
		f.LeftNow = today
	}
	return f, nil
}
