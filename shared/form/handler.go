package form

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// storeTimeout bounds all calls of one submission to the store. The gateway waits 30 seconds and the function ends after
// 15: the visitor gets a page of ours before that, also where one last question follows.
const (
	storeTimeout = 9 * time.Second
	lastQuestion = 3 * time.Second
)

// attempt is one request to a form on its way to an answer.
type attempt struct {
	form     *Form
	r        *http.Request
	language policy.Language
	fields   []Field
	post     Post
	token    Token
	values   map[string]string // cleaned; only fields without an error
	aided    *aided            // what an aid has found
}

// open answers GET: the input page, or its description for JSON.
func (e *Engine) open(w http.ResponseWriter, r *http.Request, f *Form) error {
	language := web.LanguageOf(r, f.languages()...)
	if f.Closed != nil {
		return e.closed(w, r, f, language)
	}
	fields, err := f.Fields(r.Context())
	if err != nil {
		return err
	}
	a := &attempt{form: f, r: r, language: language, fields: fields, post: Post{Values: map[string]string{}}}
	a.token = newToken(f.ID, f.version(), language, e.Now())
	if web.WantsJSON(r) {
		return e.describe(w, a)
	}
	return e.input(w, a, http.StatusOK, nil)
}

// post answers POST.
func (e *Engine) post(w http.ResponseWriter, r *http.Request, f *Form) error {
	post, err := Decode(r)
	if err != nil {
		return err
	}
	action := post.Values["action"]
	aid, choice := f.aid(action)
	switch {
	case post.JSON, f.Direct:
		action, aid = "submit", nil
	case action == "":
		action = "check"
	case aid == nil && action != "check" && action != "edit" && action != "submit":
		return badRequest(errors.New("unknown action"))
	}
	now := e.Now()
	token, tokenErr := readToken(e.Keys, f.ID, f.version(), post.Values["form_token"], now)
	// A listed website may hand over what was typed there: the form opens with it, and has a token from then on.
	handed := action == "edit" && post.Values["form_token"] == "" && slices.Contains(e.Site.Origins, r.Header.Get("Origin"))
	if errors.Is(tokenErr, errForged) && !handed && f.Closed == nil { // a form that is closed says so first: it gives no tokens
		return badRequest(tokenErr)
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	a := &attempt{form: f, r: r, post: post, token: token, language: token.Language}
	if handed {
		a.language = web.LanguageOf(r, f.languages()...)
	}
	if !slices.Contains(f.languages(), a.language) {
		a.language = f.languages()[0]
	}
	if a.fields, err = f.Fields(ctx); err != nil {
		return err
	}
	if f.Refresh != nil && post.newer(a.fields) {
		if a.fields, err = f.Refresh(ctx); err != nil {
			return err
		}
	}
	if (action == "edit" || aid != nil) && f.Closed == nil {
		if tokenErr != nil {
			a.token = newToken(f.ID, f.version(), a.language, now)
		}
		if aid != nil {
			return e.help(w, a, aid, choice)
		}
		return e.input(w, a, http.StatusOK, nil)
	}
	values, wrong := Validate(a.fields, post, a.language)
	a.values = values
	if len(wrong) == 0 && f.Check != nil {
		wrong = f.Check(values, a.language)
	}
	if f.Closed != nil {
		return e.refuse(ctx, w, a, action == "submit" && len(wrong) == 0 && !errors.Is(tokenErr, errForged))
	}
	if len(wrong) > 0 {
		if tokenErr != nil {
			a.token = newToken(f.ID, f.version(), a.language, now)
		}
		return e.again(w, a, &web.Error{Kind: web.Invalid, Fields: wrong})
	}
	if tokenErr != nil {
		return e.expired(ctx, w, a, action)
	}
	if wait := token.Issued.Add(e.Minimum).Sub(now); e.Minimum > 0 && wait > 0 {
		return e.again(w, a, &web.Error{Kind: web.Invalid, RetryAfter: wait, Message: messages[codeTooFast],
			Fields: []web.FieldError{{Field: "form_token", Code: codeTooFast, Message: messages[codeTooFast].In(a.language)}}})
	}
	if action == "check" {
		return e.check(w, a)
	}
	return e.submit(ctx, w, a)
}

// submit stores the submission and thanks; nobody is thanked for what was not stored, except a program that filled in
// the field that people do not see.
func (e *Engine) submit(ctx context.Context, w http.ResponseWriter, a *attempt) error {
	f, now := a.form, e.Now()
	s := &Submission{Reference: record.Reference(f.Prefix, now), Values: a.values, Language: a.language, Version: a.token.Version,
		Opened: a.token.Issued, At: now, Channel: "form", Status: f.Status, nonce: a.token.Nonce, hash: e.hashValues(f, a.values), guard: e.Guard}
	if a.post.JSON {
		s.Channel = "json"
	}
	if a.post.Values[honeypot] != "" {
		return e.thank(w, a, s.Reference, f.Status)
	}
	if refused := e.admit(ctx, a); refused != nil {
		// What was stored already keeps its answer, however many came after it.
		if spent, found, err := e.Guard.FindSpent(ctx, a.token.Nonce, now); err == nil && found {
			return e.repeated(w, a, spent)
		}
		return e.again(w, a, refused)
	}
	err := f.Submit(ctx, s)
	var cancelled *record.Cancelled
	switch {
	case err == nil:
		return e.thank(w, a, s.Reference, s.Status)
	case errors.As(err, &cancelled):
		var spent guard.Spent
		if failed, err := cancelled.Old(guard.TokenAction, &spent); err != nil || !failed {
			return errors.Join(errors.New("transaction cancelled for no reason that the form knows"), err)
		}
		return e.repeated(w, a, spent)
	case errors.Is(err, record.ErrUnavailable):
		// Every answer was lost, but one of the calls may have been carried out: the mark of the token tells. The
		// question has a time of its own, because the time for storing may be what has run out.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastQuestion)
		defer cancel()
		if spent, found, readErr := e.Guard.FindSpent(ctx, a.token.Nonce, now); readErr == nil && found {
			return e.repeated(w, a, spent)
		}
		return e.again(w, a, unavailable(err))
	}
	var shown *web.Error
	if errors.As(err, &shown) && shown.Kind == web.Conflict {
		// What the page says of the stock must not contradict the error.
		if f.Refresh != nil {
			if fields, err := f.Refresh(ctx); err == nil {
				a.fields = fields
			}
		}
		return e.again(w, a, shown)
	}
	return err
}

// refuse answers a post to a form that takes nothing any more. What was stored while it did keeps its answer.
func (e *Engine) refuse(ctx context.Context, w http.ResponseWriter, a *attempt, submitted bool) error {
	now := e.Now()
	if submitted {
		if spent, found, err := e.Guard.FindSpent(ctx, a.token.Nonce, now); err == nil && found {
			return e.repeated(w, a, spent)
		}
	}
	a.token = newToken(a.form.ID, a.form.version(), a.language, now)
	return e.again(w, a, a.form.Closed)
}

// unavailable is what a visitor reads while the store is out of reach: nothing is lost but a little time.
func unavailable(cause error) *web.Error {
	return &web.Error{Kind: web.Unavailable, RetryAfter: time.Minute, Cause: cause, Message: policy.Text{
		JA: "ただいま混み合っているか、一時的にシステムを利用できません。送信はまだ完了していません。数分後に、同じ内容をそのままもう一度送信してください。",
		EN: "The system is busy or out of service for the moment, and your form has not been sent. Please send the same again, as it is, in a few minutes."}}
}

// admit counts the submission against its network's rate. Where the count itself fails, the post goes on: the limit is a
// fence against floods, and a lost post is worse.
func (e *Engine) admit(ctx context.Context, a *attempt) *web.Error {
	if e.PerHour == 0 {
		return nil
	}
	allowed, wait, err := e.Guard.Rate(ctx, a.r.RemoteAddr, e.PerHour, e.Now())
	if err != nil {
		web.Note(ctx, err)
		return nil
	}
	if allowed {
		return nil
	}
	return &web.Error{Kind: web.RateLimited, RetryAfter: wait, Message: policy.Text{
		JA: "同じネットワークからの送信が続いたため、一時的に受け付けを止めています。しばらくしてから、同じ内容をそのままもう一度送信してください。",
		EN: "Too many forms were sent from your network, so we have paused for a while. Please send the same again, as it is, later."}}
}

// expired answers a post whose token is too old. What was sent with it before its end still gets its first answer.
func (e *Engine) expired(ctx context.Context, w http.ResponseWriter, a *attempt, action string) error {
	now := e.Now()
	if action == "submit" && now.Sub(a.token.Issued) <= tokenLife+guard.SpentFor {
		spent, found, err := e.Guard.FindSpent(ctx, a.token.Nonce, now)
		if err != nil {
			return e.again(w, a, unavailable(err))
		}
		if found {
			return e.repeated(w, a, spent)
		}
	}
	a.token = newToken(a.form.ID, a.form.version(), a.language, now)
	message := policy.Text{
		JA: "フォームを開いてから時間が経ったため、送信はまだ完了していません。入力内容を確認して、もう一度送信してください。",
		EN: "The form was open for too long and has not been sent. Please check what you entered and send it again."}
	return e.again(w, a, &web.Error{Kind: web.Invalid, Message: message, Fields: []web.FieldError{
		{Field: "form_token", Code: codeExpired, Message: message.In(a.language)}}})
}

// repeated answers a post whose token is spent: the same values get the first answer, others are told so.
func (e *Engine) repeated(w http.ResponseWriter, a *attempt, spent guard.Spent) error {
	if spent.Values == e.hashValues(a.form, a.values) {
		return e.thank(w, a, spent.Reference, spent.Status)
	}
	a.token = newToken(a.form.ID, a.form.version(), a.language, e.Now())
	message := policy.Text{
		JA: "このフォームは受付番号 " + spent.Reference + " としてすでに送信されています。変更した内容はまだ送信されていません。この内容であらためて送信する場合は、もう一度送信してください。",
		EN: "This form was already sent as " + spent.Reference + ". Your changes have not been sent. To send them as a new submission, please send again."}
	return e.again(w, a, &web.Error{Kind: web.Invalid, Message: message, Members: map[string]any{"reference": spent.Reference},
		Fields: []web.FieldError{{Field: "form_token", Code: codeSent, Message: message.In(a.language)}}})
}

// thank answers an accepted submission. A mark without a status is of a version that kept none.
func (e *Engine) thank(w http.ResponseWriter, a *attempt, reference, status string) error {
	if status == "" {
		status = a.form.Status
	}
	if a.post.JSON {
		return web.WriteJSON(w, http.StatusCreated, "application/json", map[string]string{"reference": reference, "status": status})
	}
	target := e.Site.ReturnTo(a.post.Values["return_to"], reference)
	if target == "" {
		target = a.form.Path + "/done?ref=" + reference
		if a.language != policy.Japanese {
			target += "&lang=" + string(a.language)
		}
		if a.form.Ticket != nil {
			target += "&t=" + url.QueryEscape(a.form.Ticket(a.values, reference))
		}
		if status != a.form.Status {
			target += "&status=" + status
		}
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
