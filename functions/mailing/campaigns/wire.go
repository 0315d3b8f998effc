package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// summary is a campaign in a list.
type summary struct {
	ID          string            `json:"id"`
	Kind        policy.MailKind   `json:"kind"`
	Status      campaign.State    `json:"status"`
	Title       string            `json:"title"`
	Languages   []policy.Language `json:"languages"`
	Event       string            `json:"event,omitempty"`
	CreatedAt   string            `json:"created_at"`
	ScheduledAt string            `json:"scheduled_at,omitempty"`
	StartedAt   string            `json:"started_at,omitempty"`
	EndedAt     string            `json:"ended_at,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	WaitsUntil  string            `json:"waits_until,omitempty"` // the quota of 24 hours is used up until then
	Counts      campaign.Counts   `json:"counts"`
}

// whole is a campaign with everything.
type whole struct {
	summary
	Version      int                                  `json:"version"`
	Content      map[policy.Language]campaign.Content `json:"content"`
	Segment      campaign.Segment                     `json:"segment"`
	Follows      *campaign.Follows                    `json:"follows,omitempty"`
	EmbargoUntil string                               `json:"embargo_until,omitempty"`
	ReplyTo      string                               `json:"reply_to,omitempty"`
	Attachments  []campaign.File                      `json:"attachments"`
	Author       string                               `json:"author"`
	Approver     string                               `json:"approver,omitempty"`
	May          []action                             `json:"may"` // what the caller may do now
	History      []step                               `json:"history"`
}

// step is one change of state.
type step struct {
	At     string         `json:"at"`
	Status campaign.State `json:"status"`
	By     string         `json:"by"`
	Reason string         `json:"reason,omitempty"` // a code, or of a return what the colleague wrote
}

// stamp writes Unix milliseconds as RFC 3339 in Japan; "" for 0.
func stamp(millis int64) string {
	if millis == 0 {
		return ""
	}
	return time.UnixMilli(millis).In(tokyo).Format(time.RFC3339)
}

// summarise reads what a list shows of a campaign. One that nobody was frozen for has no numbers to be read.
func (e *editor) summarise(ctx context.Context, c *campaign.Campaign) (summary, error) {
	s := summary{ID: c.ID, Kind: c.Kind, Status: c.State, Title: c.Title, Languages: c.Langs, Event: c.Event, CreatedAt: inJapan(c.CreatedAt),
		StartedAt: stamp(c.StartedAt), EndedAt: stamp(c.EndedAt), Reason: c.Reason}
	if c.State != campaign.Draft && c.State != campaign.InReview && c.State != campaign.Approved {
		s.ScheduledAt = stamp(c.ScheduledAt)
	}
	if c.State == campaign.Sending && c.WaitsUntil > e.now().UnixMilli() {
		s.WaitsUntil = stamp(c.WaitsUntil)
	}
	if c.Frozen == 0 && len(c.Left) == 0 {
		return s, nil
	}
	counts, _, err := e.store.Counts(ctx, c)
	s.Counts = counts
	return s, err
}

func (e *editor) describe(ctx context.Context, c *campaign.Campaign) (*whole, error) {
	s, err := e.summarise(ctx, c)
	if err != nil {
		return nil, err
	}
	contents, err := e.store.Contents(ctx, *c, c.Version)
	if err != nil {
		return nil, err
	}
	v := &whole{summary: s, Version: c.Version, Content: map[policy.Language]campaign.Content{}, Segment: c.Segment, Follows: c.Follows,
		EmbargoUntil: stamp(c.EmbargoUntil * 1000), ReplyTo: c.ReplyTo, Attachments: append([]campaign.File{}, c.Files...), Author: c.Author, Approver: c.Approver,
		May: append([]action{}, e.may(staff.Of(ctx), c)...)}
	for _, content := range contents {
		v.Content[content.Language] = content
	}
	remarks, err := e.store.Remarks(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, one := range c.History {
		v.History = append(v.History, step{stamp(one.At), one.To, one.By, cmp.Or(remarks[one.At], one.Reason)})
	}
	return v, nil
}

// cursor is where a list goes on: of each kind the store's own cursor, done where it has no more.
type cursor map[policy.MailKind]string

const done = "-"

func (c cursor) String() string {
	text, _ := json.Marshal(c) // strings only
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(s string) (cursor, error) {
	c := cursor{}
	if s == "" {
		return c, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(text, &c) != nil {
		return nil, errCursor
	}
	for _, at := range c {
		id, created, ok := strings.Cut(at, "@")
		if _, err := time.Parse(time.RFC3339, created); at != done && (!ok || err != nil || !campaign.IsID(id)) {
			return nil, errCursor
		}
	}
	return c, nil
}

var errCursor = &web.Error{Kind: web.BadRequest, Message: policy.Text{
	JA: "一覧の続きを示す値が正しくありません。一覧を最初から開いてください。", EN: "The cursor is not valid. Please begin with the first page of the list."}}

const (
	pageSize   = 20
	mostRounds = 5 // of reading where a filter leaves little
)

// page reads the newest campaigns of some kinds after a cursor, in some states (none: in all), and the cursor after them: nil at the end.
func (e *editor) page(ctx context.Context, kinds []policy.MailKind, in []campaign.State, from cursor) ([]campaign.Campaign, cursor, error) {
	var found []campaign.Campaign
	for range mostRounds {
		page, next, err := e.pageOf(ctx, kinds, from)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range page {
			if len(in) == 0 || slices.Contains(in, c.State) {
				found = append(found, c)
			}
		}
		if from = next; from == nil || len(found) >= pageSize/2 {
			break
		}
	}
	return found, from, nil
}

// pageOf merges the newest of each kind.
func (e *editor) pageOf(ctx context.Context, kinds []policy.MailKind, from cursor) ([]campaign.Campaign, cursor, error) {
	var all []campaign.Campaign
	more := map[policy.MailKind]bool{}
	for _, kind := range kinds {
		if from[kind] == done {
			continue
		}
		page, next, err := e.store.List(ctx, kind, pageSize, from[kind])
		if err != nil {
			return nil, nil, err
		}
		all, more[kind] = append(all, page...), next != ""
	}
	slices.SortStableFunc(all, func(a, b campaign.Campaign) int { return strings.Compare(b.CreatedAt, a.CreatedAt) })
	rest := map[policy.MailKind]bool{}
	if len(all) > pageSize {
		for _, c := range all[pageSize:] {
			rest[c.Kind] = true
		}
		all = all[:pageSize]
	}
	next, ended := cursor{}, true
	for _, kind := range kinds {
		next[kind] = from[kind]
		for _, c := range all {
			if c.Kind == kind {
				next[kind] = c.ID + "@" + c.CreatedAt
			}
		}
		if from[kind] == done || !more[kind] && !rest[kind] {
			next[kind] = done
			continue
		}
		ended = false
	}
	if ended {
		next = nil
	}
	return all, next, nil
}

// created answers a new campaign, or a new version.
func (e *editor) created(w http.ResponseWriter, r *http.Request, c *campaign.Campaign, fresh bool, warnings problems) error {
	if !web.WantsJSON(r) {
		return e.redirect(w, base+"/"+c.ID, "saved")
	}
	status := http.StatusOK
	if fresh {
		status = http.StatusCreated
		w.Header().Set("Location", base+"/"+c.ID)
	}
	return web.WriteJSON(w, status, "application/json", kept{c.ID, c.Version, c.State, warnings.fields(language(r))})
}

// answer tells what an action has made of a campaign.
func (e *editor) answer(w http.ResponseWriter, r *http.Request, status int, c *campaign.Campaign, told string) error {
	if !web.WantsJSON(r) {
		return e.redirect(w, base+"/"+c.ID, told)
	}
	s, err := e.summarise(r.Context(), c)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, status, "application/json", s)
}

// redirect sends a browser on to a page that says what was done.
func (e *editor) redirect(w http.ResponseWriter, to, told string) error {
	w.Header().Set("Location", to+"?done="+told)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
