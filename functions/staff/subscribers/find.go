package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"madoguchi/shared/address"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// row is one person in a list: masked, until somebody opens it and the ledger says who.
type row struct {
	ID           string             `json:"id"`
	List         string             `json:"list"`
	State        subscription.State `json:"state"`
	Since        string             `json:"since"`
	Channel      string             `json:"channel"`
	Name         string             `json:"name"`
	Email        string             `json:"email"`
	Organization string             `json:"organization"`
	ExpiresAt    string             `json:"expires_at,omitempty"`
	Suppression  string             `json:"suppression,omitempty"` // the reason
	HoldUntil    string             `json:"hold_until,omitempty"`  // of somebody who was looked up by address or has been acted on
	Moved        bool               `json:"moved,omitempty"`       // the address that was asked for was given up for another
}

func (l list) row(c subscription.Card) row {
	r := row{ID: c.Person, List: l.code(), State: c.State(), Since: c.Since(), Moved: c.Moved}
	if s := c.Subscriber; s != nil {
		r.Channel, r.ExpiresAt = channelOf(s.Proof), japan(s.ExpiresAt)
		r.Name, r.Email, r.Organization = maskName(s.Fields["name"]), maskEmail(s.Email), s.Fields["organization"]
	} else if len(c.Consents) > 0 {
		r.Channel = channelOf(c.Consents[len(c.Consents)-1].Proof)
	}
	if len(c.Holds) > 0 {
		r.HoldUntil = japan(c.Holds[0].Until)
	}
	if c.Suppression != nil {
		r.Suppression = c.Suppression.Reason
	}
	return r
}

// search is what is looked for: one of three.
type search struct {
	List, Email, Query string
	State              subscription.State
	Cursor             string
}

const pageSize = 20

// find lists people. Scripts ask by address, as the contract says; the page posts what names somebody (findByForm), so that it
// stands in no address and no history of a browser (R45).
func (c *counter) find(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return c.search(w, r, search{q.Get("list"), q.Get("email"), q.Get("q"), subscription.State(q.Get("state")), q.Get("cursor")})
}

func (c *counter) findByForm(w http.ResponseWriter, r *http.Request) error {
	b, err := read(r, "email", "q", "cursor")
	if err != nil {
		return err
	}
	return c.search(w, r, search{List: b.List, Email: b.Email, Query: b.Query, Cursor: b.Cursor})
}

func (c *counter) search(w http.ResponseWriter, r *http.Request, s search) error {
	ctx := r.Context()
	l, err := c.named(ctx, s.List, "subscriber.find")
	if err != nil {
		return err
	}
	if s.State != "" && !staff.Of(ctx).May(l.role) { // General Affairs look for the person whom a case is about, and at nobody else
		return c.refused(ctx, "subscriber.find", l.code())
	}
	s.Email, s.Query = strings.TrimSpace(s.Email), strings.TrimSpace(s.Query)
	asked := s.Email != "" || s.Query != "" || s.State != ""
	var rows []row
	var next string
	if asked || web.WantsJSON(r) || r.Method == http.MethodPost {
		if rows, next, err = c.found(ctx, l, s); err != nil {
			var wrong *web.Error
			if errors.As(err, &wrong) && wrong.Kind == web.Invalid && !web.WantsJSON(r) {
				return c.findPage(w, r, http.StatusUnprocessableEntity, findView{List: l, Search: s, Wrong: wrong})
			}
			return err
		}
		if err := c.staff.Audit(ctx, "subscriber.find", l.code()); err != nil {
			return err
		}
	}
	if web.WantsJSON(r) {
		answer := struct {
			Items []row   `json:"items"`
			Next  *string `json:"next"`
		}{Items: append([]row{}, rows...)}
		if next != "" {
			answer.Next = &next
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", answer)
	}
	return c.findPage(w, r, http.StatusOK, findView{List: l, Search: s, Rows: rows, Next: next, Asked: asked,
		Unknown: s.Email != "" && len(rows) == 0 && staff.Of(ctx).May(l.role)})
}

func (c *counter) found(ctx context.Context, l list, s search) ([]row, string, error) {
	var people []subscription.Subscriber
	var next string
	var err error
	switch {
	case s.Email != "":
		return c.byAddress(ctx, l, s.Email)
	case s.Query != "":
		people, next, err = l.Beginning(ctx, s.Query, s.Cursor, pageSize)
	case slices.Contains(subscription.States(), s.State):
		people, next, err = l.InState(ctx, s.State, s.Cursor, pageSize)
	case s.State != "":
		return nil, "", one("state", "unknown", "その状態はありません。", "There is no such state.")
	default:
		return nil, "", one("email", "required", "メールアドレス、氏名・所属の始め、状態のいずれかで探してください。", "Please search by address, by the beginning of a name or organisation, or by state.")
	}
	switch {
	case errors.Is(err, subscription.ErrTooShort):
		return nil, "", one("q", "too_short", "氏名・所属は2文字以上で探してください（1文字の姓は、漢字1文字で探せます）。", "Please type two or more characters; one Chinese character finds family names.")
	case errors.Is(err, subscription.ErrCursor):
		return nil, "", errCursor
	case err != nil:
		return nil, "", err
	}
	rows := make([]row, len(people))
	for i := range people {
		rows[i] = l.row(subscription.Card{Person: people[i].Person, Subscriber: &people[i]})
	}
	return rows, next, nil
}

var (
	errCursor = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "一覧の続きを示す値が正しくありません。一覧を最初から開いてください。", EN: "The cursor is not valid. Please begin with the first page of the list."}}
	errAddress = one("email", "invalid", "メールアドレスの形をご確認ください。", "Please check the mail address.")
)

// byAddress finds one person, as the address was typed: with full-width letters, capitals, or the address of earlier. What is held of
// an address that was given up since stands beside.
func (c *counter) byAddress(ctx context.Context, l list, typed string) ([]row, string, error) {
	to, err := address.Parse(typed)
	if err != nil {
		return nil, "", errAddress
	}
	person := to.Key(l.AddressKey)
	card, found, err := l.Meet(ctx, person)
	if err != nil || !found {
		return nil, "", err
	}
	rows := []row{l.row(card)}
	if card.Person != person {
		before, found, err := l.Card(ctx, person)
		if err != nil {
			return nil, "", err
		}
		if found && len(before.Holds) > 0 {
			rows = append(rows, l.row(before))
		}
	}
	return rows, "", nil
}
