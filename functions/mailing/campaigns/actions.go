package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// action is something that staff do to a campaign's state.
type action string

// The actions: the last part of their path.
const (
	actSubmit   action = "submit"
	actApprove  action = "approve"
	actReturn   action = "return"
	actSchedule action = "schedule"
	actRecall   action = "recall"
	actPause    action = "pause"
	actResume   action = "resume"
	actCancel   action = "cancel"
)

// leads is the state that an action leads to, false where the campaign's state does not allow it (contract: 409). It decides alone
// what buttons a page shows and what a post may do.
func (e *editor) leads(c *campaign.Campaign, a action) (campaign.State, bool) {
	to := campaign.State("")
	switch a {
	case actSubmit:
		to = campaign.InReview
	case actApprove:
		if c.State == campaign.InReview {
			to = campaign.Approved
		}
	case actReturn:
		if c.State == campaign.InReview || c.State == campaign.Approved || c.State == campaign.Missed {
			to = campaign.Draft
		}
	case actSchedule:
		if !e.review || c.Approver != "" {
			to = campaign.Scheduled
		}
	case actRecall:
		if c.State == campaign.Scheduled {
			to = campaign.Draft
			if c.Approver != "" {
				to = campaign.Approved
			}
		}
	case actPause:
		to = campaign.Paused
	case actResume:
		if c.State == campaign.Paused {
			to = campaign.Freezing
			if c.Freeze.Done {
				to = campaign.Sending
			}
		}
	case actCancel:
		to = campaign.Cancelled
	}
	return to, to != "" && c.State.Leads(to)
}

// may are the actions that a person may take now.
func (e *editor) may(p staff.Person, c *campaign.Campaign) []action {
	var all []action
	for _, a := range []action{actSubmit, actApprove, actReturn, actSchedule, actRecall, actPause, actResume, actCancel} {
		if _, ok := e.leads(c, a); ok && e.mayDo(p, c, a) == nil {
			all = append(all, a)
		}
	}
	return all
}

// mayApprove: where a review is asked for, the sender is never the only approver. Who wrote the version or handed it in does not
// approve it, and a script is no second person.
func (e *editor) mayApprove(p staff.Person, c *campaign.Campaign) error {
	if !e.review || !p.Machine && p.ID != c.Author && p.ID != submitter(c) {
		return nil
	}
	return &web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "ご自身が書いた、または承認を依頼した配信は、ご自身では承認できません。ほかの担当者に承認を依頼してください。",
		EN: "Whoever wrote this or handed it in cannot approve it. Please ask a colleague."}}
}

// mayDo is what a person may do beyond what the role allows: approve, and where a review is asked for send. Whoever approved it does
// not send it too, or one person alone would have decided in the end.
func (e *editor) mayDo(p staff.Person, c *campaign.Campaign, a action) error {
	switch {
	case a == actApprove:
		return e.mayApprove(p, c)
	case a == actSchedule && e.review && p.ID == c.Approver:
		return &web.Error{Kind: web.Forbidden, Message: policy.Text{
			JA: "ご自身が承認した配信は、ご自身では予約できません。書いた方か、ほかの担当者に予約を依頼してください。",
			EN: "Whoever approved this cannot schedule it as well. Please ask the author or another colleague."}}
	}
	return nil
}

// submitter is who asked for the approval last.
func submitter(c *campaign.Campaign) string {
	for _, step := range slices.Backward(c.History) {
		if step.To == campaign.InReview {
			return step.By
		}
	}
	return ""
}

// order is what goes with an action.
type order struct {
	decision
	remark string
	set    func(*campaign.Campaign) // on the campaign as it is decided on
}

// act takes an action. What cannot be recorded does not happen: the ledger comes first. The errors are shown ones.
func (e *editor) act(ctx context.Context, c *campaign.Campaign, a action, o order) (campaign.Campaign, error) {
	p := staff.Of(ctx)
	if _, ok := e.leads(c, a); !ok {
		return *c, e.conflict(c, a)
	}
	if err := e.mayDo(p, c, a); err != nil {
		return *c, errors.Join(err, e.staff.Refused(ctx, "campaign."+string(a), object(c), "same person"))
	}
	if fits(o.Version, c) != nil {
		return *c, e.overtaken(ctx, c)
	}
	if err := e.staff.Audit(ctx, "campaign."+string(a), object(c)); err != nil {
		return *c, err
	}
	changed, err := e.store.Decide(ctx, c.ID, o.remark, func(now *campaign.Campaign) error {
		to, ok := e.leads(now, a)
		if !ok {
			return campaign.ErrState
		}
		if err := fits(o.Version, now); err != nil {
			return err
		}
		if o.set != nil {
			o.set(now)
		}
		if err := e.mayDo(p, now, a); err != nil {
			return err
		}
		reason := ""
		switch a {
		case actApprove:
			now.Approver = p.ID
		case actReturn:
			now.Approver, reason = "", "returned"
		}
		return now.Enter(e.now(), to, p.ID, reason)
	})
	switch {
	case errors.Is(err, campaign.ErrStale) && fits(o.Version, &changed) != nil && changed.ID != "":
		return changed, e.overtaken(ctx, &changed)
	case errors.Is(err, campaign.ErrState), errors.Is(err, campaign.ErrStale):
		return changed, e.conflict(&changed, a)
	case err != nil:
		return changed, fmt.Errorf("%s: %w", a, err)
	}
	return changed, nil
}

// conflict says that the state does not allow an action, and what to do (contract: wrong state 409).
func (e *editor) conflict(c *campaign.Campaign, a action) error {
	name := stateName(c.State)
	shown := &web.Error{Kind: web.Conflict, Members: map[string]any{"state": c.State}, Message: policy.Text{
		JA: "この配信はいま「" + name.JA + "」のため、この操作はできません。ほかの担当者が先に操作した可能性があります。配信のページを開き直してください。",
		EN: "This is not possible now: the campaign is in the state \"" + name.EN + "\". A colleague may have been faster. Please open its page again."}}
	if a == actSchedule && e.review && c.Approver == "" && !c.State.Over() && c.State != campaign.Scheduled {
		shown.Message = policy.Text{JA: "予約の前に、ほかの担当者の承認が必要です。承認を依頼してください。",
			EN: "A colleague has to approve it before it can be scheduled. Please submit it for review."}
	}
	return shown
}

// simple is the handler of an action that takes nothing but the version that it is decided on.
func (e *editor) simple(a action) web.HandlerFunc {
	return e.with(func(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
		p, err := read(r)
		if err != nil {
			return err
		}
		d, wrong, err := p.decision()
		if err != nil || len(wrong) > 0 {
			return errors.Join(err, orNil(wrong, language(r)))
		}
		changed, err := e.act(r.Context(), c, a, order{decision: d})
		if err != nil {
			return err
		}
		if a == actSubmit {
			if err := e.askColleagues(r.Context(), &changed); err != nil {
				return err
			}
		}
		return e.answer(w, r, http.StatusOK, &changed, string(a))
	})
}

func orNil(wrong problems, l policy.Language) error {
	if len(wrong) == 0 {
		return nil
	}
	return wrong.invalid(l)
}
