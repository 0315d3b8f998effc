// Package envelope makes a campaign's mail a call of SES: the headers, tags and sender around what campaign/edition says. The sender,
// test sends and previews all use it, so that a test shows what will be sent.
package envelope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/mail/message"
	"madoguchi/shared/policy"
	"madoguchi/shared/ses"
)

// Settings are what the mail of all campaigns has in common.
type Settings struct {
	ConfigurationSet string `env:"LIST_CONFIGURATION_SET"`
	Sender           string `env:"SENDER_ADDRESS"`
	Organization     policy.Organization
}

// RefHeader carries the recipient's reference beside the tag of the same meaning: SES's events show either.
const RefHeader = "X-Madoguchi-Ref"

// Entry is one recipient of a call.
type Entry struct {
	Ref string
	campaign.Addressee
}

// Letter is what a campaign says in one language, ready to be sent.
type Letter struct {
	Edition  *edition.Edition
	settings Settings
	template *types.Template
	from     string
	replyTo  string
	kind     string
	org      policy.Organization
}

// New puts an edition of a campaign into its envelope. files are its attachments.
func New(s Settings, c *campaign.Campaign, e *edition.Edition, files []types.Attachment) (*Letter, error) {
	org := s.Organization
	from, err := message.Mailbox(org.ShortName.In(e.Language), s.Sender)
	if err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	l := &Letter{Edition: e, settings: s, from: from, replyTo: c.ReplyTo, kind: string(c.Kind), org: org}
	if l.replyTo == "" {
		l.replyTo = org.PrivacyContact
	}
	_, domain, _ := strings.Cut(s.Sender, "@")
	service := campaign.Service(c.Kind)
	l.template = &types.Template{
		TemplateContent: &types.EmailTemplateContent{Subject: &e.Subject, Html: &e.HTML, Text: &e.Text}, Attachments: files, TemplateData: aws.String("{}"),
		Headers: []types.MessageHeader{header("List-Id", "<"+string(service.Code)+"."+domain+">")},
	}
	return l, nil
}

func header(name, value string) types.MessageHeader {
	return types.MessageHeader{Name: &name, Value: &value}
}

// headers of one recipient.
func (l *Letter) headers(e Entry, r edition.Recipient) ([]types.MessageHeader, error) {
	list, err := l.Edition.Headers(r)
	all := []types.MessageHeader{header(RefHeader, e.Ref)}
	for _, h := range list {
		all = append(all, header(h.Name, h.Value))
	}
	return all, err
}

func tag(name, value string) types.MessageTag { return types.MessageTag{Name: &name, Value: &value} }

// Recipient is a recipient as the edition fills it in: links become whole addresses.
func (l *Letter) Recipient(a campaign.Addressee) edition.Recipient {
	whole := func(path string) string {
		if path == "" {
			return ""
		}
		return l.org.PublicURL + path
	}
	return edition.Recipient{Values: a.Values, Unsubscribe: whole(a.Unsubscribe), Preferences: whole(a.Preferences), Link: whole(a.Link)}
}

// Result is what SES said of one recipient.
type Result struct {
	Err       error // of the call
	Connected bool  // where Err is set: whether the call had a connection
	Status    types.BulkEmailStatus
	MessageID string
}

// Call is one call of SES, or one for each recipient, ready to be made once.
type Call interface {
	// Do makes the call and hands over what SES said of each recipient, by its place. It calls take once for each.
	Do(ctx context.Context, client *ses.Client, take func(i int, r Result))
}

// Prepare makes the call for some recipients. singly makes it as many calls of SendEmail, for accounts whose SendBulkEmail is held to
// fewer calls than their rate (design: "Should AWS cap SendBulkEmail per call").
func (l *Letter) Prepare(entries []Entry, singly bool) (Call, error) {
	all := make([]types.BulkEmailEntry, len(entries))
	for i, e := range entries {
		r := l.Recipient(e.Addressee)
		data, dataErr := l.Edition.Data(r)
		headers, err := l.headers(e, r)
		if err := errors.Join(dataErr, err); err != nil {
			return nil, fmt.Errorf("fill in the mail of %s: %w", e.Ref, err)
		}
		all[i] = types.BulkEmailEntry{
			Destination:             &types.Destination{ToAddresses: []string{e.To}},
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{ReplacementTemplateData: &data}},
			ReplacementHeaders:      headers, ReplacementTags: []types.MessageTag{tag("ref", e.Ref)},
		}
	}
	if singly {
		return l.single(all), nil
	}
	return bulk{&sesv2.SendBulkEmailInput{
		FromEmailAddress: &l.from, ReplyToAddresses: []string{l.replyTo}, ConfigurationSetName: &l.settings.ConfigurationSet,
		DefaultContent: &types.BulkEmailContent{Template: l.template}, DefaultEmailTags: []types.MessageTag{tag("kind", l.kind)},
		BulkEmailEntries: all,
	}}, nil
}

type bulk struct{ in *sesv2.SendBulkEmailInput }

// Do implements Call.
func (b bulk) Do(ctx context.Context, client *ses.Client, take func(int, Result)) {
	ctx, connected := ses.Watch(ctx)
	out, err := client.SendBulkEmail(ctx, b.in)
	if err == nil && len(out.BulkEmailEntryResults) != len(b.in.BulkEmailEntries) {
		err = errAnswer // which of them SES has cannot be told
	}
	for i := range b.in.BulkEmailEntries {
		if err != nil {
			take(i, Result{Err: err, Connected: connected()})
			continue
		}
		r := out.BulkEmailEntryResults[i]
		take(i, Result{Status: r.Status, MessageID: aws.ToString(r.MessageId)})
	}
}

var errAnswer = errors.New("an answer of SES with another number of recipients")

func (l *Letter) single(entries []types.BulkEmailEntry) Call {
	all := make(singly, len(entries))
	for i, e := range entries {
		template := *l.template
		template.TemplateData = e.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData
		template.Headers = append(slices.Clone(e.ReplacementHeaders), l.template.Headers...)
		all[i] = &sesv2.SendEmailInput{
			FromEmailAddress: &l.from, ReplyToAddresses: []string{l.replyTo}, ConfigurationSetName: &l.settings.ConfigurationSet,
			Destination: e.Destination, Content: &types.EmailContent{Template: &template},
			EmailTags: append([]types.MessageTag{tag("kind", l.kind)}, e.ReplacementTags...),
		}
	}
	return all
}

type singly []*sesv2.SendEmailInput

// Do implements Call.
func (s singly) Do(ctx context.Context, client *ses.Client, take func(int, Result)) {
	var group sync.WaitGroup
	results := make([]Result, len(s))
	for i, in := range s {
		group.Go(func() {
			ctx, connected := ses.Watch(ctx)
			out, err := client.SendEmail(ctx, in)
			if err != nil {
				results[i] = Result{Err: err, Connected: connected()}
				return
			}
			results[i] = Result{Status: types.BulkEmailStatusSuccess, MessageID: aws.ToString(out.MessageId)}
		})
	}
	group.Wait()
	for i, r := range results {
		take(i, r)
	}
}
