package ses

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
)

// Mailbox simulator and suppression: what is delivered, and which events follow.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name      string
		to        string
		set       string // configuration set; "" leaves it out
		listed    string // reason on the suppression list
		delivered int
		events    []string
		subType   string
	}{
		{"ordinary", "taro@example.jp", "transactional", "", 1, []string{"Email Sent", "Email Delivered"}, ""},
		{"without a configuration set", "taro@example.jp", "", "", 1, []string{}, ""},
		{"success", "success@simulator.amazonses.com", "list", "", 1, []string{"Email Sent", "Email Delivered"}, ""},
		{"out of office", "ooto@simulator.amazonses.com", "list", "", 1, []string{"Email Sent", "Email Delivered"}, ""},
		{"bounce", "bounce@simulator.amazonses.com", "list", "", 0, []string{"Email Sent", "Email Bounced"}, "General"},
		{"bounce with a label", "bounce+17@simulator.amazonses.com", "list", "", 0, []string{"Email Sent", "Email Bounced"}, "General"},
		{"complaint with a label", "complaint+x@simulator.amazonses.com", "list", "", 1, []string{"Email Sent", "Email Delivered", "Email Complaint Received"}, ""},
		{"simulated suppression", "suppressionlist@simulator.amazonses.com", "transactional", "", 0, []string{"Email Sent", "Email Bounced"}, "OnAccountSuppressionList"},
		{"the word elsewhere", "bounce@example.jp", "list", "", 1, []string{"Email Sent", "Email Delivered"}, ""},
		{"suppressed", "Taro@example.jp", "list", "BOUNCE", 0, []string{"Email Sent", "Email Bounced"}, "OnAccountSuppressionList"},
		{"suppressed for a reason that the set ignores", "taro@example.jp", "bounces", "COMPLAINT", 1, []string{"Email Sent", "Email Delivered"}, ""},
		{"suppressed, but the set does not suppress", "taro@example.jp", "transactional", "BOUNCE", 1, []string{"Email Sent", "Email Delivered"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{Suppress: map[string][]string{"list": {"BOUNCE", "COMPLAINT"}, "bounces": {"BOUNCE"}, "transactional": nil}})
			if c.listed != "" {
				_, err := w.client.PutSuppressedDestination(t.Context(), &sesv2.PutSuppressedDestinationInput{
					EmailAddress: aws.String("taro@example.jp"), Reason: types.SuppressionListReason(c.listed)})
				if err != nil {
					t.Fatal(err)
				}
			}
			id := w.mustSend(c.to, func(in *sesv2.SendEmailInput) {
				in.ConfigurationSetName = aws.String(c.set)
				in.Content.Simple.Headers = []types.MessageHeader{{Name: aws.String("X-Madoguchi-Ref"), Value: aws.String("R1")}}
			})
			if got := len(w.mails()); got != c.delivered {
				t.Errorf("%d mails, want %d", got, c.delivered)
			}
			events := w.published()
			if d := cmp.Diff(c.events, w.eventTypes()); d != "" {
				t.Fatalf("events (-want +got):\n%s", d)
			}
			for _, e := range events {
				if e.detail.Mail.MessageID != id || !slices.Equal(e.detail.Mail.Destination, []string{c.to}) {
					t.Errorf("%s is about %s to %v", e.detailType, e.detail.Mail.MessageID, e.detail.Mail.Destination)
				}
				if !slices.Contains(e.detail.Mail.Headers, eventHeader{"X-Madoguchi-Ref", "R1"}) {
					t.Errorf("%s lacks the reference header: %v", e.detailType, e.detail.Mail.Headers)
				}
				if got := e.detail.Mail.Tags; !slices.Equal(got["ref"], []string{"r-1_A"}) || !slices.Equal(got["ses:configuration-set"], []string{c.set}) {
					t.Errorf("%s has tags %v", e.detailType, got)
				}
				if e.detail.Mail.CommonHeaders.Subject != "ご登録の確認" {
					t.Errorf("%s has subject %q", e.detailType, e.detail.Mail.CommonHeaders.Subject)
				}
				if b := e.detail.Bounce; b != nil && (b.BounceType != "Permanent" || b.BounceSubType != c.subType || b.BouncedRecipients[0].EmailAddress != c.to) {
					t.Errorf("bounce %+v, want Permanent %s", b, c.subType)
				}
				if e.detail.Complaint != nil && e.detail.Complaint.ComplaintFeedbackType != "abuse" {
					t.Errorf("complaint %+v", e.detail.Complaint)
				}
			}
		})
	}
}

