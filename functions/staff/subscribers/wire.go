package main

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// whole is everything that is known of a person on a list.
type whole struct {
	ID          string                    `json:"id"`
	List        string                    `json:"list"`
	State       subscription.State        `json:"state"`
	Since       string                    `json:"since"`
	Channel     string                    `json:"channel"`
	Email       string                    `json:"email"`
	Fields      map[string]string         `json:"fields"`
	Reference   string                    `json:"reference,omitempty"`
	Evidence    []evidence                `json:"evidence"`          // the newest first
	Waiting     []signUp                  `json:"waiting,omitempty"` // other sign-ups of an address that is not confirmed, whose links still work
	Left        *signUp                   `json:"left,omitempty"`    // the profile of somebody who left, and has signed up again since
	Mails       []sent                    `json:"mails"`             // the newest first
	Suppression *subscription.Suppression `json:"suppression"`
	Hold        *hold                     `json:"hold"`            // the longest
	Holds       []hold                    `json:"holds,omitempty"` // all of them
	ExpiresAt   string                    `json:"expires_at,omitempty"`
	DueAt       string                    `json:"due_at,omitempty"`      // the ordinary expiry, where a hold postpones it
	NewAddress  string                    `json:"new_address,omitempty"` // waits for its own confirmation
	PutBack     *subscription.PutBack     `json:"put_back,omitempty"`
	NextIssue   nextIssue                 `json:"next_issue"`
	May         []string                  `json:"may"` // what can be done now

	card subscription.Card
}

// signUp is a record beside the one that counts.
type signUp struct {
	Email       string            `json:"email"`
	Fields      map[string]string `json:"fields"`
	SubmittedAt string            `json:"submitted_at"`
	ExpiresAt   string            `json:"expires_at"`
}

type nextIssue struct {
	Receives bool   `json:"receives"`
	Because  string `json:"because"`

	text policy.Text
}

// evidence is what shows a consent, as the person saw it.
type evidence struct {
	Reference     string          `json:"reference"`
	PolicyVersion string          `json:"policy_version"`         // in force when it was sent, or entered by staff
	FormVersion   int             `json:"form_version,omitempty"` // of the form that the person saw; none where the consent was given elsewhere
	Language      policy.Language `json:"language"`
	Channel       string          `json:"channel"`
	OpenedAt      string          `json:"opened_at,omitempty"`
	SubmittedAt   string          `json:"submitted_at"`
	ConfirmedAt   string          `json:"confirmed_at,omitempty"` // by the click; of a consent given elsewhere, when it was entered
	EndedAt       string          `json:"ended_at,omitempty"`
	Where         string          `json:"where,omitempty"` // given elsewhere than on our form
	When          string          `json:"when,omitempty"`
	Words         string          `json:"words,omitempty"`
	Notice        string          `json:"notice,omitempty"` // what the form showed above its fields
}

func (l list) evidence(p subscription.Proof, confirmed, ended string) evidence {
	e := evidence{Reference: p.Ref, PolicyVersion: p.Policy, FormVersion: p.FormVersion, Language: p.Language, Channel: channelOf(p),
		OpenedAt: p.OpenedAt, SubmittedAt: p.SubmittedAt, ConfirmedAt: confirmed, EndedAt: ended}
	if p.Evidence != nil {
		e.Where, e.When, e.Words, e.FormVersion = p.Evidence.Where, p.Evidence.When, p.Evidence.Words, 0
	}
	if e.Channel == channelForm {
		e.Notice, _ = policy.Shown(l.Service.Code, p.FormVersion, p.Language) // "" for a version that never was: nothing is made up
	}
	return e
}

// sent is one mail to the person, with what became of it.
type sent struct {
	At       string          `json:"at"`
	Kind     policy.MailKind `json:"kind"`
	Campaign string          `json:"campaign,omitempty"`
	Title    string          `json:"title,omitempty"`
	Outcome  string          `json:"outcome"` // queued, accepted, delivered, bounced, complained, failed, excluded, unknown
	Reason   string          `json:"reason,omitempty"`
}

// describe reads everything.
func (c *counter) describe(ctx context.Context, l list, id string, language policy.Language) (*whole, error) {
	card, found, err := l.Card(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, web.ErrNotFound
	}
	v := &whole{ID: id, List: l.code(), State: card.State(), Since: card.Since(), Suppression: card.Suppression, Fields: map[string]string{}, card: card,
		May: l.may(card)}
	v.May = slices.DeleteFunc(v.May, func(action string) bool { return !l.allows(staff.Of(ctx), "subscriber."+action) })
	v.NextIssue.Receives, v.NextIssue.text = l.next(card)
	v.NextIssue.Because = v.NextIssue.text.In(language)
	shown := map[string]bool{}
	for _, consent := range slices.Backward(card.Consents) {
		shown[consent.Ref] = true
		v.Evidence = append(v.Evidence, l.evidence(consent.Proof, consent.ConfirmedAt, consent.EndedAt))
	}
	if s := card.Subscriber; s != nil {
		v.Email, v.Reference, v.ExpiresAt, v.PutBack = s.Email, s.Ref, japan(s.ExpiresAt), s.PutBack
		for name, value := range s.Fields {
			v.Fields[name] = value
		}
		if s.Change != nil && s.Change.ExpiresAt > c.now().Unix() {
			v.NewAddress = s.Change.Email
		}
		for _, e := range s.Earlier {
			v.Waiting = append(v.Waiting, signUp{e.Email, e.Fields, e.SubmittedAt, v.ExpiresAt})
		}
		if !shown[s.Ref] {
			v.Evidence = append([]evidence{l.evidence(s.Proof, s.ConfirmedAt, "")}, v.Evidence...)
		}
	}
	if s := card.Left; s != nil {
		v.Left = &signUp{s.Email, s.Fields, s.SubmittedAt, japan(s.ExpiresAt)}
	}
	for _, h := range card.Holds {
		v.Holds = append(v.Holds, l.hold(h, mayHold(ctx)))
	}
	if len(v.Holds) > 0 {
		v.Hold = &v.Holds[0]
		if s := card.Subscriber; s == nil || card.Holds[0].Until > s.ExpiresAt {
			v.DueAt, v.ExpiresAt = v.ExpiresAt, v.Hold.Until
		}
	}
	if len(v.Evidence) > 0 {
		v.Channel = v.Evidence[0].Channel
	}
	v.Mails, err = c.mails(ctx, l, id)
	return v, err
}

