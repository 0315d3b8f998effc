package subscription

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"madoguchi/shared/form"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// Handler serves the forms and the links of one list.
type Handler struct {
	list   *List
	site   *web.Site
	fields func(context.Context) []form.Field
}

// NewHandler returns the list's routes: sign-up, sending the confirmation again, and the links in its mail.
func NewHandler(site *web.Site, engine *form.Engine, list *List) *web.Mux {
	categories := &Categories{List: list}
	h := &Handler{list: list, site: site, fields: func(ctx context.Context) []form.Field {
		return declared(list.Service, categories.Options(ctx))
	}}
	mux := site.NewMux()
	path, code := list.Service.Path, string(list.Service.Code)
	prefix := strings.ToUpper(code[:1])
	engine.Register(mux, &form.Form{
		ID: code, Path: path, Service: list.Service, Periods: list.Periods, Prefix: prefix, Status: string(Unconfirmed), State: string(Unconfirmed),
		Words:  signUpWords(list),
		Fields: func(ctx context.Context) ([]form.Field, error) { return h.fields(ctx), nil },
		Submit: list.SignUp,
	})
	engine.Register(mux, &form.Form{
		ID: code + "/resend", Path: path + "/resend", Service: list.Service, Periods: list.Periods, Prefix: prefix, Status: "accepted", Direct: true,
		Words:  resendWords(),
		Fields: func(context.Context) ([]form.Field, error) { return emailOnly(list.Service), nil },
		Submit: list.Resend,
	})
	for name, page := range map[string]struct{ get, post linkHandler }{
		"confirm":     {h.confirmPage, h.confirm},
		"unsubscribe": {h.unsubscribePage, h.unsubscribe},
		"preferences": {h.preferencesPage, h.preferences},
		"stay":        {h.stayPage, h.stay},
	} {
		mux.Handle("GET "+path+"/"+name, h.linked(link.Purpose(name), page.get))
		mux.Handle("POST "+path+"/"+name, h.linked(link.Purpose(name), page.post))
	}
	return mux
}

// declared are the declared fields of a list's form with their choices.
func declared(service *policy.Service, categories []form.Option) []form.Field {
	all := form.Declared(service)
	for i := range all {
		if all[i].Field.Options == policy.BusinessCategories {
			all[i].Options = categories
		}
	}
	return all
}

func emailOnly(service *policy.Service) []form.Field {
	field, _ := service.Field("email")
	return []form.Field{{Field: field}}
}

// visit is one request with a link of ours.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	token link.Token
	text  string // the link's t, for forms on the page
	post  form.Post
}

type linkHandler func(visit) error

// linked reads the link of a request; a link that we did not sign is 400.
func (h *Handler) linked(purpose link.Purpose, handle linkHandler) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visit{w: w, r: r, text: r.URL.Query().Get("t")}
		if r.Method == http.MethodPost {
			post, err := h.body(purpose, r)
			if err != nil {
				return err
			}
			v.post = post
			if v.text == "" {
				v.text = post.Values["t"]
			}
		}
		var err error
		if v.token, err = h.list.Links.Read(string(h.list.Service.Code), purpose, v.text); err != nil {
			return &web.Error{Kind: web.BadRequest, Cause: err, Message: policy.Text{
				JA: "リンクが正しくありません。メールに記載されたリンクの全体がコピーされているかご確認ください。",
				EN: "This link is not valid. Please check that you copied the whole link from the mail."}}
		}
		return handle(v)
	}
}

// actions are what the pages of a link may ask for; none stands for the page's first button.
var actions = map[link.Purpose][]string{
	link.Confirm:     {"", "confirm"},
	link.Unsubscribe: {"", "unsubscribe", "undo"},
	link.Preferences: {"", "save", "fresh"},
	link.Stay:        {"", "stay"},
}

