// Package audience is where the recipients of campaigns come from: the newsletter and the press list, the registrations for an
// event, and the recipients of an earlier campaign. Each kind of campaign reaches the records of the one service that the policy
// names for it, and of no other (R7, R19, R22-R23, R28-R29, R36).
package audience

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
)

// Sources are the tables that audiences are read from. A function that serves some kinds only may leave the others' empty.
type Sources struct {
	Client        *dynamodb.Client
	Newsletter    string
	Press         string
	Registrations string
	Suppression   string
	Events        *event.Store
	Invitations   *questionnaire.Store
	Campaigns     *campaign.Store
	Links         link.Signer
	Periods       policy.Periods // of the questionnaires, for invitations to them
	Now           func() time.Time
	Fields        []string // merge fields that are needed; nil: all. What nobody needs is not read, which is half of what a list holds
	Preview       bool     // nothing is sent: nobody is made able to answer a questionnaire
}

// Settings are the settings of a function that reaches all audiences.
type Settings struct {
	Campaigns     string        `env:"CAMPAIGNS_TABLE"`
	Newsletter    string        `env:"NEWSLETTER_TABLE"`
	Press         string        `env:"PRESS_TABLE"`
	Events        string        `env:"EVENTS_TABLE"`
	Registrations string        `env:"REGISTRATIONS_TABLE"`
	Invitations   string        `env:"INVITATIONS_TABLE"`
	Suppression   string        `env:"SUPPRESSION_TABLE"`
	AddressKey    config.Key    `env:"ADDRESS_KEY"`
	LinkKeys      config.Keys   `env:"LINK_KEYS"`
	Keep          time.Duration `env:"CAMPAIGN_RECIPIENT_DAYS" min:"7" max:"1095"`
}

// Sources opens the tables of the settings; periods are the questionnaires'.
func (s Settings) Sources(client *dynamodb.Client, periods policy.Periods, now func() time.Time) Sources {
	links := link.NewSigner(s.LinkKeys)
	return Sources{Client: client, Newsletter: s.Newsletter, Press: s.Press, Registrations: s.Registrations, Suppression: s.Suppression,
		Events:      &event.Store{Client: client, Table: s.Events, Now: now},
		Invitations: &questionnaire.Store{Client: client, Invitations: s.Invitations, Key: s.AddressKey, Links: links},
		Campaigns:   &campaign.Store{Client: client, Table: s.Campaigns, Now: now, Keep: s.Keep}, Links: links, Periods: periods, Now: now}
}

// ErrGate is wrapped where the policy does not let a campaign of a kind reach the people that it asks for (hard case 31).
var ErrGate = errors.New("the policy does not allow this audience")

// Check returns nil where a campaign of this kind may have this segment and event, else an error that wraps ErrGate and names the
// part that is not allowed. It reads nothing.
func Check(c *campaign.Campaign) error {
	service := campaign.Service(c.Kind)
	if service == nil {
		return fmt.Errorf("%w: %q is no kind of campaign", ErrGate, c.Kind)
	}
	if service.EventBound != (c.Event != "") {
		if service.EventBound {
			return fmt.Errorf("%w: event: %s is about one event (R28)", ErrGate, c.Kind)
		}
		return fmt.Errorf("%w: event: records of %s belong to no event", ErrGate, service.Code)
	}
	for _, part := range []struct {
		name   string
		values []string
		ok     bool
	}{
		{"prefecture", c.Segment.Prefecture, service.Code == policy.Newsletter},
		{"business_category", c.Segment.BusinessCategory, service.Code == policy.Newsletter},
		{"attendance", c.Segment.Attendance, service.EventBound},
		{"status", c.Segment.Status, service.EventBound},
		{"language", c.Segment.Language, service.EventBound},
		{"people", c.Segment.People, c.Kind == policy.MediaInvitation},
	} {
		if len(part.values) > 0 && !part.ok {
			return fmt.Errorf("%w: segment.%s: not a part of %s", ErrGate, part.name, service.Code)
		}
	}
	return nil
}

// Open returns the audience of a campaign. Errors wrap ErrGate, campaign.ErrNotFound where the earlier campaign is gone, or
// record.ErrUnavailable.
func Open(ctx context.Context, s Sources, c *campaign.Campaign) (campaign.Audience, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	a, err := s.open(ctx, c)
	if err != nil || c.Follows == nil {
		return a, err
	}
	earlier, err := s.Campaigns.Get(ctx, c.Follows.Campaign)
	if err != nil {
		return nil, fmt.Errorf("read the earlier campaign: %w", err)
	}
	if earlier.Kind != c.Kind || earlier.Event != c.Event {
		return nil, fmt.Errorf("%w: follows: the earlier campaign was of kind %s", ErrGate, earlier.Kind)
	}
	return &followers{inner: a, campaigns: s.Campaigns, earlier: earlier.ID, whom: c.Follows.Whom, picked: picked(c.Segment)}, nil
}

func (s Sources) open(ctx context.Context, c *campaign.Campaign) (campaign.Audience, error) {
	switch service := campaign.Service(c.Kind); service.Code {
	case policy.Newsletter:
		return &list{Sources: s, service: service, table: s.Newsletter, segment: c.Segment}, nil
	case policy.Press:
		return &list{Sources: s, service: service, table: s.Press, segment: c.Segment}, nil
	case policy.Events:
		e, err := s.Events.Fresh(ctx, c.Event)
		if err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		if q, asks := questionnaire.Of(e, s.Periods); c.Kind == policy.QuestionnaireInvite && (!asks || s.Now().Before(q.Opens)) {
			return nil, fmt.Errorf("%w: the event has no questionnaire that is open by now (R29)", ErrGate)
		}
		return &registrants{Sources: s, service: service, event: e, kind: c.Kind, segment: c.Segment, langs: c.Langs}, nil
	default:
		return nil, fmt.Errorf("%w: %s has no audience", ErrGate, service.Code)
	}
}

// picked are the hand-picked keys of a segment, in order; nil where everybody is meant.
func picked(s campaign.Segment) []string {
	keys := slices.Clone(s.People)
	slices.Sort(keys)
	return slices.Compact(keys)
}
