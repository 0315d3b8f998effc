package bulletin

import (
	"fmt"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
)

// Settings are what the mail of all campaigns has around it.
type Settings struct {
	Organization policy.Organization
	Images       []string // origins of the organisation's own pictures
}

// About returns a stored content and what stands around it. e is the campaign's event, nil where it is about none.
func About(s Settings, c *campaign.Campaign, content campaign.Content, e *event.Event) (Content, Frame) {
	f := Frame{Kind: c.Kind, Language: content.Language, Organization: s.Organization, Images: s.Images, Correction: c.Correction}
	if e != nil {
		f.Event = e.Title.In(content.Language)
	}
	if c.EmbargoUntil != 0 {
		f.Embargo = time.Unix(c.EmbargoUntil, 0)
	}
	return Content{Subject: content.Subject, BodyMarkdown: content.Body, Preheader: content.Preheader, Text: content.Text}, f
}

// Editions compiles everything that a campaign says, for the sender and for the archive. The error wraps a *Refused where something
// cannot be sent.
func Editions(s Settings, c *campaign.Campaign, contents []campaign.Content, e *event.Event) ([]edition.Edition, error) {
	all := make([]edition.Edition, 0, len(contents))
	for _, content := range contents {
		written, frame := About(s, c, content, e)
		b, err := Compile(written, frame)
		if err == nil && c.Public() && content.Language == policy.Japanese {
			b.Page, err = Public(written, frame)
		}
		if err != nil {
			return nil, fmt.Errorf("compile campaign %s in %s: %w", c.ID, content.Language, err)
		}
		all = append(all, *b)
	}
	return all, nil
}
