package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

// language is that of an answer: of a page as the person chose it, of JSON as the caller asks.
func language(r *http.Request) policy.Language {
	if web.WantsJSON(r) {
		return web.LanguageOf(r, policy.Japanese, policy.English)
	}
	return staff.Language(r)
}

// listOf is the list that a request names: in its address or in its body.
func listOf(r *http.Request, b *body) string {
	if name := r.URL.Query().Get("list"); name != "" {
		return name
	}
	return b.List
}

// one person's action: reads the body, finds the list, acts, and answers with where the person stands then.
func (c *counter) act(w http.ResponseWriter, r *http.Request, name string, members []string, do func(context.Context, *subscription.List, *body) (string, error)) error {
	ctx, id, what := r.Context(), r.PathValue("id"), "subscriber."+name
	b, err := read(r, members...)
	if err != nil {
		return err
	}
	l, err := c.person(ctx, listOf(r, b), id, what)
	if err != nil {
		return err
	}
	object := id
	if slices.Contains(holding, what) { // which of the person's holds it is about; the list takes no other than a number
		object += "/" + strings.TrimSpace(b.Reference)
	}
	now, err := do(ctx, c.as(l, what, object), b)
	if err != nil {
		return c.failed(ctx, l, what, id, err)
	}
	card, found, err := l.Card(ctx, now)
	if err != nil {
		return err
	}
	if !web.WantsJSON(r) {
		switch {
		case !found && name == refuse.name: // a request that was refused has gone
			return redirect(w, base+"?list="+l.code()+"&state="+string(subscription.Pending)+"&done="+name)
		case !found:
			return redirect(w, base+"?list="+l.code()+"&done="+name)
		}
		return redirect(w, base+"/"+now+"?list="+l.code()+"&done="+name)
	}
	if !found {
		return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"id": id, "list": l.code(), "state": nil})
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", l.row(card))
}

// failed tells what stood in the way. What was refused for the sake of a person's wish is entered in the ledger.
func (c *counter) failed(ctx context.Context, l list, what, id string, err error) error {
	var out *subscription.OptedOut
	if errors.As(err, &out) {
		return errors.Join(shown(err), c.staff.Refused(ctx, what, l.object(id), out.Reason))
	}
	return shown(err)
}

func redirect(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (c *counter) optOut(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, "optout", []string{"channel"}, func(ctx context.Context, l *subscription.List, b *body) (string, error) {
		if err := byOwnWay(b.Channel); err != nil {
			return "", err
		}
		return r.PathValue("id"), l.OptOutByHand(ctx, r.PathValue("id"), b.Channel)
	})
}

// byOwnWay holds a channel to the ways by which people tell staff what they wish.
func byOwnWay(channel string) error {
	if slices.Contains(ownWays, channel) {
		return nil
	}
	return one("channel", "unknown", "どのように申し出があったか（電話・メール・書面）を選んでください。", "Please say how the person told us: telephone, mail or letter.")
}

func (c *counter) resend(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, "resend", nil, func(ctx context.Context, l *subscription.List, _ *body) (string, error) {
		return r.PathValue("id"), l.SendAgain(ctx, r.PathValue("id"))
	})
}

const mostReason = 200

func (c *counter) restore(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, "restore", []string{"reason"}, func(ctx context.Context, l *subscription.List, b *body) (string, error) {
		reason, err := text.Line(b.Reason)
		if err != nil || reason == "" || text.TooLong(reason, mostReason, mostReason*10) {
			return "", one("reason", "required", "配信に戻す理由を200文字以内で書いてください。", "Please give the reason, in at most 200 characters.")
		}
		// SES keeps list mail from the address too: without its entry gone the next issue would bounce again.
		return r.PathValue("id"), l.PutBackOn(ctx, r.PathValue("id"), reason, func(ctx context.Context, to string) error {
			if err := c.ses.Remove(ctx, to); err != nil {
				return &web.Error{Kind: web.Unavailable, Cause: err, Message: policy.Text{
					JA: "メールサービスの送信停止の記録を消せませんでした。何も変更していません。しばらくしてからもう一度お試しください。",
					EN: "SES's own suppression could not be lifted. Nothing was changed. Please try again later."}}
			}
			return nil
		})
	})
}

// decision is what staff say to a medium that asks to be on the press list.
type decision struct {
	name string
	do   func(*subscription.List, context.Context, string) error
}

var (
	approve = decision{"approve", (*subscription.List).Approve}
	refuse  = decision{"refuse", (*subscription.List).Refuse}
)

func (c *counter) decide(d decision) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		return c.act(w, r, d.name, nil, func(ctx context.Context, l *subscription.List, _ *body) (string, error) {
			return r.PathValue("id"), d.do(l, ctx, r.PathValue("id"))
		})
	}
}

// mostDecided is how many can be decided at once: a transaction and an entry each, while somebody waits.
const mostDecided = 50

// decideAll decides on several, each by itself: what came in between for one does not hold up the others.
func (c *counter) decideAll(d decision) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, what := r.Context(), "subscriber."+d.name
		b, err := read(r, "ids")
		if err != nil {
			return err
		}
		l, err := c.named(ctx, listOf(r, b), what)
		if err != nil {
			return err
		}
		if len(b.IDs) == 0 || len(b.IDs) > mostDecided {
			return one("ids", "number", "1件から50件までを選んでください。", "Please choose 1 to 50.")
		}
		type result struct {
			ID     string `json:"id"`
			Result string `json:"result"` // done, not_waiting
		}
		results, left := []result{}, 0
		for _, id := range b.IDs {
			err := d.do(c.as(l, what, id), ctx, id)
			switch {
			case errors.Is(err, subscription.ErrNotWaiting):
				left++
				results = append(results, result{id, "not_waiting"})
			case err != nil:
				return err // those before are decided and entered; the same call goes on from there
			default:
				results = append(results, result{id, "done"})
			}
		}
		if web.WantsJSON(r) {
			return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"items": results})
		}
		q := url.Values{"list": {l.code()}, "state": {string(subscription.Pending)}, "done": {d.name}}
		if left > 0 {
			q.Set("done", "some")
		}
		return redirect(w, base+"?"+q.Encode())
	}
}

// fields are those of the list's form.
func (c *counter) values(ctx context.Context, l list, sent map[string]string, lang policy.Language) (map[string]string, []form.Field, error) {
	fields, err := l.Fields(ctx)
	if err != nil {
		return nil, nil, err
	}
	values, wrong := form.Validate(fields, form.Post{Values: sent}, lang)
	if len(wrong) > 0 {
		return nil, fields, &web.Error{Kind: web.Invalid, Fields: wrong, Message: policy.Text{
			JA: "入力内容に誤りがあります。それぞれの項目をご確認ください。", EN: "Something needs a correction. Please look at each item."}}
	}
	return values, fields, nil
}

// known refuses fields that the list does not have (policy: what is not declared is not collected).
func known(l list, sent map[string]string) error {
	for name := range sent {
		if _, ok := l.Service.Field(name); !ok {
			return unknown("fields." + name)
		}
	}
	return nil
}

// prefixed are the errors of a script's fields, which stand under "fields".
func prefixed(l list, err error) error {
	var wrong *web.Error
	if !errors.As(err, &wrong) {
		return err
	}
	for i := range wrong.Fields {
		if f := &wrong.Fields[i].Field; *f != "" {
			if _, declared := l.Service.Field(*f); declared {
				*f = "fields." + *f
			}
		}
	}
	return err
}
