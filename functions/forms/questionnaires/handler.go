package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/web"
)

// handler serves the questionnaires of all events.
type handler struct {
	*desk.Desk
	store questionnaire.Store
	// find returns an event's questionnaire, or web.ErrNotFound where the event has none, is not public or not known.
	find func(ctx context.Context, event string) (questionnaire.Questionnaire, error)
}

const path = "/questionnaires/{event}"

func (h *handler) mux() http.Handler {
	mux := h.Site.NewMux()
	h.Engine.RegisterEach(mux, path, h.form)
	return mux
}

// form returns the form that a request is about. What a visitor hears depends first on the event, which is public, then on
// the link: a questionnaire that has not begun is told to everybody, a spent link only to whoever has it.
func (h *handler) form(r *http.Request) (*form.Form, error) {
	event, t, now := r.PathValue("event"), r.URL.Query().Get("t"), h.Now()
	token, tokenErr := h.Links.Read(string(policy.Questionnaire), link.Answer, t)
	q, err := h.find(r.Context(), event)
	switch {
	case errors.Is(err, web.ErrNotFound) && tokenErr == nil:
		return nil, questionnaire.Over() // it was there once: somebody was invited
	case err != nil:
		return nil, err
	}
	f := h.formOf(q, token.Ref, t)
	if strings.HasSuffix(r.URL.Path, "/done") {
		return f, nil
	}
	reading := r.Method != http.MethodPost
	switch closed := q.Closed(now); {
	case closed != nil && reading:
		return nil, closed
	case tokenErr != nil:
		return nil, invalid(t, tokenErr)
	case closed != nil:
		f.Closed = closed
		return f, nil //nolint:nilerr // the error page is the form itself, with what was filled in
	case !reading: // the transaction tells a link that is spent
		return f, nil
	}
	switch i, found, err := h.store.Find(r.Context(), token.Ref, now); {
	case err != nil:
		return nil, err
	case !found || i.Event != q.Event:
		return nil, questionnaire.Over()
	case i.Spent:
		f.Closed = questionnaire.Answered()
	}
	return f, nil
}

// invalid tells somebody who came without the link of the invitation, or with a part of it.
func invalid(t string, cause error) *web.Error {
	e := &web.Error{Kind: web.BadRequest, Cause: cause, Message: policy.Text{
		JA: "リンクが正しくありません。メールに記載されたリンクの全体がコピーされているかご確認ください。",
		EN: "This link is not valid. Please check that you copied the whole link from the mail."}}
	if t == "" {
		e.Message = policy.Text{
			JA: "アンケートには、イベントの終了後に参加登録者の皆さまへお送りするメールのリンクからお答えください。",
			EN: "Please answer from the link in the mail that we send to registrants after the event."}
	}
	return e
}

// formOf is the form of a questionnaire. Its notice and receipt name the questions as what is collected.
func (h *handler) formOf(q questionnaire.Questionnaire, invitation, t string) *form.Form {
	service := *h.Service
	service.Fields = collected(q.Questions)
	words := named
	if q.Anonymous {
		words = anonymous
	}
	f := &form.Form{
		ID: "questionnaires/" + q.Event, Path: strings.Replace(path, "{event}", q.Event, 1), Service: &service, Periods: h.Periods,
		Prefix: "Q", Status: "answered", State: "answered", Version: q.Version, Languages: q.Languages, From: q.Ends,
		Words: form.Words{Title: policy.Text{JA: q.Title.JA + "　アンケート", EN: q.Title.In(policy.English) + " – questionnaire"}, Lead: words.lead,
			Button:    policy.Text{JA: "回答を送信する", EN: "Send your answers"},
			DoneTitle: policy.Text{JA: "ご回答ありがとうございました", EN: "Thank you for your answers"}, Done: words.done},
		Fields: func(context.Context) ([]form.Field, error) { return q.Questions, nil },
		Extra:  func(l policy.Language) []policy.NoticeItem { return []policy.NoticeItem{words.notice(l)} },
		Intro:  intro(q),
		Submit: func(ctx context.Context, s *form.Submission) error { return h.store.Submit(ctx, q, invitation, s) },
	}
	if t != "" {
		f.Query = "t=" + url.QueryEscape(t)
	}
	return f
}

// collected are the questions as items of the notice; a matrix is one.
func collected(questions []form.Field) []policy.Field {
	var all []policy.Field
	for _, f := range questions {
		item := f.Field
		if f.Group.JA != "" || f.Group.EN != "" {
			item.Label = f.Group
		}
		if !slices.ContainsFunc(all, func(have policy.Field) bool { return have.Label == item.Label }) {
			all = append(all, item)
		}
	}
	return all
}

// intro says when the event was.
func intro(q questionnaire.Questionnaire) func(policy.Language) template.HTML {
	return func(l policy.Language) template.HTML {
		day := policy.Date(q.Ends.Add(-time.Second), l)
		text := fmt.Sprintf(policy.Text{JA: "%sに終了したイベントについてのアンケートです。", EN: "This is about the event that ended on %s."}.In(l), day)
		return template.HTML("<p>" + template.HTMLEscapeString(text) + "</p>") //nolint:gosec // escaped just here
	}
}
