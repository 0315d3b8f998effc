package ses

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// event is what SES hands to EventBridge: the detail-type and the detail.
type event struct {
	detailType string
	detail     json.RawMessage
}

// detailTypes by the eventType of the detail, as SES publishes them to the default bus.
var detailTypes = map[string]string{
	"Send": "Email Sent", "Delivery": "Email Delivered", "Bounce": "Email Bounced", "Complaint": "Email Complaint Received",
	"Reject": "Email Rejected", "Rendering Failure": "Email Rendering Failed", "DeliveryDelay": "Email Delivery Delayed",
}

// eventMail is the part "mail" of every detail.
type eventMail struct {
	Timestamp        string              `json:"timestamp"`
	Source           string              `json:"source"`
	SourceArn        string              `json:"sourceArn"`
	SendingAccountID string              `json:"sendingAccountId"`
	MessageID        string              `json:"messageId"`
	Destination      []string            `json:"destination"`
	HeadersTruncated bool                `json:"headersTruncated"`
	Headers          []eventHeader       `json:"headers"`
	CommonHeaders    eventCommon         `json:"commonHeaders"`
	Tags             map[string][]string `json:"tags"`
}

type eventHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type eventCommon struct {
	From      []string `json:"from"`
	To        []string `json:"to,omitempty"`
	Cc        []string `json:"cc,omitempty"`
	ReplyTo   []string `json:"replyTo,omitempty"`
	MessageID string   `json:"messageId"`
	Date      string   `json:"date,omitempty"`
	Subject   string   `json:"subject,omitempty"`
}

// maxEventHeaders is the size in bytes at which SES cuts the list of headers.
const maxEventHeaders = 10 << 10

// reporter makes the events of one mail. Without a configuration set, or without a receiver, there are none.
type reporter struct {
	off     bool
	at      time.Time
	mail    eventMail
	call    *call
	region  string
	encoded []byte // the mail, once for all its events
}

func (s *Server) reporter(c *call, id string, who caller, n int) *reporter {
	r := &reporter{off: c.configurationSet == "" || s.opts.OnEvent == nil, at: who.at, call: c, region: who.region}
	if r.off {
		return r
	}
	domain := c.from
	if m, err := parseMailbox(c.from); err == nil {
		domain = m.bare[strings.LastIndexByte(m.bare, '@')+1:]
	}
	r.mail = eventMail{
		Timestamp: stamp(who.at), Source: c.from, SendingAccountID: accountID, MessageID: id,
		SourceArn: "arn:aws:ses:" + who.region + ":" + accountID + ":identity/" + domain,
		Headers:   []eventHeader{}, CommonHeaders: eventCommon{From: []string{c.from}, MessageID: id},
		Tags: map[string][]string{
			"ses:configuration-set": {c.configurationSet},
			"ses:from-domain":       {domain},
			"ses:caller-identity":   {"local"},
			"ses:source-ip":         {"127.0.0.1"},
		},
	}
	for _, t := range c.entries[n].tags {
		r.mail.Tags[t.Name] = []string{t.Value}
	}
	return r
}

// describe copies recipients and headers; m is nil for a mail that could not be rendered.
func (r *reporter) describe(m *message, boxes []mailbox) {
	for _, b := range boxes {
		r.mail.Destination = append(r.mail.Destination, b.bare)
	}
	if m == nil {
		return
	}
	size := 0
	common := &r.mail.CommonHeaders
	for _, h := range m.headers() {
		switch strings.ToLower(h.Name) {
		case "subject":
			common.Subject = decodeWords(h.Value)
		case "to":
			common.To = splitAddresses(h.Value)
		case "cc":
			common.Cc = splitAddresses(h.Value)
		case "reply-to":
			common.ReplyTo = splitAddresses(h.Value)
		case "from":
			common.From = splitAddresses(h.Value)
		case "date":
			common.Date = h.Value
		}
		if size += len(h.Name) + len(h.Value) + 4; size > maxEventHeaders {
			r.mail.HeadersTruncated = true
			continue
		}
		r.mail.Headers = append(r.mail.Headers, eventHeader(h))
	}
}

func (r *reporter) event(eventType, part string, body map[string]any) event {
	if r.encoded == nil {
		r.encoded = encode(r.mail)
	}
	detail := fmt.Appendf(nil, `{"eventType":%q,"mail":%s,%q:%s}`, eventType, r.encoded, part, encode(body))
	return event{detailTypes[eventType], detail}
}

// encode cannot fail: strings, lists and maps of them are all that stands in a detail.
func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

func (r *reporter) renderingFailure(boxes []mailbox, cause error) []event {
	if r.off {
		return nil
	}
	r.describe(nil, boxes)
	return []event{r.event("Rendering Failure", "failure", map[string]any{"errorMessage": cause.Error(), "templateName": r.call.template.name})}
}

func (r *reporter) rejected(m *message, boxes []mailbox) []event {
	if r.off {
		return nil
	}
	r.describe(m, boxes)
	return []event{r.event("Reject", "reject", map[string]any{"reason": "Bad content"})}
}

// sent reports the mail once, and then what became of it for each recipient.
func (r *reporter) sent(m *message, boxes []mailbox, fates []string) []event {
	if r.off {
		return nil
	}
	r.describe(m, boxes)
	out := []event{r.event("Send", "send", map[string]any{})}
	for i, b := range boxes {
		switch fates[i] {
		case "bounce":
			out = append(out, r.bounce(b.bare, "General", "smtp; 550 5.1.1 user unknown"))
		case "suppressionlist":
			out = append(out, r.bounce(b.bare, "OnAccountSuppressionList",
				"Amazon SES did not send the message to this address because it is on the suppression list for your account."))
		case "complaint":
			out = append(out, r.delivery(b.bare), r.complaint(b.bare))
		default:
			out = append(out, r.delivery(b.bare))
		}
	}
	return out
}

func (r *reporter) delivery(address string) event {
	return r.event("Delivery", "delivery", map[string]any{
		"timestamp": stamp(r.at), "processingTimeMillis": 100, "recipients": []string{address},
		"smtpResponse": "250 2.6.0 Message received", "reportingMTA": "a.smtp-out." + r.region + ".amazonses.com",
	})
}

func (r *reporter) bounce(address, subType, diagnostic string) event {
	return r.event("Bounce", "bounce", map[string]any{
		"bounceType": "Permanent", "bounceSubType": subType, "timestamp": stamp(r.at), "feedbackId": messageID(r.at),
		"bouncedRecipients": []map[string]string{{"emailAddress": address, "action": "failed", "status": "5.1.1", "diagnosticCode": diagnostic}},
		"reportingMTA":      "dns; a.smtp-out." + r.region + ".amazonses.com",
	})
}

func (r *reporter) complaint(address string) event {
	return r.event("Complaint", "complaint", map[string]any{
		"complainedRecipients": []map[string]string{{"emailAddress": address}}, "timestamp": stamp(r.at), "feedbackId": messageID(r.at),
		"complaintSubType": nil, "complaintFeedbackType": "abuse", "userAgent": "Amazon SES Mailbox Simulator", "arrivalDate": stamp(r.at),
	})
}

// stamp is the form of times in SES events: UTC with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
