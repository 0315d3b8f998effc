package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/web"
)

// counter is where publications are asked for.
type counter struct {
	desk  *desk.Desk
	store *publications.Store
	shelf *publications.Shelf
}

// newCounter returns the function's routes.
func newCounter(d *desk.Desk, store *publications.Store) http.Handler {
	c := &counter{desk: d, store: store, shelf: &publications.Shelf{Store: store}}
	mux := d.Site.NewMux()
	path := d.Service.Path
	d.Engine.RegisterEach(mux, path, c.form)
	mux.Handle("POST "+path+"/postal-code", postalCode)
	mux.Handle("GET "+path+"/{publication}/cover", c.cover)
	return mux
}

var words = form.Words{
	Title:     policy.Text{JA: "広報資料・刊行物の請求"},
	Lead:      policy.Text{JA: "ご希望の資料の部数とお届け先をご入力ください。資料は無料です。"},
	Button:    policy.Text{JA: "この内容で請求する"},
	DoneTitle: policy.Text{JA: "請求を受け付けました"},
	Done:      policy.Text{JA: "ご請求ありがとうございます。受け付けのお知らせをメールでお送りします。内容を確認のうえ、資料を発送します。"},
}

// form is the form as it is for one request. A page shows the stock of this moment; a post takes titles and limits that are at most
// 30 seconds old, because the transaction that stores it decides on the stock.
func (c *counter) form(r *http.Request) (*form.Form, error) {
	read := c.shelf.Fresh
	if r.Method == http.MethodPost {
		read = c.shelf.Known
	}
	var catalogue []publications.Publication
	if !strings.HasSuffix(r.URL.Path, "/done") {
		var err error
		if catalogue, err = read(r.Context()); err != nil {
			return nil, err
		}
	}
	f := &form.Form{
		ID: string(c.desk.Service.Code), Path: c.desk.Service.Path, Service: c.desk.Service, Periods: c.desk.Periods, Prefix: "M",
		Status: string(publications.Received), State: "open", Words: words, Aids: []form.Aid{lookup},
		Fields: func(context.Context) ([]form.Field, error) { return c.fields(catalogue), nil },
		Refresh: func(ctx context.Context) ([]form.Field, error) {
			var err error
			catalogue, err = c.shelf.Fresh(ctx)
			return c.fields(catalogue), err
		},
		Check: func(values map[string]string, _ policy.Language) []web.FieldError {
			return check(publications.Wanted(catalogue, values))
		},
		Submit: func(ctx context.Context, s *form.Submission) error {
			return c.store.Submit(ctx, c.desk, s, publications.Wanted(catalogue, s.Values))
		},
	}
	if len(catalogue) == 0 || r.Method != http.MethodPost && !offersAny(catalogue) {
		f.Closed = &web.Error{Kind: web.Conflict, Message: policy.Text{
			JA: "ただいまご請求いただける資料はありません。新しい資料をご用意でき次第、受け付けを再開します。"}}
	}
	return f, nil
}

func offersAny(catalogue []publications.Publication) bool {
	for _, p := range catalogue {
		if p.Offered() {
			return true
		}
	}
	return false
}

// fields are those of the form, with what to do about a delivery abroad. 海外 stays in the list: whoever lives there looks for it,
// and without it would take it for a slip of ours or choose a prefecture that is not theirs, and the parcel would come back. It
// cannot be taken, because the address has a Japanese postal code (contract) and the parcel goes by a Japanese carrier.
func (c *counter) fields(catalogue []publications.Publication) []form.Field {
	all := fields(c.desk.Service, catalogue)
	at := c.desk.Site.Organization.PublicURL + policy.Get(policy.Inquiry).Path
	for i := range all {
		if all[i].Domestic {
			all[i].Refused = map[string]policy.Text{japan.Overseas: {
				JA: "お届け先は日本国内に限らせていただいています。海外へのお届けは、お問い合わせフォーム（" + at + "）からご相談ください",
				EN: "we deliver within Japan only; for a delivery abroad, please write to us by the inquiry form (" + at + ")"}}
		}
	}
	return all
}

// quantity is the name of the declared field whose numbers of copies are a field each.
const quantity = "quantity"

// fields are the numbers of copies, then the declared fields of the address: what to send before where to send it.
func fields(service *policy.Service, catalogue []publications.Publication) []form.Field {
	declared, _ := service.Field(quantity)
	aid := policy.Text{JA: "ご希望の資料だけに、部数を数字でご入力ください。"}
	var none []string
	var all []form.Field
	for _, p := range catalogue {
		if !p.Offered() && !p.Withdrawn {
			none = append(none, "「"+p.Title.JA+"」")
		}
		all = append(all, form.Field{
			Field: policy.Field{Name: publications.QuantityPrefix + p.ID, Label: policy.Text{JA: p.Title.JA}, Support: policy.Text{JA: facts(p)},
				Type: policy.TypeNumber, Class: declared.Class, Why: declared.Why},
			Min: 0, Max: p.Limit, Group: declared.Label,
			Offer: &form.Offer{Name: quantity, Required: declared.Required, Unit: policy.Text{JA: "部"}, Figure: figure(service.Path, p), Gone: !p.Offered()},
		})
	}
	if len(none) > 0 {
		aid.JA += "ただいま在庫がない資料：" + strings.Join(none, "")
	}
	for i := range all {
		all[i].Aid = aid
	}
	for _, f := range form.Declared(service) {
		if f.Name != quantity {
			all = append(all, f)
		}
	}
	return all
}

// facts are what stands below a title.
func facts(p publications.Publication) string {
	var b strings.Builder
	if p.About.JA != "" {
		b.WriteString(strings.TrimSuffix(p.About.JA, "。") + "。")
	}
	b.WriteString(p.LanguageName())
	if p.Pages > 0 {
		fmt.Fprintf(&b, "、%dページ", p.Pages)
	}
	fmt.Fprintf(&b, "。1回に%d部まで。在庫：残り%d部", p.Limit, p.Left)
	return b.String()
}

// check holds that one transaction can take what was asked for.
func check(wanted []publications.Item) []web.FieldError {
	if len(wanted) <= publications.MostKinds {
		return nil
	}
	return []web.FieldError{{Field: quantity, Code: "too_many", Message: fmt.Sprintf("一度にご請求いただけるのは%d種類までです", publications.MostKinds)}}
}
