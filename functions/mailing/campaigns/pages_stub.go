package main

import (
	"context"
	"net/http"

	"madoguchi/shared/campaign"
	"madoguchi/shared/web"
)

func (e *editor) listPage(w http.ResponseWriter, r *http.Request, items []summary, next cursor) error {
	return web.ErrNotFound
}
func (e *editor) showPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign, v *whole) error {
	return web.ErrNotFound
}
func (e *editor) formAgain(w http.ResponseWriter, r *http.Request, p *post, d *draft, was *campaign.Campaign, wrong problems) error {
	return web.ErrNotFound
}
func (e *editor) scheduleAgain(w http.ResponseWriter, r *http.Request, c *campaign.Campaign, p *post, wrong problems) error {
	return web.ErrNotFound
}
func (e *editor) newPage(w http.ResponseWriter, r *http.Request) error { return web.ErrNotFound }
func (e *editor) editPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) schedulePage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) test(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) preview(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) results(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) resultsFile(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) progress(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) recipientPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) recipient(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	return web.ErrNotFound
}
func (e *editor) askColleagues(ctx context.Context, c *campaign.Campaign) error { return nil }
