package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// hold is a hold as staff see it. What it keeps is shown to General Affairs alone: whoever looks after a list has no use for it (R57).
type hold struct {
	Until     string            `json:"until"`
	Reason    record.HoldReason `json:"reason"`
	Reference string            `json:"reference"`
	Since     string            `json:"since"`
	Kept      *kept             `json:"kept,omitempty"`
}

// kept is what a hold keeps: the record as it was on the day when the hold was set.
type kept struct {
	State       subscription.State        `json:"state"`
	Email       string                    `json:"email"`
	Fields      map[string]string         `json:"fields"`
	SubmittedAt string                    `json:"submitted_at"`
	Waiting     []signUp                  `json:"waiting,omitempty"`
	Left        *signUp                   `json:"left,omitempty"`
	Suppression *subscription.Suppression `json:"suppression"`
	Evidence    []evidence                `json:"evidence"`
}

func (l list) hold(h subscription.Held, whole bool) hold {
	v := hold{Until: japan(h.Until), Reason: h.Reason, Reference: h.Reference, Since: h.Since}
	if !whole {
		return v
	}
	v.Kept = &kept{Fields: map[string]string{}, Suppression: h.Wish, Evidence: []evidence{}}
	if s := h.Subscriber; s != nil {
		v.Kept.State, v.Kept.Email, v.Kept.Fields, v.Kept.SubmittedAt = s.State, s.Email, s.Fields, s.SubmittedAt
		for _, e := range s.Earlier {
			v.Kept.Waiting = append(v.Kept.Waiting, signUp{e.Email, e.Fields, e.SubmittedAt, japan(s.ExpiresAt)})
		}
	}
	if s := h.Left; s != nil {
		v.Kept.Left = &signUp{s.Email, s.Fields, s.SubmittedAt, japan(s.ExpiresAt)}
	}
	for _, c := range h.Consents {
		v.Kept.Evidence = append(v.Kept.Evidence, l.evidence(c.Proof, c.ConfirmedAt, c.EndedAt))
	}
	return v
}

// setHold keeps what is known of a person for a privacy case or an incident. It is General Affairs' to say (contract: "privacy").
func (c *counter) setHold(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, "hold", []string{"until", "reason", "reference"}, func(ctx context.Context, l *subscription.List, b *body) (string, error) {
		until, err := endOfHold(b.Until)
		if err != nil {
			return "", err
		}
		id := r.PathValue("id")
		err = l.Hold(ctx, id, record.Hold{Until: until.Unix(), Reason: record.HoldReason(b.Reason), Reference: strings.TrimSpace(b.Reference)})
		switch {
		case errors.Is(err, record.ErrHoldReason):
			return "", one("reason", "unknown", "理由（個人情報の請求・事故への対応）を選んでください。", "Please choose the reason: a privacy case or an incident.")
		case errors.Is(err, record.ErrHoldReference):
			return "", one("reference", "invalid", "管理番号は、数字を含む英数字とハイフン（40文字まで）で書いてください。氏名は書かないでください。",
				"A reference is letters, digits and hyphens with at least one digit, at most 40, and no name.")
		case errors.Is(err, record.ErrHoldUntil):
			return "", errUntil
		}
		return id, err
	})
}

var errUntil = one("until", "invalid", "期限は、明日から1年以内の日付にしてください。さらに必要な場合は、期限の前にあらためて延長できます。",
	"The last day is one from tomorrow on, within a year. It can be set anew before it is over.")

// endOfHold reads until when: a day, which the hold lasts to the end of, or a moment.
func endOfHold(text string) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(text), policy.JapanTime); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	if err != nil {
		return time.Time{}, errUntil
	}
	return at, nil
}

// release ends a hold: what it kept goes at once.
func (c *counter) release(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, "release", []string{"reference"}, func(ctx context.Context, l *subscription.List, b *body) (string, error) {
		return r.PathValue("id"), l.EndHold(ctx, r.PathValue("id"), strings.TrimSpace(b.Reference))
	})
}

// heldRow is one hold in the list of all, without anything of the person.
type heldRow struct {
	ID   string `json:"id"`
	List string `json:"list"`
	hold
}

// LastDay is the day on which the hold still lasts.
func (h hold) LastDay() string { return lastDay(h.Until) }

