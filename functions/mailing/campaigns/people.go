package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
)

// mostOffered is how many media people are offered to pick from at a time, beside those who are picked.
const mostOffered = 200

// picking is what of the press list is to be shown. It is posted with the form, so that what was typed stays, and no name stands in an
// address (R45).
type picking struct {
	Q    string // beginning of a name or an organisation; "" for the list itself
	From string // cursor; "" for the beginning
	Next string // cursor of what follows, "" at the end
}

// showPeople shows the form again with others of the press list to pick from. What was typed and who was picked stays.
func (e *editor) showPeople(w http.ResponseWriter, r *http.Request, p *post, d *draft, was *campaign.Campaign) error {
	pick := &picking{Q: strings.TrimSpace(p.form.Get("people.q")), From: p.form.Get("people.from")}
	if p.form.Get("people.show") == "begin" {
		pick.From = ""
	}
	status, wrong := http.StatusOK, problems(nil)
	if pick.Q != "" {
		if _, _, err := e.press.Beginning(r.Context(), pick.Q, "", 1); errors.Is(err, subscription.ErrTooShort) {
			status = http.StatusUnprocessableEntity
			wrong.add("people.q", "too_short", "氏名・媒体名は、始めの2文字以上で探してください。", "Please type the first two characters or more.")
			pick.Q, pick.From = "", ""
		} else if err != nil {
			return fmt.Errorf("search the press: %w", err)
		}
	}
	return e.form(w, r, status, d, was, wrong, func(v *editView) { v.Picking = pick })
}

// isCursor tells whether a text may be a cursor of the press list.
func isCursor(s string) bool {
	return len(s) >= 2 && len(s) <= 64 && strings.Trim(s[:2], "0123456789abcdef") == "" && strings.Trim(s, "0123456789abcdefg") == ""
}

// people are those on the press list who can be picked, and those who were: that they were looked at is recorded.
func (e *editor) people(ctx context.Context, picked []string, p *picking) ([]choice, error) {
	if err := e.staff.Audit(ctx, "campaign.people", "list/press"); err != nil {
		return nil, err
	}
	sources := e.sources
	sources.Preview = true
	a, err := audience.Open(ctx, sources, &campaign.Campaign{Kind: policy.MediaInvitation, Langs: []policy.Language{policy.Japanese}})
	if err != nil {
		return nil, err
	}
	offered, err := e.offered(ctx, a, p)
	if err != nil {
		return nil, err
	}
	keys := slices.Clone(picked)
	for _, key := range offered {
		if !slices.Contains(picked, key) {
			keys = append(keys, key)
		}
	}
	var all []choice
	for some := range slices.Chunk(keys, campaign.ChunkSize) {
		now, err := a.Read(ctx, some)
		if err != nil {
			return nil, fmt.Errorf("list the press: %w", err)
		}
		for key, one := range now {
			if one.Left == "" {
				all = append(all, choice{Value: key, Label: one.Values["organization"] + "　" + one.Values["name"]})
			}
		}
	}
	slices.SortFunc(all, func(a, b choice) int {
		if mine, theirs := slices.Contains(picked, a.Value), slices.Contains(picked, b.Value); mine != theirs {
			return map[bool]int{true: -1, false: 1}[mine] // those who are picked stand first
		}
		return strings.Compare(a.Label, b.Label)
	})
	return all, nil
}

// offered are keys of the press list as asked for, and sets the cursor of those that follow.
func (e *editor) offered(ctx context.Context, a campaign.Audience, p *picking) ([]string, error) {
	var keys []string
	if p.Q != "" {
		found, next, err := e.press.Beginning(ctx, p.Q, p.From, mostOffered)
		if errors.Is(err, subscription.ErrCursor) {
			return nil, errCursor
		}
		if err != nil {
			return nil, fmt.Errorf("search the press: %w", err)
		}
		for _, s := range found {
			keys = append(keys, s.Person)
		}
		p.Next = next
		return keys, nil
	}
	if p.From != "" && !isCursor(p.From) {
		return nil, errCursor
	}
	page, next, err := a.Page(ctx, policy.Japanese, p.From)
	if err != nil {
		return nil, fmt.Errorf("list the press: %w", err)
	}
	p.Next = next
	for _, c := range page {
		if c.Left != "" {
			continue
		}
		if len(keys) == mostOffered {
			p.Next = keys[len(keys)-1] // the walk goes on after a key
			break
		}
		keys = append(keys, c.Key)
	}
	return keys, nil
}