// body reads the body of a post with a link.
func (h *Handler) body(purpose link.Purpose, r *http.Request) (post form.Post, err error) {
	switch {
	case purpose == link.Unsubscribe:
		post, err = unsubscribeBody(r)
	case r.ContentLength == 0 && r.Header.Get("Content-Type") == "":
		post.Values = map[string]string{}
	default:
		post, err = form.Decode(r)
	}
	if err == nil && !slices.Contains(actions[purpose], post.Values["action"]) {
		err = &web.Error{Kind: web.BadRequest, Cause: errors.New("unknown action"), Message: policy.Text{
			JA: "送信された内容を読み取れませんでした。メールのリンクを開き直して、もう一度お試しください。",
			EN: "We could not read what was sent. Please open the link in the mail again and retry."}}
	}
	return post, err
}

// oneClick is the parameter of a post by which a mail program ends a subscription at once (RFC 8058).
const oneClick = "List-Unsubscribe"

// maxUnsubscribeBody bounds what is looked at; a mail program sends 26 bytes.
const maxUnsubscribeBody = 10_000

// unsubscribeBody reads what a page of ours or a mail program sends. Only a page of ours names an action; whatever else
// comes, in whatever form or charset or with nothing in it, is a mail program that carries out its user's wish.
func unsubscribeBody(r *http.Request) (form.Post, error) {
	post := form.Post{Values: map[string]string{}}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUnsubscribeBody))
	if err != nil {
		return post, nil //nolint:nilerr // a wish that broke off is a wish
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if values, err := url.ParseQuery(string(body)); err == nil && (values.Has("action") || values.Has("t")) {
			post.Values["action"], post.Values["t"] = values.Get("action"), values.Get("t")
			if !values.Has(oneClick) {
				return post, nil
			}
		}
	}
	post.Values[oneClick] = "One-Click"
	return post, nil
}

func (h *Handler) confirmPage(v visit) error {
	submitted, err := h.list.Pending(v.r.Context(), v.token)
	if err != nil {
		return h.gone(v, err, goneConfirm(h.list.Service, isChange(v.token)))
	}
	return h.show(v, confirmText(h.list, v.text, v.token, submitted))
}

// isChange tells a link that confirms a new address from one that confirms a sign-up.
func isChange(t link.Token) bool { return strings.HasPrefix(t.Ref, changePrefix) }

func (h *Handler) confirm(v visit) error {
	if err := h.list.Confirm(v.r.Context(), v.token); err != nil {
		return h.gone(v, err, goneConfirm(h.list.Service, isChange(v.token)))
	}
	if h.list.Approval {
		standing, err := h.list.Standing(v.r.Context(), v.token)
		if err != nil {
			return err
		}
		if standing.State == Pending {
			return h.show(v, pendingText(h.list.Service))
		}
	}
	return h.show(v, confirmedText(h.list.Service, isChange(v.token)))
}

func (h *Handler) unsubscribePage(v visit) error {
	standing, err := h.list.Standing(v.r.Context(), v.token)
	if err != nil {
		return err
	}
	if standing.State == Unsubscribed {
		return h.show(v, unsubscribedText(h.list.Service, v.text, standing))
	}
	// Also where nothing is stored any more: the wish not to be written to can still be kept.
	return h.show(v, unsubscribeText(h.list.Service, v.text))
}

func (h *Handler) unsubscribe(v visit) error {
	if v.post.Values["action"] == "undo" {
		if err := h.list.Resubscribe(v.r.Context(), v.token); err != nil {
			return h.gone(v, err, goneUndo(h.list.Service))
		}
		return h.show(v, restoredText(h.list.Service))
	}
	if err := h.list.Unsubscribe(v.r.Context(), v.token); err != nil {
		return err
	}
	if v.post.Values[oneClick] != "" {
		v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := io.WriteString(v.w, "unsubscribed\n")
		return err
	}
	standing, err := h.list.Standing(v.r.Context(), v.token)
	if err != nil {
		return err
	}
	return h.show(v, unsubscribedText(h.list.Service, v.text, standing))
}

