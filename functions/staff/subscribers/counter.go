package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/suppression"
	"madoguchi/shared/web"
)

// counter is where staff look after the lists.
type counter struct {
	staff     *staff.Desk
	lists     []list
	campaigns *campaign.Store
	ses       suppression.Account
	now       func() time.Time
}

// list is one list and the only role that sees it.
type list struct {
	*subscription.List
	role string
}

func (l list) code() string { return string(l.Service.Code) }

// base is where all of it lives.
const base = "/staff/subscribers"

func (c *counter) handler() http.Handler {
	mux := c.staff.NewMux()
	roles := []string{policy.RoleEditor, policy.RolePress}
	handle := func(pattern string, h web.HandlerFunc) { mux.Handle(pattern, roles, h) }
	look := func(pattern string, h web.HandlerFunc) { mux.Handle(pattern, append(roles, policy.RolePrivacy), h) }
	hold := func(pattern string, h web.HandlerFunc) { mux.Handle(pattern, []string{policy.RolePrivacy}, h) }
	look("GET "+base, c.find)
	look("POST "+base+"/find", c.findByForm)
	look("GET "+base+"/{id}", c.show)
	look("GET "+base+"/{id}/export", c.export)
	hold("GET "+base+"/holds", c.holds)
	hold("POST "+base+"/{id}/hold", c.setHold)
	hold("POST "+base+"/{id}/release", c.release)
	handle("POST "+base, c.add)
	handle("POST "+base+"/optout", c.optOutAddress)
	handle("GET "+base+"/new", c.addPage)
	handle("GET "+base+"/numbers", c.numbers)
	handle("GET "+base+"/numbers.csv", c.numbersFile)
	handle("POST "+base+"/approve", c.decideAll(approve))
	handle("POST "+base+"/refuse", c.decideAll(refuse))
	handle("GET "+base+"/{id}/correct", c.correctPage)
	handle("POST "+base+"/{id}/correct", c.correct)
	handle("POST "+base+"/{id}/optout", c.optOut)
	handle("POST "+base+"/{id}/resend", c.resend)
	handle("POST "+base+"/{id}/restore", c.restore)
	handle("POST "+base+"/{id}/approve", c.decide(approve))
	handle("POST "+base+"/{id}/refuse", c.decide(refuse))
	describe(mux)
	return mux
}

// allows tells whether a person may do something on a list (contract: "Roles").
func (l list) allows(p staff.Person, what string) bool {
	if slices.Contains(holding, what) {
		return p.May(policy.RolePrivacy)
	}
	return p.May(l.role) || slices.Contains(ofPrivacy, what) && p.May(policy.RolePrivacy)
}

// open are the lists that the caller may do something on.
func (c *counter) open(ctx context.Context, what string) []list {
	return slices.DeleteFunc(slices.Clone(c.lists), func(l list) bool { return !l.allows(staff.Of(ctx), what) })
}

// named finds a list by its name and holds the caller's roles to it; "" is the first that the caller may see.
func (c *counter) named(ctx context.Context, name, what string) (list, error) {
	if name == "" {
		return c.open(ctx, what)[0], nil // the route asks for one of the roles
	}
	i := slices.IndexFunc(c.lists, func(l list) bool { return l.code() == name })
	if i < 0 {
		return list{}, one("list", "unknown", "名簿は newsletter か press です。", "The list is newsletter or press.")
	}
	if l := c.lists[i]; l.allows(staff.Of(ctx), what) {
		return l, nil
	}
	return list{}, c.refused(ctx, what, name)
}

// refused is the answer to somebody whose roles do not allow it, once the ledger has it.
func (c *counter) refused(ctx context.Context, what, object string) error {
	return errors.Join(&web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "この名簿は、別の担当のものです。", EN: "This list belongs to another role."}}, c.staff.Refused(ctx, what, object, "role"))
}

// person finds the list that a request about one person is for: as named, or the only one of the caller's that knows the person.
func (c *counter) person(ctx context.Context, name, id, what string) (list, error) {
	if name != "" {
		return c.named(ctx, name, what)
	}
	var known []list
	for _, l := range c.open(ctx, what) {
		_, found, err := l.Card(ctx, id)
		if err != nil {
			return list{}, err
		}
		if found {
			known = append(known, l)
		}
	}
	switch len(known) {
	case 0:
		return list{}, web.ErrNotFound
	case 1:
		return known[0], nil
	}
	return list{}, one("list", "required", "この方は両方の名簿にあります。list で名簿を指定してください。", "The person is on both lists. Please name one by list.")
}

// object is what the ledger calls a person on a list: a keyed hash and no name.
func (l list) object(id string) string { return l.code() + "/" + id }

// as returns the list so that what is done to it is entered in the ledger in the same transaction (R47).
func (c *counter) as(l list, what, id string) *subscription.List {
	noted := *l.List
	noted.Commit = func(ctx context.Context, tx *record.Transaction) error {
		return c.staff.Commit(ctx, tx, what, l.object(id))
	}
	return &noted
}

// one is the answer where one thing is wrong.
func one(field, code, ja, en string) error {
	text := policy.Text{JA: ja, EN: en}
	return &web.Error{Kind: web.Invalid, Message: text, Fields: []web.FieldError{{Field: field, Code: code}}}
}

// shown turns an error of the list into what staff are told.
func shown(err error) error {
	conflict := func(ja, en string, members map[string]any) error {
		return &web.Error{Kind: web.Conflict, Cause: err, Message: policy.Text{JA: ja, EN: en}, Members: members}
	}
	var out *subscription.OptedOut
	switch {
	case errors.As(err, &out):
		ja, en := "このアドレスの方は配信を望んでいません（%s、%s）。本人が登録フォームから確認し直した場合に限り、登録できます。", "This person does not want mail (%s, %s). Only a new confirmation by the person changes that."
		if out.Reason == string(subscription.Bounced) {
			ja, en = "このアドレスにはメールが届きませんでした（%s、%s）。誤りであれば、登録者のページで配信に戻すか、確認のメールで登録してください。",
				"Mail to this address came back (%s, %s). If that was wrong, put the person back, or add them by a confirmation mail."
		}
		reason, day := reasonName(out.Reason), date(out.Since)
		return conflict(sprint(ja, reason.JA, day.JA), sprint(en, reason.EN, day.EN), map[string]any{"reason": out.Reason, "since": out.Since})
	case errors.Is(err, subscription.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, subscription.ErrNothingHeld):
		return conflict("延長する記録、または延長の記録がありません。登録者のページで状態をご確認ください。", "There is nothing to hold, or no such hold. Please look at the person's page.", nil)
	case errors.Is(err, subscription.ErrTaken):
		return conflict("このアドレスはすでに名簿にあります。何も変更していません。", "The address is on the list already. Nothing was changed.", nil)
	case errors.Is(err, subscription.ErrState), errors.Is(err, subscription.ErrNotWaiting):
		return conflict("いまの状態では、この操作はできません。登録者のページで状態をご確認ください。",
			"This cannot be done in the present state. Please look at the person's page.", nil)
	}
	return err
}