// holds lists what is held, so that none is forgotten.
func (c *counter) holds(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	l, err := c.named(ctx, r.URL.Query().Get("list"), "subscriber.holds")
	if err != nil {
		return err
	}
	people, next, err := l.EverybodyHeld(ctx, r.URL.Query().Get("cursor"), pageSize)
	if errors.Is(err, subscription.ErrCursor) {
		return errCursor
	}
	if err != nil {
		return err
	}
	if err := c.staff.Audit(ctx, "subscriber.holds", l.code()); err != nil {
		return err
	}
	rows := make([]heldRow, len(people))
	for i, p := range people {
		rows[i] = heldRow{p.Person, l.code(), l.hold(subscription.Held{Hold: p.Hold}, false)}
	}
	if web.WantsJSON(r) {
		answer := map[string]any{"items": rows, "next": nil}
		if next != "" {
			answer["next"] = next
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", answer)
	}
	v := holdsView{view: c.view(ctx, r, l, "subscriber.holds"), Rows: rows}
	if next != "" {
		v.Next = "?" + url.Values{"list": {l.code()}, "cursor": {next}}.Encode()
	}
	return c.write(w, r, http.StatusOK, policy.Text{JA: "保存期限を延長している方", EN: "People on hold"}, "holds", v)
}

// optOutAddress records the wish of somebody who may not be on the list: on paper still, or part of the next import. The address is
// posted, and nothing but its keyed hash is kept.
func (c *counter) optOutAddress(w http.ResponseWriter, r *http.Request) error {
	const what = "subscriber.optout"
	ctx := r.Context()
	b, err := read(r, "email", "channel")
	if err != nil {
		return err
	}
	l, err := c.named(ctx, listOf(r, b), what)
	if err != nil {
		return err
	}
	again := func(err error) error {
		var wrong *web.Error
		if web.WantsJSON(r) || !errors.As(err, &wrong) || wrong.Kind != web.Invalid {
			return err
		}
		return c.findPage(w, r, http.StatusUnprocessableEntity, findView{List: l, Search: search{List: l.code(), Email: b.Email}, Wrong: wrong, Asked: true, Unknown: true})
	}
	to, err := address.Parse(strings.TrimSpace(b.Email))
	if err != nil {
		return again(errAddress)
	}
	if err := byOwnWay(b.Channel); err != nil {
		return again(err)
	}
	id, err := l.Whose(ctx, to)
	if err != nil {
		return err
	}
	if err := c.as(l, what, id).OptOutUnknown(ctx, id, b.Channel); err != nil {
		return c.failed(ctx, l, what, id, err)
	}
	if !web.WantsJSON(r) {
		return redirect(w, base+"/"+id+"?list="+l.code()+"&done=optout")
	}
	card, _, err := l.Card(ctx, id)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", l.row(card))
}

// holdsView is the page of all holds.
type holdsView struct {
	view
	Rows []heldRow
	Next string
}

// HoldReason is what a reason is called.
func (v view) HoldReason(r record.HoldReason) string { return holdReason(r).In(v.Language) }

func holdReason(r record.HoldReason) policy.Text {
	if r == record.Incident {
		return policy.Text{JA: "事故への対応", EN: "incident"}
	}
	return policy.Text{JA: "個人情報の請求", EN: "privacy case"}
}

// HoldReasons are those to choose from.
func (v view) HoldReasons() []record.HoldReason { return record.HoldReasons() }

// heldView is what a hold keeps, for the page.
type heldView struct {
	hold
	Items []pair
	Until string
}

// held are the holds with what they keep, under the labels of the form.
func (v personView) held(fields []form.Field) []heldView {
	var all []heldView
	for _, h := range v.P.Holds {
		one := heldView{hold: h, Until: v.Date(lastDay(h.Until))}
		if h.Kept != nil {
			one.Items = v.items(fields, h.Kept.Email, h.Kept.Fields)
		}
		all = append(all, one)
	}
	return all
}

// lastDay is the day on which something is still there that ends at a moment: a hold to the end of March ends with the first of April.
func lastDay(until string) string {
	at, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return ""
	}
	return at.Add(-time.Second).Format(time.RFC3339)
}

// what General Affairs may do on both lists: find the person whom a case is about, see what is known, and hold it.
var ofPrivacy = []string{"subscriber.find", "subscriber.view", "subscriber.export"}

// holding are the actions that nobody but General Affairs may take.
var holding = []string{"subscriber.hold", "subscriber.release", "subscriber.holds"}

// mayHold reports whether the caller decides on holds.
func mayHold(ctx context.Context) bool { return staff.Of(ctx).May(policy.RolePrivacy) }
