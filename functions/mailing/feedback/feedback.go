package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"madoguchi/shared/mail"
	"madoguchi/shared/metric"
	"madoguchi/shared/policy"
)

// feedback stores what SES reports. Events come late, early, several times, in any order or never (hard case 20); the
// store makes them commute.
type feedback struct {
	store   *mail.Store
	now     func() time.Time
	metrics *metric.Writer // nil: nothing is measured
}

// event is what of an EventBridge event of SES is read.
type event struct {
	DetailType string `json:"detail-type"`
	Detail     struct {
		Mail struct {
			Timestamp string              `json:"timestamp"`
			MessageID string              `json:"messageId"`
			Tags      map[string][]string `json:"tags"`
			Headers   []struct {
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
	} `json:"detail"`
}

// handle serves one event. An event that is not about a mail of ours, or about one whose row has expired, is no error:
// trying it again would change nothing. An error means that the store did not answer; Lambda tries again.
func (f *feedback) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	ref, message := e.ref(), e.Detail.Mail.MessageID
	if ref == "" || message == "" {
		slog.InfoContext(ctx, "event of no mail of ours", "event", kind(e.DetailType))
		return nil, nil
	}
	changed, known, err := f.settle(ctx, e, ref, message)
	if err != nil {
		return nil, err
	}
	if !known {
		slog.InfoContext(ctx, "event of an unknown kind", "mail", ref)
		return nil, nil
	}
	if changed {
		f.measure(e)
	}
	level := slog.LevelInfo
	if changed && (e.DetailType == "Email Rejected" || e.DetailType == "Email Rendering Failed" || e.DetailType == "Email Complaint Received") {
		level = slog.LevelWarn
	}
	slog.Log(ctx, level, "mail event", "mail", ref, "event", kind(e.DetailType), "changed", changed)
	return nil, nil
}

// settle stores one event. known is false for a kind of event that this program does not know.
func (f *feedback) settle(ctx context.Context, e event, ref, message string) (changed, known bool, err error) {
	d := e.Detail
	known = true
	switch e.DetailType {
	case "Email Sent", "Email Delivery Delayed": // a delay proves that SES has the mail, and nothing else
		changed, err = f.store.Accepted(ctx, ref, message, f.at(d.Mail.Timestamp))
	case "Email Delivered":
		changed, err = f.store.Delivered(ctx, ref, message, f.at(d.Delivery.Timestamp))
	case "Email Bounced":
		changed, err = f.store.Bounced(ctx, ref, message, d.Bounce.Type+"/"+d.Bounce.SubType, f.at(d.Bounce.Timestamp))
	case "Email Complaint Received":
		changed, err = f.store.Complained(ctx, ref, message, strings.TrimSuffix(d.Complaint.Feedback+"/"+d.Complaint.SubType, "/"), f.at(d.Complaint.Timestamp))
	case "Email Rejected":
		changed, err = f.store.Rejected(ctx, ref, message, "rejected")
	case "Email Rendering Failed":
		changed, err = f.store.Rejected(ctx, ref, message, "rendering_failure")
	default:
		known = false
	}
	return changed, known, err
}

// measure counts what happened to a mail for the first time.
func (f *feedback) measure(e event) {
	switch e.DetailType {
	case "Email Bounced":
		if e.Detail.Bounce.Type == "Permanent" { // a passing trouble says nothing of the address, nor of our reputation
			f.metrics.Write(metric.Bounces.Is(e.class(), 1))
		}
	case "Email Complaint Received":
		f.metrics.Write(metric.Complaints.Is(e.class(), 1))
	case "Email Rejected", "Email Rendering Failed":
		f.metrics.Write(metric.MailFailed.Is(1))
	}
}

// class tells whether a mail was written for many.
func (e event) class() metric.Class {
	for _, kind := range e.Detail.Mail.Tags["kind"] {
		if m, known := policy.MailOf(policy.MailKind(kind)); known && m.Class == policy.CampaignMail {
			return metric.List
		}
	}
	return metric.Transactional
}

// ref finds the row of the mail: by the tag or by the header, whichever the event shows (design: "Life of a mail").
func (e event) ref() string {
	for _, value := range e.Detail.Mail.Tags["ref"] {
		if isID(value) {
			return value
		}
	}
	for _, header := range e.Detail.Mail.Headers {
		if strings.EqualFold(header.Name, "X-Madoguchi-Ref") && isID(header.Value) {
			return header.Value
		}
	}
	return ""
}

// isID tells whether s is of the form of an outbox row's ID. The tag "ref" may be another program's, and what does not
// look like ours is neither looked up nor logged.
func isID(s string) bool {
	return len(s) == 26 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') })
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
