package main

import (
	"net/http"
	"slices"
	"sync"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// list shows the campaigns of the caller's kinds, the newest first: ?kind= and ?status= narrow it.
func (e *editor) list(w http.ResponseWriter, r *http.Request) error {
	ctx, query := r.Context(), r.URL.Query()
	wanted, in := kinds(staff.Of(ctx)), []campaign.State(nil)
	if kind := policy.MailKind(query.Get("kind")); kind != "" {
		if campaign.Service(kind) == nil {
			return unknownFilter
		}
		if err := e.allow(ctx, kind, "campaign"); err != nil {
			return err
		}
		wanted = []policy.MailKind{kind}
	}
	if state := campaign.State(query.Get("status")); state != "" {
		if !slices.Contains(states(), state) {
			return unknownFilter
		}
		in = []campaign.State{state}
	}
	from, err := parseCursor(query.Get("cursor"))
	if err != nil {
		return err
	}
	page, next, err := e.page(ctx, wanted, in, from)
	if err != nil {
		return err
	}
	items, errs, group := make([]summary, len(page)), make([]error, len(page)), sync.WaitGroup{}
	for i := range page {
		group.Go(func() { items[i], errs[i] = e.summarise(ctx, &page[i]) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if web.WantsJSON(r) {
		answer := struct {
			Items []summary `json:"items"`
			Next  *string   `json:"next"`
		}{Items: items}
		if next != nil {
			text := next.String()
			answer.Next = &text
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", answer)
	}
	return e.listPage(w, r, items, next)
}

var unknownFilter = &web.Error{Kind: web.BadRequest, Message: policy.Text{
	JA: "絞り込みの条件が正しくありません。", EN: "There is no such kind or status."}}

// show tells everything of a campaign.
func (e *editor) show(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	if !web.WantsJSON(r) {
		return e.showPage(w, r, c)
	}
	v, err := e.describe(r.Context(), c)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", v)
}
