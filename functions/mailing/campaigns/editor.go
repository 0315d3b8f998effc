package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/ses"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// editor is what staff do with campaigns.
type editor struct {
	staff      *staff.Desk
	store      *campaign.Store
	sources    audience.Sources
	events     *event.Store
	newsletter *subscription.List // for its categories of business only
	press      *subscription.List // to be searched for media people
	categories *subscription.Categories
	periods    policy.Periods // of questionnaires
	files      objects.Bucket
	addressKey config.Key
	outbox     string
	mail       envelope.Settings
	images     []string // origins of the organisation's own pictures
	ses        *ses.Client
	delay      time.Duration // within which "send now" can be recalled
	review     bool          // a second person has to approve
	testers    []string      // addresses that a test may go to beside one's own; "*": any, on a developer's machine
	now        func() time.Time
}

// base is where all of it lives.
const base = "/staff/campaigns"

// handler returns the routes.
func (e *editor) handler() http.Handler {
	mux := e.staff.NewMux()
	handle := func(pattern string, h web.HandlerFunc) { mux.Handle(pattern, roles(), h) }
	handle("GET "+base, e.list)
	handle("POST "+base, e.create)
	handle("GET "+base+"/new", e.newPage)
	handle("GET "+base+"/{id}", e.with(e.show))
	handle("POST "+base+"/{id}", e.with(e.save))
	handle("GET "+base+"/{id}/edit", e.with(e.editPage))
	for _, a := range []action{actSubmit, actApprove, actRecall, actPause, actResume, actCancel} {
		handle("POST "+base+"/{id}/"+string(a), e.simple(a))
	}
	handle("GET "+base+"/{id}/schedule", e.with(e.schedulePage))
	handle("POST "+base+"/{id}/schedule", e.with(e.schedule))
	handle("GET "+base+"/{id}/return", e.with(e.returnPage))
	handle("POST "+base+"/{id}/return", e.with(e.giveBack))
	handle("GET "+base+"/{id}/cancel", e.with(e.cancelPage))
	handle("POST "+base+"/{id}/copy", e.with(e.copy))
	handle("POST "+base+"/{id}/test", e.with(e.test))
	handle("GET "+base+"/{id}/preview", e.with(e.preview))
	handle("GET "+base+"/{id}/results", e.with(e.results))
	handle("GET "+base+"/{id}/results.csv", e.with(e.resultsFile))
	handle("GET "+base+"/{id}/progress", e.with(e.progress))
	handle("GET "+base+"/{id}/recipient", e.with(e.recipientPage))
	handle("POST "+base+"/{id}/recipient", e.with(e.recipient))
	describe(mux)
	return mux
}

// campaignHandler answers a request about one campaign, which the caller may see.
type campaignHandler func(http.ResponseWriter, *http.Request, *campaign.Campaign) error

// with reads the campaign of the path and holds the caller to its kind: somebody else's is refused and recorded.
func (e *editor) with(h campaignHandler) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := e.store.Get(r.Context(), r.PathValue("id"))
		if errors.Is(err, campaign.ErrNotFound) {
			return web.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read campaign: %w", err)
		}
		if err := e.allow(r.Context(), c.Kind, object(&c)); err != nil {
			return err
		}
		return h(w, r, &c)
	}
}

// object is what the ledger calls a campaign.
func object(c *campaign.Campaign) string { return "campaign/" + c.ID }

// allow holds the caller's roles to a kind of campaign.
func (e *editor) allow(ctx context.Context, kind policy.MailKind, object string) error {
	if staff.Of(ctx).May(roleOf(kind)) {
		return nil
	}
	return errors.Join(&web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "この種類の配信は、別の担当のものです。", EN: "This kind of campaign belongs to another role."}},
		e.staff.Refused(ctx, "campaign."+string(kind), object, "role"))
}

// kinds are those that a person may see.
func kinds(p staff.Person) []policy.MailKind {
	return slices.DeleteFunc(campaign.Kinds(), func(k policy.MailKind) bool { return !p.May(roleOf(k)) })
}

// language is that of an answer: of a page as the person chose it, of JSON as the caller asks.
func language(r *http.Request) policy.Language {
	if web.WantsJSON(r) {
		return web.LanguageOf(r, policy.Japanese, policy.English)
	}
	return staff.Language(r)
}

// create takes a new campaign.
func (e *editor) create(w http.ResponseWriter, r *http.Request) error {
	return e.take(w, r, nil)
}

// save takes a new version of one.
func (e *editor) save(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return e.take(w, r, c)
}

// editable: what is scheduled is recalled before it is changed.
func editable(c *campaign.Campaign) bool {
	return c.State == campaign.Draft || c.State == campaign.InReview || c.State == campaign.Approved
}

func (e *editor) take(w http.ResponseWriter, r *http.Request, was *campaign.Campaign) error {
	ctx := r.Context()
	p, err := read(r)
	if err != nil {
		return err
	}
	d, wrong, err := p.draft(was)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return wrong.invalid(language(r))
	}
	kind := d.Kind
	if was != nil {
		kind = was.Kind
		switch page := p.json == nil; {
		case !editable(was) && page:
			return e.stateForm(w, r, d, was)
		case !editable(was):
			return e.conflict(was, "save")
		case fits(d.Version, was) != nil && page:
			return e.overtakenForm(w, r, d, was)
		case fits(d.Version, was) != nil:
			return e.overtaken(ctx, was)
		}
	}
	if campaign.Service(kind) != nil {
		if err := e.allow(ctx, kind, "campaign"); err != nil {
			return err
		}
	}
	if p.form.Get("people.show") != "" && kind == policy.MediaInvitation {
		return e.showPeople(w, r, p, d, was)
	}
	j, err := e.judge(ctx, d, was)
	if err != nil {
		return err
	}
	if j.gate {
		if err := e.staff.Refused(ctx, "campaign."+string(kind), "campaign", "purpose"); err != nil {
			return err
		}
	}
	if len(j.wrong) > 0 {
		if p.json != nil {
			return j.wrong.invalid(language(r))
		}
		return e.formAgain(w, r, d, was, j.wrong)
	}
	saved, err := e.keep(ctx, d, was, j)
	switch stale := errors.Is(err, campaign.ErrStale); {
	case stale && saved.ID != "" && p.json == nil:
		return e.overtakenForm(w, r, d, &saved)
	case stale && saved.ID != "":
		return e.overtaken(ctx, &saved)
	case errors.Is(err, campaign.ErrState) && p.json == nil:
		return e.stateForm(w, r, d, &saved)
	case stale, errors.Is(err, campaign.ErrState):
		return e.conflict(&saved, "save")
	}
	if err != nil {
		return err
	}
	return e.created(w, r, &saved, was == nil, j.warnings)
}
