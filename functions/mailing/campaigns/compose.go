package main

import (
	"context"
	"fmt"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/event"
)

// around is what all campaigns have around what they say.
func (e *editor) around() bulletin.Settings {
	return bulletin.Settings{Organization: e.mail.Organization, Images: e.images}
}

// print makes the editions that the senders send of the campaign, from the contents and the event that were checked right before: what
// was found good is what is sent. about is nil for kinds that are about no event.
func (e *editor) print(ctx context.Context, c *campaign.Campaign, contents []campaign.Content, about *event.Event) error {
	editions, err := bulletin.Editions(e.around(), c, contents, about)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return e.store.Print(ctx, *c, editions)
}

// judgeBulletin holds what was written to what can be sent: what stops is wrong, the rest are warnings.
func (e *editor) judgeBulletin(j *judged) {
	for _, content := range j.contents {
		l := content.Language
		for _, f := range bulletin.Check(bulletin.About(e.around(), &j.campaign, content, j.event)) {
			field := f.Field
			switch field {
			case "subject", "body_markdown", "preheader", "text":
				field = "content." + string(l) + "." + field
			case "correction":
				field = "follows.correction"
			}
			if j.wrong.has(field) {
				continue // it was told already
			}
			found := problem{field, f.Code, f.Message}
			if f.Stops {
				j.wrong = append(j.wrong, found)
			} else {
				j.warnings = append(j.warnings, found)
			}
		}
	}
}
