package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/mail"
	"madoguchi/shared/metric"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
	"madoguchi/shared/suppression"
)

// feedback stores what SES reports, and ends list mail to whom it comes back from. Events come late, early, several times, in any
// order or never (hard case 20); the stores make them commute, and once a day SES's own list shows what was lost.
type feedback struct {
	store       *mail.Store
	campaigns   *campaign.Store
	lists       map[policy.Code]*subscription.List
	account     suppression.Account
	addressKey  config.Key
	suppression string // table
	soft        int    // so many different mails in a row that could not be delivered for the time being are a bounce
	now         func() time.Time
	metrics     *metric.Writer // nil: nothing is measured
}

// shard keeps what this function counts of a campaign apart from what senders count.
const shard = "feedback"

// handle serves one event of SES, or the clock. An event that is not about a mail of ours, or about one whose row has expired, is
// no error: trying it again would change nothing. An error means that a store did not answer; Lambda tries again.
func (f *feedback) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	e, clock, err := decode(payload)
	if err != nil {
		return nil, err
	}
	if clock {
		return nil, f.reconcile(ctx)
	}
	ref, message := e.ref(), e.Mail.MessageID
	if ref == "" || message == "" {
		slog.InfoContext(ctx, "event of no mail of ours", "event", kind(e.DetailType))
		return nil, nil
	}
	reported, detail, at := f.report(e)
	if reported == "" {
		slog.InfoContext(ctx, "event of an unknown kind", "mail", ref)
		return nil, nil
	}
	var changed bool
	class := e.class()
	if of, ok := campaign.ParseRef(ref); ok {
		class = metric.List
		changed, err = f.ofCampaign(ctx, e, of, reported, detail, at)
	} else {
		changed, err = f.ofOutbox(ctx, e, ref, reported, detail, at)
	}
	if changed { // also where what follows from it failed: the next try finds it stored
		f.measure(reported, class)
	}
	if err != nil {
		return nil, err
	}
	level := slog.LevelInfo
	if changed && (reported == campaign.Reject || reported == campaign.Rendering || reported == campaign.Complained) {
		level = slog.LevelWarn
	}
	slog.Log(ctx, level, "mail event", "mail", ref, "event", kind(e.DetailType), "changed", changed)
	return nil, nil
}

// ofOutbox stores an event of a mail of the outbox.
func (f *feedback) ofOutbox(ctx context.Context, e event, id string, reported campaign.ReportKind, detail string, at time.Time) (changed bool, err error) {
	message := e.Mail.MessageID
	switch e.DetailType {
	case sent, delayed: // a delay proves that SES has the mail, and nothing else
		return f.store.Accepted(ctx, id, message, at)
	case delivered:
		return f.store.Delivered(ctx, id, message, f.at(e.Delivery.Timestamp))
	case rejected:
		return f.store.Rejected(ctx, id, message, "rejected")
	case rendering:
		return f.store.Rejected(ctx, id, message, "rendering_failure")
	case bounced:
		changed, err = f.store.Bounced(ctx, id, message, detail, at)
	case complaint:
		changed, err = f.store.Complained(ctx, id, message, detail, at)
	}
	if err != nil {
		return false, err
	}
	row, found, err := f.store.Find(ctx, id)
	if err != nil || !found {
		return changed, err
	}
	return changed, f.cameBack(ctx, e, reported, mailTo{list: row.Service, person: row.Person, mail: id})
}

// ofCampaign stores an event of a campaign's mail: one write where SES has sent it, as of nearly all mail.
func (f *feedback) ofCampaign(ctx context.Context, e event, ref campaign.Ref, reported campaign.ReportKind, detail string, at time.Time) (changed bool, err error) {
	report, err := f.campaigns.Report(ctx, ref, e.Mail.MessageID, reported, detail, at)
	if err != nil {
		return false, err
	}
	first := moment(&report, reported)
	changed = *first == 0
	failed := reported == campaign.Reject || reported == campaign.Rendering
	key := ""
	if failed || report.Settled != 0 {
		if report.MessageID == "" {
			report.MessageID = e.Mail.MessageID
		}
		if changed {
			*first = at.UnixMilli()
		}
		if key, err = f.campaigns.Correct(ctx, ref, report, shard); err != nil {
			return changed, err
		}
	}
	if failed || reported == campaign.Send || reported == campaign.Delayed {
		return changed, nil
	}
	c, err := f.campaigns.Get(ctx, ref.Campaign)
	if err != nil {
		return changed, gone(err)
	}
	service := campaign.Service(c.Kind)
	if service == nil || f.lists[service.Code] == nil {
		return changed, nil // of registrants: the report is all there is to keep
	}
	if key == "" {
		if key, err = f.campaigns.KeyOf(ctx, ref); err != nil {
			return changed, err
		}
	}
	return changed, f.cameBack(ctx, e, reported, mailTo{list: service.Code, person: key, mail: ref.String(), forMany: true})
}

// moment is where a report keeps when a kind was reported first.
func moment(r *campaign.Report, k campaign.ReportKind) *int64 {
	switch k {
	case campaign.Send:
		return &r.Sent
	case campaign.Reject:
		return &r.Rejected
	case campaign.Rendering:
		return &r.Rendering
	case campaign.Bounced:
		return &r.Bounced
	case campaign.Soft:
		return &r.Soft
	case campaign.Suppressed:
		return &r.Suppressed
	case campaign.Complained:
		return &r.Complained
	case campaign.Delayed:
		return &r.Delayed
	}
	return new(int64)
}

// measure counts what happened to a mail for the first time. A passing bounce says nothing of the address, nor of our reputation;
// neither does a mail that SES did not try.
func (f *feedback) measure(reported campaign.ReportKind, class metric.Class) {
	switch reported {
	case campaign.Bounced:
		f.metrics.Write(metric.Bounces.Is(class, 1))
	case campaign.Complained:
		f.metrics.Write(metric.Complaints.Is(class, 1))
	case campaign.Reject, campaign.Rendering:
		f.metrics.Write(metric.MailFailed.Is(1))
	case campaign.Send, campaign.Soft, campaign.Suppressed, campaign.Delayed:
	}
}
