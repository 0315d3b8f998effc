package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/metric"
	"madoguchi/shared/policy"
)

// SES's names of the kinds of events (detail-type).
const (
	sent      = "Email Sent"
	delivered = "Email Delivered"
	delayed   = "Email Delivery Delayed"
	bounced   = "Email Bounced"
	complaint = "Email Complaint Received"
	rejected  = "Email Rejected"
	rendering = "Email Rendering Failed"
)

// event is what of an EventBridge event of SES is read.
type event struct {
	DetailType string
	Mail       struct {
		Timestamp   string              `json:"timestamp"`
		MessageID   string              `json:"messageId"`
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
		Headers     []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"headers"`
	} `json:"mail"`
	Bounce struct {
		Type      string `json:"bounceType"`
		SubType   string `json:"bounceSubType"`
		Timestamp string `json:"timestamp"`
	} `json:"bounce"`
	Complaint struct {
		Feedback  string `json:"complaintFeedbackType"`
		SubType   string `json:"complaintSubType"`
		Timestamp string `json:"timestamp"`
	} `json:"complaint"`
	Delivery struct {
		Timestamp string `json:"timestamp"`
	} `json:"delivery"`
}

// byClock is the detail-type of EventBridge Scheduler, whose detail is a text.
const byClock = "Scheduled Event"

// decode reads an event; clock reports that it is the schedule's instead.
func decode(payload json.RawMessage) (e event, clock bool, err error) {
	var outer struct {
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(payload, &outer); err != nil {
		return event{}, false, fmt.Errorf("decode event: %w", err)
	}
	if outer.DetailType == byClock {
		return event{}, true, nil
	}
	if err := json.Unmarshal(outer.Detail, &e); err != nil {
		return event{}, false, fmt.Errorf("decode detail of event: %w", err)
	}
	e.DetailType = outer.DetailType
	return e, false, nil
}

// ref names the mail: by the tag or by the header, whichever the event shows (design: "Life of a mail"). The tag "ref" may be
// another program's, and what does not look like ours is neither looked up nor logged.
func (e event) ref() string {
	for _, value := range e.Mail.Tags["ref"] {
		if isRef(value) {
			return value
		}
	}
	for _, header := range e.Mail.Headers {
		if strings.EqualFold(header.Name, "X-Madoguchi-Ref") && isRef(header.Value) {
			return header.Value
		}
	}
	return ""
}

func isRef(s string) bool {
	_, ofCampaign := campaign.ParseRef(s)
	return ofCampaign || isID(s)
}

// isID tells whether s is of the form of an outbox row's ID.
func isID(s string) bool {
	return len(s) == 26 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') })
}

// report is what the event says of a mail, in the words of a campaign's report: the kind ("" for one that this program does not
// know), SES's own word and the time.
func (f *feedback) report(e event) (kind campaign.ReportKind, detail string, at time.Time) {
	mailed := f.at(e.Mail.Timestamp)
	switch e.DetailType {
	case sent, delivered: // list mail does not ask for deliveries; one that comes proves that SES took the mail
		return campaign.Send, "", mailed
	case delayed:
		return campaign.Delayed, "", mailed
	case rejected:
		return campaign.Reject, "", mailed
	case rendering:
		return campaign.Rendering, "", mailed
	case bounced:
		return e.bounce(), e.Bounce.Type + "/" + e.Bounce.SubType, f.at(e.Bounce.Timestamp)
	case complaint:
		kind = campaign.Complained
		if e.Complaint.SubType == onOurList {
			kind = campaign.Suppressed // an older complaint, not a new one
		}
		return kind, strings.TrimSuffix(e.Complaint.Feedback+"/"+e.Complaint.SubType, "/"), f.at(e.Complaint.Timestamp)
	}
	return "", "", time.Time{}
}

// Subtypes of bounces, and one of complaints, that say that SES did not try: the address is on the account's suppression list, or
// on the one that SES keeps for all its customers.
const (
	onOurList  = "OnAccountSuppressionList"
	onSESsList = "Suppressed"
)

// bounce tells bounces for good from passing ones. Of an undetermined one SES knows no more than that: it may pass.
func (e event) bounce() campaign.ReportKind {
	switch {
	case e.Bounce.Type != "Permanent":
		return campaign.Soft
	case e.Bounce.SubType == onOurList || e.Bounce.SubType == onSESsList:
		return campaign.Suppressed
	}
	return campaign.Bounced
}

// onAccountList reports whether SES says that the address is on the account's own list.
func (e event) onAccountList() bool {
	return e.Bounce.SubType == onOurList || e.Complaint.SubType == onOurList
}

// address is the recipient, where there is one alone, as of all our mail. It is never logged.
func (e event) address() string {
	if len(e.Mail.Destination) == 1 {
		return e.Mail.Destination[0]
	}
	return ""
}

// class tells whether a mail was written for many.
func (e event) class() metric.Class {
	for _, kind := range e.Mail.Tags["kind"] {
		if m, known := policy.MailOf(policy.MailKind(kind)); known && m.Class == policy.CampaignMail {
			return metric.List
		}
	}
	return metric.Transactional
}

// kind is a detail-type as it may be logged: SES's own words, never what an event smuggles in.
func kind(detailType string) string {
	if strings.HasPrefix(detailType, "Email ") && len(detailType) < 30 {
		return detailType
	}
	return "other"
}

// at reads SES's time of an event; without one, the time is now.
func (f *feedback) at(stamp string) time.Time {
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return f.now()
	}
	return at
}

// mailedAt is when the mail was sent. An event that does not say proves nothing against a consent: for it that is long ago.
func (e event) mailedAt() time.Time {
	at, err := time.Parse(time.RFC3339, e.Mail.Timestamp)
	if err != nil {
		return time.Time{}
	}
	return at
}