// may are the actions that make sense now.
func (l list) may(c subscription.Card) []string {
	all := []string{}
	s := c.Subscriber
	if s != nil || len(c.Holds) > 0 {
		all = append(all, "hold")
	}
	if len(c.Holds) > 0 {
		all = append(all, "release")
	}
	wish := c.Suppression != nil && c.Suppression.Reason != string(subscription.Bounced)
	if c.State() != subscription.Unsubscribed || !wish {
		all = append(all, "optout")
	}
	if s == nil || s.State == subscription.Unsubscribed {
		return all
	}
	all = append(all, "correct")
	switch {
	case s.State == subscription.Unconfirmed, s.Change != nil && s.Change.ExpiresAt > l.Now().Unix():
		all = append(all, "resend")
	case s.State == subscription.Pending:
		all = append(all, "approve", "refuse")
	}
	if s.State == subscription.Bounced && !wish {
		all = append(all, "restore")
	}
	return all
}

const (
	recentCampaigns = 10 // of each kind, in which a person is looked for
	mostMails       = 20
)

// mails are the last mails to a person: what the outbox holds, and the last campaigns of the list.
func (c *counter) mails(ctx context.Context, l list, id string) ([]sent, error) {
	rows, err := mail.OfPerson(ctx, l.Client, l.Outbox, l.Service.Code, id, c.now())
	if err != nil {
		return nil, err
	}
	all := []sent{}
	for _, row := range rows {
		all = append(all, sent{At: row.Created, Kind: row.Kind, Outcome: outcome(row), Reason: cmp.Or(row.Bounce, row.Reason)})
	}
	var mutex sync.Mutex
	var group sync.WaitGroup
	var failed error
	for _, kind := range campaign.Kinds() {
		if campaign.Service(kind).Code != l.Service.Code {
			continue
		}
		recent, _, err := c.campaigns.List(ctx, kind, recentCampaigns, "")
		if err != nil {
			return nil, err
		}
		for i := range recent {
			if recent[i].Frozen == 0 {
				continue
			}
			group.Go(func() {
				got, found, err := c.campaigns.Find(ctx, recent[i].ID, id)
				mutex.Lock()
				defer mutex.Unlock()
				failed = cmp.Or(failed, err)
				if found {
					all = append(all, ofCampaign(&recent[i], got))
				}
			})
		}
	}
	if group.Wait(); failed != nil {
		return nil, failed
	}
	slices.SortStableFunc(all, func(a, b sent) int { return cmp.Compare(b.At, a.At) })
	return all[:min(len(all), mostMails)], nil
}

func outcome(r mail.Row) string {
	switch {
	case r.Complained != 0:
		return "complained"
	case r.Bounced != 0:
		return "bounced"
	case r.Delivered != 0:
		return "delivered"
	case r.State == mail.Claimed || r.State == mail.Calling:
		return string(mail.Queued)
	}
	return string(r.State)
}

func ofCampaign(c *campaign.Campaign, r campaign.Recipient) sent {
	m := sent{At: time.UnixMilli(cmp.Or(r.Report.Sent, c.StartedAt)).UTC().Format(time.RFC3339), Kind: c.Kind, Campaign: c.ID, Title: c.Title,
		Outcome: string(r.Outcome.Class()), Reason: r.Report.Detail}
	switch class := r.Outcome.Class(); {
	case r.Report.Complained != 0:
		m.Outcome = "complained"
	case r.Report.Bounced != 0 || r.Report.Soft != 0 || r.Report.Suppressed != 0:
		m.Outcome = "bounced"
	case class == campaign.ClassFailed, class == campaign.ClassExcluded:
		m.Reason = r.Outcome.Detail()
	case class == campaign.ClassPending:
		m.Outcome = string(mail.Queued)
	}
	return m
}

// show opens a person: the ledger says so before anything is shown.
func (c *counter) show(w http.ResponseWriter, r *http.Request) error {
	return c.opened(w, r, "subscriber.view", func(l list, v *whole) error { return c.showPage(w, r, l, v) })
}

// export is everything of a person on one page, to be read, printed or put to a privacy case.
func (c *counter) export(w http.ResponseWriter, r *http.Request) error {
	return c.opened(w, r, "subscriber.export", func(l list, v *whole) error { return c.exportPage(w, r, l, v) })
}

func (c *counter) opened(w http.ResponseWriter, r *http.Request, what string, page func(list, *whole) error) error {
	ctx, id := r.Context(), r.PathValue("id")
	l, err := c.person(ctx, r.URL.Query().Get("list"), id, what)
	if err != nil {
		return err
	}
	v, err := c.describe(ctx, l, id, language(r))
	if err != nil {
		return err
	}
	if err := c.staff.Audit(ctx, what, l.object(id)); err != nil {
		return err
	}
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", v)
	}
	return page(l, v)
}
