package main

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// newHandler returns the form's routes.
func newHandler(d *desk.Desk, cfg settings) (http.Handler, error) {
	store, err := inquiries.NewStore(inquiries.Store{Client: d.Client, Outbox: d.Outbox, Guard: d.Guard, AddressKey: d.AddressKey,
		Keys: cfg.LinkKeys, Periods: d.Periods}, cfg.Inquiries)
	if err != nil {
		return nil, err
	}
	h := &handler{store: store}
	mux := d.Site.NewMux()
	d.Engine.Register(mux, &form.Form{
		ID: string(policy.Inquiry), Path: d.Service.Path, Service: d.Service, Periods: d.Periods, Prefix: inquiries.Prefix,
		Status: "received", State: "open", Words: words, Intro: other,
		Fields: func(context.Context) ([]form.Field, error) { return form.Declared(d.Service), nil },
		Submit: h.submit,
	})
	return mux, nil
}

// other leads to the form in the other language: not everybody's browser asks for the one that he reads.
func other(l policy.Language) template.HTML {
	if l == policy.English {
		return `<p><a href="/inquiry?lang=ja" hreflang="ja" lang="ja">日本語</a></p>`
	}
	return `<p><a href="/inquiry?lang=en" hreflang="en" lang="en">English</a></p>`
}

type handler struct{ store *inquiries.Store }

// submit stores an inquiry with its acknowledgement and the notice to staff. Whoever fills in a stranger's address has the
// stranger written to at most a few times a day, and never a word of his own (hard case 34); the inquiry is kept all the same.
func (h *handler) submit(ctx context.Context, s *form.Submission) error {
	to, err := address.Parse(s.Values["email"])
	if err != nil {
		return errors.New("a submission's address did not parse twice") // it was cleaned before; its text is not for the log
	}
	return h.store.Receive(ctx, inquiries.Arrival{
		Case: inquiries.Case{Reference: s.Reference, Channel: policy.ChannelForm, Language: s.Language, Person: to.Key(h.store.AddressKey),
			Opened: s.Opened.UTC().Format(time.RFC3339), Form: s.Version},
		Message: inquiries.Message{Name: s.Values["name"], Email: s.Values["email"], Text: s.Values["message"]},
		At:      s.At, Ack: to,
		Once: func(tx *record.Transaction) { s.Spend(tx) },
	})
}

var words = form.Words{
	Title: policy.Text{JA: "お問い合わせ", EN: "Inquiries"},
	Lead: policy.Text{
		JA: "お名前、メールアドレス、お問い合わせ内容をご入力ください。担当者が内容を確認し、メールでご連絡します。受け付けの際は、受付番号をメールでお知らせします。",
		EN: "Please enter your name, your e-mail address and your inquiry. Our staff will read it and answer you by mail. A mail with the reference number tells you that we have received it."},
	Button:    policy.Text{JA: "この内容で送信する", EN: "Send the inquiry"},
	DoneTitle: policy.Text{JA: "お問い合わせを受け付けました", EN: "We have received your inquiry"},
	Done: policy.Text{
		JA: "お問い合わせいただき、ありがとうございます。担当者が内容を確認し、メールでご連絡します。受け付けのお知らせが数分たっても届かないときは、迷惑メールのフォルダーをご確認ください。同じアドレスにお送りするお知らせは1日3通までですが、お問い合わせはすべて受け付けています。",
		EN: "Thank you for your inquiry. Our staff will read it and answer you by mail. If no acknowledgement reaches you within some minutes, please look into the folder for unwanted mail. We send at most three acknowledgements a day to one address, but we receive every inquiry."},
}
