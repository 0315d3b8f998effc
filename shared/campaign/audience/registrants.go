package audience

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/registration"
)

// registrants are those who registered for one event, and no other (R28).
type registrants struct {
	Sources
	service *policy.Service
	event   *event.Event
	kind    policy.MailKind
	segment campaign.Segment
	langs   []policy.Language
}

// registrant is what a campaign needs of a registration (shared/registration); more is not read.
type registrant struct {
	Event    string             `dynamodbav:"pk"`
	Ref      string             `dynamodbav:"sk"`
	State    registration.State `dynamodbav:"state"`
	Person   string             `dynamodbav:"person"`
	Email    string             `dynamodbav:"email"`
	Fields   map[string]string  `dynamodbav:"fields"`
	Language policy.Language    `dynamodbav:"lang"`
	Mode     string             `dynamodbav:"mode"`
	Expires  int64              `dynamodbav:"expires_at"`
}

const registrantProjection = "pk, sk, #state, person, email, #fields, lang, #mode, expires_at"

var registrantNames = map[string]string{"#state": "state", "#fields": "fields", "#mode": "mode"}

// Page implements campaign.Audience.
func (g *registrants) Page(ctx context.Context, l policy.Language, cursor string) ([]campaign.Candidate, string, error) {
	var from record.Item
	if cursor != "" {
		from = record.Key(g.event.ID, cursor)
	}
	page, next, err := record.Query[registrant](ctx, g.Client, &dynamodb.QueryInput{TableName: &g.Registrations, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :event"), ExpressionAttributeValues: record.Item{":event": &types.AttributeValueMemberS{Value: g.event.ID}},
		ProjectionExpression: aws.String(registrantProjection), ExpressionAttributeNames: registrantNames}, g.Now(), from)
	if err != nil {
		return nil, "", fmt.Errorf("read registrations: %w", err)
	}
	var candidates []campaign.Candidate
	for _, r := range page {
		if g.language(r) == l && g.matches(r) {
			candidates = append(candidates, campaign.Candidate{Key: r.Ref, Left: g.left(r)})
		}
	}
	if err := g.answered(ctx, candidates); err != nil {
		return nil, "", err
	}
	return candidates, record.Text(next, "sk"), nil
}

// language is the pass in which a registration has its turn: its own language, or the first where the campaign does not speak it.
func (g *registrants) language(r registrant) policy.Language {
	if slices.Contains(g.langs, r.Language) {
		return r.Language
	}
	return g.langs[0]
}

// matches tells whether a registration is part of the segment.
func (g *registrants) matches(r registrant) bool {
	within := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	return within(g.segment.Attendance, r.Mode) && within(g.segment.Status, string(r.State)) && within(g.segment.Language, string(r.Language))
}

// left says why a registrant is not written to. Without a segment by status a campaign goes to those who have a seat; nobody who
// cancelled is written to unless staff asked for them, and then about this event only.
func (g *registrants) left(r registrant) string {
	occasion := policy.Occasion{Now: g.Now(), RecordEvent: r.Event, MailEvent: g.event.ID, EventEnds: g.event.EndsAt}
	switch {
	case g.service.MayMailOn(g.kind, occasion) != nil:
		return campaign.LeftGone
	case !slices.Contains(g.langs, r.Language):
		return campaign.LeftNoLanguage
	case g.kind == policy.QuestionnaireInvite && r.State != registration.Registered:
		return campaign.LeftCancelled
	case len(g.segment.Status) > 0 || r.State == registration.Registered:
		return ""
	case r.State == registration.Waiting || r.State == registration.Offered:
		return campaign.LeftWaiting
	}
	return campaign.LeftCancelled
}

