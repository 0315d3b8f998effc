package main

import (
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/envelope"
)

// judgeBulletin holds what was written to what can be sent: what stops is wrong, the rest are warnings.
func (e *editor) judgeBulletin(j *judged) {
	for _, content := range j.contents {
		l := content.Language
		written := bulletin.Content{Subject: content.Subject, BodyMarkdown: content.Body, Preheader: content.Preheader, Text: content.Text}
		for _, f := range bulletin.Check(written, envelope.Frame(e.mail, &j.campaign, l, j.event)) {
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
