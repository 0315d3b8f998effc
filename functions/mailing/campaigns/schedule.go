package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/event"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
)

// when is when to send; null is now, after the delay. Whoever says nothing has said nothing: a slip of a script writes to nobody.
type when struct {
	decision
	At *string
}

// scheduling is when to send, as a script says it.
type scheduling struct {
	decision
	At instant `json:"at"`
}

// instant is a time, or null; nothing is neither.
type instant json.RawMessage

// UnmarshalJSON keeps what was said.
func (i *instant) UnmarshalJSON(data []byte) error {
	*i = append((*i)[:0], data...)
	return nil
}

func (p *post) when() (when, problems, error) {
	var o when
	if p.json != nil {
		var said scheduling
		wrong, err := decode(p.json, &said)
		o.decision = said.decision
		switch {
		case err != nil || len(wrong) > 0:
		case said.At == nil:
			wrong.add("at", "required", "配信する日時を指定してください。今すぐ送るときは null です。", "Please say when; null means now.")
		case json.Unmarshal(said.At, &o.At) != nil:
			wrong.add("at", "type", "日時は文字列か null で指定してください。", "Please give the time as a string, or null.")
		}
		return o, wrong, err
	}
	o.decision, _, _ = p.decision() // of a form it has no errors
	if at := strings.TrimSpace(p.form.Get("at")); p.form.Get("when") != "now" {
		o.At = &at
		if at == "" {
			var wrong problems
			wrong.add("at", "required", "配信する日時を入力してください。", "Please give a date and a time.")
			return o, wrong, nil
		}
	}
	return o, nil, nil
}

// schedule decides that a campaign is sent. Everything is checked once more: the event, its languages and the audience may have
// changed since it was written.
func (e *editor) schedule(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx := r.Context()
	p, err := read(r)
	if err != nil {
		return err
	}
	o, wrong, err := p.when()
	if err != nil {
		return err
	}
	if _, ok := e.leads(c, actSchedule); !ok {
		return e.conflict(c, actSchedule)
	}
	if fits(o.Version, c) != nil {
		return e.overtaken(ctx, c)
	}
	var checked ready
	if len(wrong) == 0 {
		if checked, wrong, err = e.ready(ctx, c, o); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		if p.json != nil {
			return wrong.invalid(language(r))
		}
		return e.scheduleAgain(w, r, c, p, wrong)
	}
	if err := e.print(ctx, c, checked.contents, checked.event); err != nil {
		return err
	}
	// What was checked is what is scheduled.
	changed, err := e.act(ctx, c, actSchedule, order{decision: decision{c.Version}, set: func(now *campaign.Campaign) { now.ScheduledAt = checked.at.UnixMilli() }})
	if err != nil {
		return err
	}
	return e.answer(w, r, http.StatusAccepted, &changed, string(actSchedule))
}

// ready is what was checked of a campaign: what it says and the event that it is about as they were read, and when it would be sent.
type ready struct {
	at       time.Time
	contents []campaign.Content
	event    *event.Event // nil for kinds that are about none
}

// ready tells when a campaign would be sent, and what stands against it.
func (e *editor) ready(ctx context.Context, c *campaign.Campaign, o when) (ready, problems, error) {
	contents, err := e.store.Contents(ctx, *c, c.Version)
	if err != nil {
		return ready{}, nil, err
	}
	j, err := e.judge(ctx, asDraft(c, contents), c)
	if err != nil {
		return ready{}, nil, err
	}
	at, wrong := e.due(o.At, c, j.event)
	checked := ready{at, contents, j.event}
	if wrong = append(wrong, j.wrong...); len(wrong) > 0 {
		return checked, wrong, nil
	}
	for _, f := range c.Files {
		if _, err := e.files.Get(ctx, f.Key, envelope.LargestFiles); errors.Is(err, objects.ErrUnavailable) {
			return checked, nil, fmt.Errorf("look for attachment: %w", err)
		} else if err != nil {
			wrong.add("attachments", "gone", "添付ファイルの保管期間が過ぎています。もう一度添付してください。", "An attachment is no longer kept. Please attach it again.")
			return checked, wrong, nil //nolint:nilerr // the problem says so
		}
	}
	reach, err := e.measure(ctx, c, at)
	if err != nil {
		return checked, nil, err
	}
	if reach.Reached == 0 {
		wrong.add("segment", "empty", "この条件に合う宛先がひとりもいません。条件を見直してください。", "Nobody matches. Please look at whom it goes to.")
	}
	return checked, wrong, nil
}

// asDraft is a stored campaign as it would be handed in again.
func asDraft(c *campaign.Campaign, contents []campaign.Content) *draft {
	d := &draft{Version: c.Version, Kind: c.Kind, Content: map[policy.Language]campaign.Content{}, Segment: c.Segment, Event: c.Event, ReplyTo: c.ReplyTo}
	if c.Follows != nil {
		d.Follows = &follows{*c.Follows, c.Correction}
	}
	if c.EmbargoUntil != 0 {
		d.Embargo = time.Unix(c.EmbargoUntil, 0).In(tokyo).Format(time.RFC3339)
	}
	for _, content := range contents {
		d.Content[content.Language] = campaign.Content{Subject: content.Subject, Body: content.Body, Preheader: content.Preheader, Text: content.Text}
	}
	return d
}

// schedulePage asks before a campaign is scheduled: what, to whom, how many, when, from whom.
func (e *editor) schedulePage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	if _, ok := e.leads(c, actSchedule); !ok {
		return e.conflict(c, actSchedule)
	}
	return e.askSchedule(w, r, http.StatusOK, c, "", nil)
}

func (e *editor) scheduleAgain(w http.ResponseWriter, r *http.Request, c *campaign.Campaign, p *post, wrong problems) error {
	at := p.form.Get("at")
	if p.form.Get("when") == "now" {
		at = ""
	}
	return e.askSchedule(w, r, http.StatusUnprocessableEntity, c, at, wrong)
}

func (e *editor) askSchedule(w http.ResponseWriter, r *http.Request, status int, c *campaign.Campaign, at string, wrong problems) error {
	v, err := e.showView(r, c)
	if err != nil {
		return err
	}
	if v.At = at; wrong != nil {
		v.Wrong = wrong
	}
	return e.write(w, r, status, policy.Text{JA: "配信の予約の確認", EN: "Schedule: please confirm"}, "schedule", v)
}

// cancelPage asks before a campaign is cancelled: that cannot be undone.
func (e *editor) cancelPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	if _, ok := e.leads(c, actCancel); !ok {
		return e.conflict(c, actCancel)
	}
	v, err := e.showView(r, c)
	if err != nil {
		return err
	}
	return e.write(w, r, http.StatusOK, policy.Text{JA: "配信を中止しますか", EN: "Cancel this campaign?"}, "cancel", v)
}