func (h *Handler) preferencesPage(v visit) error {
	values, pending, stale, err := h.list.Preferences(v.r.Context(), v.token)
	switch {
	case err != nil:
		return h.gone(v, err, gonePreferences(h.list.Service))
	case stale:
		return h.show(v, staleText(h.list.Service, v.text))
	}
	page := preferencesText(h.list.Service, v.text)
	switch v.r.URL.Query().Get("saved") {
	case "":
	case "without_address":
		page.Success = []string{"メールアドレスのほかの変更を保存しました。新しいメールアドレスへの確認のメールは1日3通までのため、今日はお送りできませんでした。お手数ですが、明日もう一度アドレスを変更してください。"}
	default:
		page.Success = []string{"変更を保存しました。"}
	}
	if pending != "" {
		page.Success = append(page.Success, "新しいメールアドレス「"+pending+"」に確認のメールをお送りしました。メールのリンクを開き、表示されたページのボタンを押すと、新しいアドレスに切り替わります。それまでは現在のアドレスにお届けします。")
	}
	page.Form = form.Inputs(h.fields(v.r.Context()), values, nil, policy.Japanese)
	return h.show(v, page)
}

func (h *Handler) preferences(v visit) error {
	ctx := v.r.Context()
	if v.post.Values["action"] == "fresh" {
		if err := h.list.MailPreferences(ctx, v.token); err != nil {
			return err
		}
		return h.show(v, freshText(h.list.Service))
	}
	current, _, stale, err := h.list.Preferences(ctx, v.token)
	switch {
	case err != nil:
		return h.gone(v, err, gonePreferences(h.list.Service))
	case stale:
		page := staleText(h.list.Service, v.text)
		return h.fail(v, &web.Error{Kind: web.Gone, Message: policy.Text{JA: page.Paragraphs[0] + "新しいリンクは、action=fresh を送信すると、ご登録のアドレスにお送りします。"}}, page)
	}
	// What a program does not send stays as it is; the page sends all fields.
	for name, value := range current {
		if _, sent := v.post.Values[name]; !sent {
			v.post.Values[name] = value
		}
	}
	fields := h.fields(ctx)
	values, wrong := form.Validate(fields, v.post, policy.Japanese)
	if len(wrong) > 0 {
		failure := &web.Error{Kind: web.Invalid, Fields: wrong, Message: policy.Text{JA: "入力内容に誤りがあります。", EN: "Some fields need a correction."}}
		page := preferencesText(h.list.Service, v.text)
		page.Errors, page.Form = wrong, form.Inputs(fields, v.post.Values, wrong, policy.Japanese)
		return h.fail(v, failure, page)
	}
	capped, err := h.list.ChangePreferences(ctx, v.token, values)
	if err != nil {
		return h.gone(v, err, gonePreferences(h.list.Service))
	}
	saved := "all"
	if capped {
		saved = "without_address"
	}
	v.w.Header().Set("Location", h.list.Service.Path+"/preferences?t="+v.text+"&saved="+saved)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (h *Handler) stayPage(v visit) error {
	renewal, err := h.list.Stays(v.r.Context(), v.token)
	if err != nil {
		return h.gone(v, err, goneStay(h.list.Service))
	}
	if !renewal.Open {
		return h.show(v, stayedText(h.list.Service, renewal.Until))
	}
	return h.show(v, stayText(h.list, v.text, renewal.Until))
}

func (h *Handler) stay(v visit) error {
	renewal, err := h.list.Renew(v.r.Context(), v.token)
	if err != nil {
		return h.gone(v, err, goneStay(h.list.Service))
	}
	return h.show(v, stayedText(h.list.Service, renewal.Until))
}

// gone shows the page of a link that leads nowhere any more, with the way back; other errors pass.
func (h *Handler) gone(v visit, err error, page pageText) error {
	if !errors.Is(err, ErrGone) {
		return err
	}
	return h.fail(v, &web.Error{Kind: web.Gone, Message: policy.Text{JA: strings.Join(page.Paragraphs, "")}, Cause: err}, page)
}
