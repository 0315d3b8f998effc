package main

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

// add puts somebody on a list: asked by a mail to confirm, or subscribed at once where the evidence of the consent is attached.
func (c *counter) add(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	b, err := read(r, "fields", "channel", "evidence")
	if err != nil {
		return err
	}
	l, err := c.named(ctx, listOf(r, b), "subscriber.add")
	if err != nil {
		return err
	}
	again := func(err error) error {
		var wrong *web.Error
		switch {
		case !errors.As(err, &wrong) || wrong.Kind != web.Invalid && wrong.Kind != web.Conflict:
			return err
		case web.WantsJSON(r):
			return prefixed(l, err)
		}
		return c.addForm(w, r, l, b, wrong)
	}
	if web.IsJSON(r) {
		if err := known(l, b.Fields); err != nil {
			return err
		}
	}
	values, _, err := c.values(ctx, l, b.Fields, language(r))
	if err = together(language(r), err, way(b.Channel)); err != nil {
		return again(err)
	}
	if b.Evidence != nil {
		if err := checkEvidence(b.Evidence, c.now()); err != nil {
			return again(err)
		}
	}
	// The address is not known to the ledger before it is hashed; the entry names the person whom the list makes of it.
	id := l.Person(values)
	if _, err = c.as(l, "subscriber.add", id).AddByHand(ctx, subscription.Added{Values: values, Channel: b.Channel, Evidence: b.Evidence}); err != nil {
		return again(c.failed(ctx, l, "subscriber.add", id, err))
	}
	if !web.WantsJSON(r) {
		return redirect(w, base+"/"+id+"?list="+l.code()+"&done=add")
	}
	card, _, err := l.Card(ctx, id)
	if err != nil {
		return err
	}
	w.Header().Set("Location", base+"/"+id+"?list="+l.code())
	return web.WriteJSON(w, http.StatusCreated, "application/json", l.row(card))
}

func way(channel string) error {
	if slices.Contains(toAdd, channel) {
		return nil
	}
	return one("channel", "required", "どのように申し出があったか（電話・メール・書面・窓口）を選んでください。", "Please say how the person asked for it: telephone, mail, letter or counter.")
}

// together makes one answer of what is wrong with fields and with the rest.
func together(l policy.Language, errs ...error) error {
	var all *web.Error
	for _, err := range errs {
		var wrong *web.Error
		switch {
		case err == nil:
			continue
		case !errors.As(err, &wrong):
			return err
		}
		for i := range wrong.Fields {
			wrong.Fields[i].Message = cmp.Or(wrong.Fields[i].Message, wrong.Message.In(l))
		}
		if all == nil {
			all = wrong
		} else {
			all.Fields = append(all.Fields, wrong.Fields...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

const mostEvidence = 500

// checkEvidence cleans an evidence: where and when the person agreed, and to which words.
func checkEvidence(e *subscription.Evidence, now time.Time) error {
	for _, part := range []struct {
		name  string
		value *string
	}{{"where", &e.Where}, {"when", &e.When}, {"words", &e.Words}} {
		value, err := text.Lines(*part.value)
		if err != nil || value == "" || text.TooLong(value, mostEvidence, mostEvidence*10) {
			return one("evidence."+part.name, "required", "同意の記録は、場所・日付・同意の文言のすべてを、それぞれ500文字以内で書いてください。",
				"An evidence says where, when and to which words the person agreed, each in at most 500 characters.")
		}
		*part.value = value
	}
	at, err := time.ParseInLocation(time.DateOnly, e.When, policy.JapanTime)
	if err != nil || at.After(now) || at.Year() < 1990 {
		return one("evidence.when", "date", "同意の日付は、2026-10-01 のように、今日までの日付で書いてください。", "Please write the day of the consent as 2026-10-01; it is not in the future.")
	}
	return nil
}

// correctPage shows what can be corrected.
func (c *counter) correctPage(w http.ResponseWriter, r *http.Request) error {
	return c.opened(w, r, "subscriber.view", func(l list, v *whole) error {
		if !slices.Contains(v.May, "correct") {
			return shown(subscription.ErrState)
		}
		values := maps.Clone(v.Fields)
		values["email"] = v.Email
		return c.correctForm(w, r, http.StatusOK, l, v.ID, values, nil)
	})
}

// correct puts a typing error right. What a script does not send stays as it is.
func (c *counter) correct(w http.ResponseWriter, r *http.Request) error {
	ctx, id, what := r.Context(), r.PathValue("id"), "subscriber.correct"
	b, err := read(r, "fields")
	if err != nil {
		return err
	}
	l, err := c.person(ctx, listOf(r, b), id, what)
	if err != nil {
		return err
	}
	card, found, err := l.Card(ctx, id)
	switch {
	case err != nil:
		return err
	case !found:
		return web.ErrNotFound
	case card.Subscriber == nil:
		return shown(subscription.ErrState)
	}
	sent := map[string]string{"email": card.Subscriber.Email}
	maps.Copy(sent, card.Subscriber.Fields)
	if web.IsJSON(r) {
		if err := known(l, b.Fields); err != nil {
			return err
		}
		if len(b.Fields) == 0 {
			return one("fields", "required", "訂正する項目を送ってください。", "Please send the fields to correct.")
		}
	}
	maps.Copy(sent, b.Fields)
	values, _, err := c.values(ctx, l, sent, language(r))
	var now string
	if err == nil {
		if now, err = c.as(l, what, id).Correct(ctx, id, values); err != nil {
			err = c.failed(ctx, l, what, id, err)
		}
	}
	var wrong *web.Error
	switch {
	case errors.As(err, &wrong) && (wrong.Kind == web.Invalid || wrong.Kind == web.Conflict) && !web.WantsJSON(r):
		return c.correctForm(w, r, wrong.Kind.Status(), l, id, sent, wrong)
	case err != nil:
		return prefixed(l, err)
	case !web.WantsJSON(r):
		return redirect(w, base+"/"+now+"?list="+l.code()+"&done=correct")
	}
	after, _, err := l.Card(ctx, now)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", l.row(after))
}