// A simulated bounce does not add to the suppression list, as on AWS.
func TestSimulatorLeavesSuppressionList(t *testing.T) {
	w := newWorld(t, Options{Suppress: map[string][]string{"transactional": {"BOUNCE"}}})
	w.mustSend("bounce@simulator.amazonses.com")
	w.published()
	_, err := w.client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String("bounce@simulator.amazonses.com")})
	if kind(err) != "NotFound" {
		t.Errorf("error %v, want NotFound", err)
	}
}

// What SES cannot render is accepted and only an event tells (requirements.md, facts).
func TestRendering(t *testing.T) {
	for _, c := range []struct {
		name, text, data string
		want             string // text of the mail; "" with says
		says             string
	}{
		{"variable", "{{name}}様", `{"name":"髙﨑"}`, "髙﨑様", ""},
		{"three braces", "{{{name}}}様", `{"name":"髙﨑"}`, "髙﨑様", ""},
		{"no escaping", "{{name}}", `{"name":"<b>&\"'"}`, `<b>&"'`, ""},
		{"values are not templates", "{{name}}", `{"name":"{{other}}"}`, "{{other}}", ""},
		{"numbers and booleans", "{{n}} {{b}}", `{"n":12,"b":true}`, "12 true", ""},
		{"Japanese name, spaces", "{{ 氏名 }}", `{"氏名":"神"}`, "神", ""},
		{"braces neutralised by a backslash", `a \{{b}} c`, `{}`, "a {{b}} c", ""},
		{"a backslash of its own", `C:\\{{d}}`, `{"d":"x"}`, `C:\x`, ""},
		{"more data than needed", "a", `{"b":1}`, "a", ""},
		{"missing", "{{name}}", `{"nam":"x"}`, "", "'name' is not present"},
		{"null is missing", "{{name}}", `{"name":null}`, "", "'name' is not present"},
		{"other case is missing", "{{Name}}", `{"name":"x"}`, "", "'Name' is not present"},
		{"literal braces, not closed", "a {{ b", `{}`, "", "not closed"},
		{"literal braces around a fallback", "{{name|貴社}}", `{"name":"x"}`, "", "not a variable"},
		{"empty braces", "{{}}", `{}`, "", "not a variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			id := w.mustSend("taro@example.jp", func(in *sesv2.SendEmailInput) {
				in.Content = &types.EmailContent{Template: &types.Template{TemplateData: aws.String(c.data),
					TemplateContent: &types.EmailTemplateContent{Subject: aws.String("件名"), Text: aws.String(c.text)}}}
			})
			got, events := w.mails(), w.published()
			if c.says == "" {
				if len(got) != 1 || got[0].Text != c.want {
					t.Errorf("mails %+v, want text %q", got, c.want)
				}
				return
			}
			if len(got) != 0 {
				t.Errorf("%d mails, want none", len(got))
			}
			if len(events) != 1 || events[0].detailType != "Email Rendering Failed" || events[0].detail.EventType != "Rendering Failure" {
				t.Fatalf("events %v, want one rendering failure", w.eventTypes())
			}
			if e := events[0].detail; e.Mail.MessageID != id || !strings.Contains(e.Failure.ErrorMessage, c.says) {
				t.Errorf("event about %s says %q, want %q", e.Mail.MessageID, e.Failure.ErrorMessage, c.says)
			}
		})
	}
}

func TestEventFaults(t *testing.T) {
	for _, c := range []struct {
		name, faults string
		want         []string
	}{
		{"none", `{}`, []string{"Email Sent", "Email Delivered"}},
		{"first dropped", `{"events":{"drop":1}}`, []string{"Email Delivered"}},
		{"first doubled", `{"events":{"duplicate":1}}`, []string{"Email Sent", "Email Delivered", "Email Sent"}},
		{"reordered", `{"events":{"reorder":true}}`, []string{"Email Delivered", "Email Sent"}},
		{"later", `{"events":{"delay_ms":30}}`, []string{"Email Sent", "Email Delivered"}},
		{"all dropped", `{"events":{"drop_percent":100}}`, []string{}},
		{"all doubled", `{"events":{"duplicate_percent":100}}`, []string{"Email Delivered", "Email Delivered", "Email Sent", "Email Sent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.fault(c.faults)
			w.mustSend("taro@example.jp")
			got := w.eventTypes()
			if strings.HasSuffix(c.name, "doubled") { // a copy and the next event are due at the same time
				slices.Sort(got)
				slices.Sort(c.want)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
		})
	}
}
