package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/event"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
)

const (
	// mostAtOnce is how many mails one strike of the clock adds to the outbox: the confirmations of other forms, which leave by
	// the same way, are not held up behind ten thousand invitations.
	mostAtOnce = 500
	// page is how many registrations are read at a time; the place is kept after each page.
	page = 50
	// pastPage is how many events that have ended are read at a time.
	pastPage = 25
	// reserve is kept at the end of an invocation.
	reserve = 5 * time.Second
)

// inviter writes to the registrants of events that have ended.
type inviter struct {
	client        *dynamodb.Client
	events        *event.Store
	registrations string
	outbox        string
	store         questionnaire.Store
	campaigns     *campaign.Store
	periods       policy.Periods
	now           func() time.Time
}

// registrant is what the invitation needs to know of a registration (shared/registration), and no more is read.
type registrant struct {
	Event     string          `dynamodbav:"pk"`
	Ref       string          `dynamodbav:"sk"`
	State     string          `dynamodbav:"state"`
	Person    string          `dynamodbav:"person"`
	Email     string          `dynamodbav:"email"`
	Language  policy.Language `dynamodbav:"lang"`
	CreatedAt string          `dynamodbav:"created_at"`
	ExpiresAt int64           `dynamodbav:"expires_at"`
}

const registered = "registered"

// held are the events whose registrants staff are about to invite by a campaign: one that is scheduled or under way has the word, and
// the clock invites whom it has left once it is over. Whoever invites a person first has invited (shared/questionnaire).
func (i *inviter) held(ctx context.Context, now time.Time) (map[string]bool, error) {
	ids, err := i.campaigns.Active(ctx, now.AddDate(2, 0, 0)) // none is scheduled more than a year ahead
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, id := range ids {
		c, err := i.campaigns.Get(ctx, id)
		if errors.Is(err, campaign.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read campaign: %w", err)
		}
		if c.Kind == policy.QuestionnaireInvite && !c.State.Over() {
			held[c.Event] = true
		}
	}
	return held, nil
}

// strike does what is due now, the events that ended last first. One event's trouble does not keep the others from theirs.
func (i *inviter) strike(ctx context.Context) error {
	now, left := i.now(), mostAtOnce
	var troubles []error
	held, err := i.held(ctx, now)
	if err != nil {
		return err
	}
	for cursor := record.Item(nil); ; {
		past, err := i.events.Past(ctx, now, pastPage, cursor)
		if err != nil {
			return errors.Join(append(troubles, err)...)
		}
		for _, e := range past.Events {
			if !now.Before(i.periods.Expiry("answered", e.EndsAt)) || left <= 0 || !i.timeLeft(ctx) {
				return errors.Join(troubles...) // all that follow ended earlier; what is left over waits for the next strike
			}
			q, asks := questionnaire.Of(e, i.periods)
			if !asks || q.Closed(now) != nil || held[q.Event] {
				continue
			}
			n, err := i.event(ctx, q, left, now)
			left -= n
			if err != nil {
				slog.WarnContext(ctx, "invitations left to the next strike", "event", q.Event, "error", err)
				troubles = append(troubles, err)
			}
			if n > 0 {
				slog.InfoContext(ctx, "invitations", "event", q.Event, "invited", n)
			}
		}
		if cursor = past.Next; cursor == nil {
			return errors.Join(troubles...)
		}
	}
}

func (i *inviter) timeLeft(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || deadline.Sub(i.now()) > reserve)
}

// event invites the registrants of one event who have not been, at most so many, and returns how many it has.
func (i *inviter) event(ctx context.Context, q questionnaire.Questionnaire, most int, now time.Time) (invited int, err error) {
	reached, err := i.store.Reached(ctx, q, now)
	if err != nil || reached.Done {
		return 0, err
	}
	for i.timeLeft(ctx) && invited < most {
		some, next, err := i.page(ctx, q, reached.Cursor, min(page, most-invited))
		if err != nil {
			return invited, err
		}
		for _, r := range some {
			if reached.Has(r.CreatedAt) {
				continue
			}
			sent, err := i.invite(ctx, q, r, now)
			if err != nil {
				return invited, err
			}
			if sent {
				invited++
			}
		}
		if reached, err = i.store.Advance(ctx, q, reached, next, now); err != nil || next == "" {
			return invited, err
		}
	}
	return invited, nil
}

// page reads some registrations after one of them, and returns the last that it has seen; "" at the end.
func (i *inviter) page(ctx context.Context, q questionnaire.Questionnaire, after string, most int) ([]registrant, string, error) {
	var cursor record.Item
	if after != "" {
		cursor = record.Key(q.Event, after)
	}
	some, next, err := record.Query[registrant](ctx, i.client, &dynamodb.QueryInput{TableName: &i.registrations, ConsistentRead: aws.Bool(true),
		Limit: aws.Int32(int32(most)), KeyConditionExpression: aws.String("pk = :event"), //nolint:gosec // at most a page
		ExpressionAttributeValues: record.Item{":event": &types.AttributeValueMemberS{Value: q.Event}},
		ProjectionExpression:      aws.String("pk, sk, #state, person, email, lang, created_at, expires_at"),
		ExpressionAttributeNames:  map[string]string{"#state": "state"}}, i.now(), cursor)
	last, _ := next["sk"].(*types.AttributeValueMemberS)
	if err != nil || last == nil {
		return some, "", err
	}
	return some, last.Value, nil
}

// invite promises one person the mail, in one transaction with the invitation and the condition that the person is still
// registered. It reports false where there is nothing to send: not registered, invited before, not allowed now.
func (i *inviter) invite(ctx context.Context, q questionnaire.Questionnaire, r registrant, now time.Time) (bool, error) {
	occasion := policy.Occasion{Now: now, Expires: time.Unix(r.ExpiresAt, 0), RecordEvent: r.Event, MailEvent: q.Event, EventEnds: q.Ends}
	if err := policy.Get(policy.Events).MayMailOn(policy.QuestionnaireInvite, occasion); err != nil || r.State != registered {
		return false, nil //nolint:nilerr // not allowed, or not any more: nothing to send
	}
	to, err := address.Parse(r.Email)
	if err != nil {
		slog.ErrorContext(ctx, "the address of a registration did not parse twice", "registration", r.Ref)
		return false, nil //nolint:nilerr // it holds the address, which is not for the log; the others get their mail
	}
	language := r.Language
	if !slices.Contains(q.Languages, language) {
		language = q.Languages[0]
	}
	manner := "named"
	if q.Anonymous {
		manner = "anonymous"
	}
	var tx record.Transaction
	link := i.store.Invite(&tx, q, r.Ref, r.Person, questionnaire.ByClock, now)
	tx.Check("registration", i.registrations, record.Key(r.Event, r.Ref), record.Condition{Names: []string{"state"},
		Expression: "#state = :registered AND expires_at > :now", Values: record.Values{"registered": registered, "now": now.Unix()}})
	mail.Enqueue(&tx, i.outbox, mail.Mail{Service: policy.Events, Kind: policy.QuestionnaireInvite, Language: language, To: to.ASCII(), Person: r.Person,
		Data: map[string]string{"event": q.Title.In(language), "link": link, "expires": q.Expires.UTC().Format(time.RFC3339), "manner": manner}}, now)
	err = tx.Commit(ctx, i.client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return false, nil
	}
	return err == nil, err
}