// answered leaves out those who have answered the questionnaire already, or were invited to it by the clock: a person is invited once,
// and whoever comes first wins. Whom a campaign has invited, this one or an earlier one, may be reminded by staff's own decision.
func (g *registrants) answered(ctx context.Context, candidates []campaign.Candidate) error {
	if g.kind != policy.QuestionnaireInvite {
		return nil
	}
	for some := range slices.Chunk(candidates, 100) {
		keys, at := make([]record.Item, len(some)), map[string]int{}
		for i, c := range some {
			id := g.Invitations.IDOf(g.event.ID, c.Key)
			keys[i], at[id] = record.Key(id, ""), i
		}
		err := record.GetAll(ctx, g.Client, map[string]record.Batch{g.Invitations.Invitations: {Keys: keys}}, g.Now(), func(_ string, item record.Item) error {
			var invitation questionnaire.Invitation
			if err := attributevalue.UnmarshalMap(item, &invitation); err != nil {
				return fmt.Errorf("decode invitation: %w", err)
			}
			switch c := &some[at[invitation.ID]]; {
			case invitation.Spent:
				c.Left = campaign.LeftAnswered
			case invitation.By != questionnaire.ByCampaign && c.Left == "":
				c.Left = campaign.LeftInvited
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fetch reads the registrations of some keys.
func (g *registrants) fetch(ctx context.Context, keys []string) ([]registrant, error) {
	batch := record.Batch{Keys: make([]record.Item, len(keys)), Projection: registrantProjection, Names: []string{"state", "fields", "mode"}}
	for i, key := range keys {
		batch.Keys[i] = record.Key(g.event.ID, key)
	}
	found := make([]registrant, 0, len(keys))
	err := record.GetAll(ctx, g.Client, map[string]record.Batch{g.Registrations: batch}, g.Now(), func(_ string, item record.Item) error {
		var r registrant
		if err := attributevalue.UnmarshalMap(item, &r); err != nil {
			return fmt.Errorf("decode registration: %w", err)
		}
		found = append(found, r)
		return nil
	})
	return found, err
}

// Read implements campaign.Audience.
func (g *registrants) Read(ctx context.Context, keys []string) (map[string]campaign.Addressee, error) {
	found, err := g.fetch(ctx, keys)
	if err != nil {
		return nil, err
	}
	candidates := make([]campaign.Candidate, len(found))
	for i, r := range found {
		candidates[i] = campaign.Candidate{Key: r.Ref, Left: g.left(r)}
	}
	if err := g.answered(ctx, candidates); err != nil {
		return nil, err
	}
	all := make(map[string]campaign.Addressee, len(found))
	for i, r := range found {
		if all[r.Ref], err = g.addressee(ctx, r, candidates[i].Left); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (g *registrants) addressee(ctx context.Context, r registrant, left string) (campaign.Addressee, error) {
	if left != "" {
		return campaign.Addressee{Left: left}, nil
	}
	to, err := address.Parse(r.Email)
	if err != nil {
		return campaign.Addressee{Left: campaign.LeftBounced}, nil //nolint:nilerr // no mail could reach the record
	}
	a := campaign.Addressee{To: to.ASCII(), Values: r.Fields}
	if g.kind != policy.QuestionnaireInvite {
		book := registration.Book{Links: g.Links, Now: g.Now}
		a.Link = book.Page(registration.Registration{Event: r.Event, Ref: r.Ref, Person: r.Person})
		return a, nil
	}
	a.Link, left, err = g.invite(ctx, r)
	if left != "" {
		return campaign.Addressee{Left: left}, nil
	}
	return a, err
}

// invite makes sure that the registrant may answer, and returns the link. Whoever invites first has invited: where the clock came
// first in this very moment, it says so.
func (g *registrants) invite(ctx context.Context, r registrant) (path, left string, err error) {
	q, asks := questionnaire.Of(g.event, g.Periods)
	if !asks {
		return "", "", fmt.Errorf("%w: the event has no questionnaire", ErrGate)
	}
	var tx record.Transaction
	path = g.Invitations.Invite(&tx, q, r.Ref, r.Person, questionnaire.ByCampaign, g.Now())
	if g.Preview {
		return path, "", nil
	}
	err = tx.Commit(ctx, g.Client)
	if err == nil {
		return path, "", nil
	}
	if err := record.Unless(err, questionnaire.ActInvitation); err != nil {
		return "", "", err
	}
	there, found, err := g.Invitations.Find(ctx, g.Invitations.IDOf(q.Event, r.Ref), g.Now())
	if err == nil && found && there.By != questionnaire.ByCampaign {
		left = campaign.LeftInvited
	}
	return path, left, err
}
