package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/event"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
)

// nobody is the key of a person who does not exist: links of a sample lead to the pages that somebody without a record sees.
var nobody = strings.Repeat("0", 32)

// sample is an invented person as a mail to a kind of audience needs one.
func (e *editor) sample(c *campaign.Campaign, l policy.Language) campaign.Addressee {
	values := map[string]string{}
	for _, f := range bulletin.Fields(c.Kind) {
		value, known := map[string]policy.Text{
			"name": {JA: "見本 花子", EN: "Hanako Sample"}, "organization": {JA: "見本株式会社", EN: "Sample Corporation"}, "title": {JA: "課長", EN: "Manager"},
			"email": {JA: "hanako@example.com"}, "phone": {JA: "03-0000-0000"}, "prefecture": {JA: "東京都", EN: "Tokyo"}, "business_category": {JA: "trade"},
		}[f.Name]
		if known && !f.IsLink {
			values[f.Name] = value.In(l)
		}
	}
	service, links, now := campaign.Service(c.Kind), e.sources.Links, e.now()
	a := campaign.Addressee{Values: values}
	if service.EventBound {
		a.Link = links.Path("/events/"+c.Event+"/registration", link.Token{Service: string(service.Code), Purpose: link.Registration, Person: nobody, Ref: "E000000-SAMPLE", Issued: now})
		if c.Kind == policy.QuestionnaireInvite {
			a.Link = "/questionnaires/" + c.Event
		}
		return a
	}
	a.Unsubscribe = links.Path(service.Path+"/unsubscribe", link.Token{Service: string(service.Code), Purpose: link.Unsubscribe, Person: nobody, Issued: now})
	a.Preferences = links.Path(service.Path+"/preferences", link.Token{Service: string(service.Code), Purpose: link.Preferences, Person: nobody, Issued: now})
	return a
}

// mostSamples is how many real recipients a preview offers.
const mostSamples = 5

// samples are keys of real recipients of a campaign in a language.
func (e *editor) samples(ctx context.Context, c *campaign.Campaign, l policy.Language) (campaign.Audience, []string, error) {
	sources := e.sources
	sources.Preview = true
	a, err := audience.Open(ctx, sources, c)
	if errors.Is(err, audience.ErrGate) || errors.Is(err, campaign.ErrNotFound) || errors.Is(err, event.ErrNotFound) {
		return nil, nil, nil // what is wrong is said elsewhere
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open audience: %w", err)
	}
	page, _, err := a.Page(ctx, l, "")
	if err != nil {
		return nil, nil, fmt.Errorf("find samples: %w", err)
	}
	var keys []string
	for _, candidate := range page {
		if candidate.Left == "" && len(keys) < mostSamples {
			keys = append(keys, candidate.Key)
		}
	}
	return a, keys, nil
}

// about is the event of a campaign, nil where it is about none or the event is gone.
func (e *editor) about(ctx context.Context, c *campaign.Campaign) (*event.Event, error) {
	if c.Event == "" {
		return nil, nil
	}
	found, err := e.events.Get(ctx, c.Event)
	if errors.Is(err, event.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return found, nil
}

// letter compiles a content. What cannot be sent is told as problems.
func (e *editor) letter(ctx context.Context, c *campaign.Campaign, content campaign.Content, files []types.Attachment) (*envelope.Letter, problems, error) {
	about, err := e.about(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	b, err := bulletin.Compile(bulletin.About(e.around(), c, content, about))
	var refused *bulletin.Refused
	if errors.As(err, &refused) {
		var wrong problems
		for _, f := range refused.Findings {
			wrong = append(wrong, problem{"content." + string(content.Language) + "." + f.Field, f.Code, f.Message})
		}
		return nil, wrong, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("compile campaign %s: %w", c.ID, err)
	}
	l, err := envelope.New(e.mail, c, b, files)
	return l, nil, err
}
