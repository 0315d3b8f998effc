package main

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/calendar"
	"madoguchi/shared/event"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
	"madoguchi/shared/web"
)

// visit is one request with the link of a registration.
type visit struct {
	w        http.ResponseWriter
	r        *http.Request
	event    *event.Event
	own      registration.Registration
	text     string // the link's t
	post     form.Post
	language policy.Language
}

var (
	errLink = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "リンクが正しくありません。メールに記載されたリンクの全体がコピーされているかご確認ください。",
		EN: "This link is not valid. Please check that you copied the whole link from the mail."}}
	errOtherEvent = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "このリンクは、別のイベントの登録のものです。このイベントの登録を確認するには、このイベントについてのメールに記載されたリンクを開いてください。",
		EN: "This link belongs to a registration for another event. To see the one for this event, please open the link in the mail about it."}}
	errNoRegistration = &web.Error{Kind: web.Gone, Message: policy.Text{
		JA: "この登録の情報は、保存期間が終わったため削除されています。あらためて参加を希望される場合は、イベントのページからお申し込みください。",
		EN: "What we held about this registration has been deleted. To attend, please register on the page of the event."}}
	errAction = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "送信された内容を読み取れませんでした。メールのリンクを開き直して、もう一度お試しください。",
		EN: "We could not read what was sent. Please open the link in the mail again and retry."}}
	errEnded = &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "登録が取り消されているか、イベントの受け付けが終わっているため、お手続きできませんでした。メールのリンクを開いて、現在の状況をご確認ください。",
		EN: "This could not be done: the registration was cancelled, or the event takes no more changes. Please open the link in the mail to see how it stands."}}
	errNotOffered = &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "まだ空席のご案内をしていません。空席が出ましたら、キャンセル待ちの順番にメールでご案内します。",
		EN: "No seat has been offered to you yet. When one becomes free, we offer it by mail in the order of the waiting list."}}
	errLapsed = &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "空席のご案内の期限が過ぎたため、お受けできませんでした。あらためて参加を希望される場合は、イベントのページからお申し込みください。",
		EN: "The time to take this seat is over. If you would still like to come, please register on the page of the event."}}
)

// linked reads the link of a request, the event and the registration. A link of another event leads nowhere.
func (h *handler) linked(handle func(visit) error) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visit{w: w, r: r, text: r.URL.Query().Get("t")}
		if r.Method == http.MethodPost {
			post, err := form.Decode(r)
			if err != nil {
				return err
			}
			if v.post = post; v.text == "" {
				v.text = post.Values["t"]
			}
		}
		ref, person, linkErr := h.book.Linked(r.PathValue("event"), v.text)
		if linkErr != nil && !errors.Is(linkErr, registration.ErrOtherEvent) {
			return errLink
		}
		var err error
		// Not the definition that the process remembers: the calendar entry's number is the registration's, and with an older
		// date beside it a calendar would never take the new one.
		if v.event, err = h.book.Events.Fresh(r.Context(), r.PathValue("event")); errors.Is(err, event.ErrNotFound) {
			return web.ErrNotFound
		} else if err != nil {
			return err
		}
		if linkErr != nil {
			return errOtherEvent
		}
		own, found, err := h.book.Find(r.Context(), v.event.ID, ref)
		switch {
		case err != nil:
			return err
		case !found || own.Person != person:
			return errNoRegistration
		}
		v.own, v.language = own, own.Language
		if r.URL.Query().Has("lang") {
			v.language = web.LanguageOf(r, v.event.Languages()...)
		}
		return handle(v)
	}
}

// ownView is what the page of a registration shows.
type ownView struct {
	Language                    policy.Language
	Path, Token                 string
	Success, State              string
	Errors                      []web.FieldError
	Summary                     string
	Details                     []detail
	Values                      []detail
	Accept, Cancel, CancelLead  string
	ItemsTitle, EditTitle, Save string
	CancelTitle                 string
	Form                        template.HTML
	Calendar, Again             *anchor
}

// show answers GET: the registration as it is. It changes nothing (hard case 12).
func (h *handler) show(v visit) error { return h.ownPage(v, http.StatusOK, nil, nil) }

func (v visit) in(ja, en string) string { return policy.Text{JA: ja, EN: en}.In(v.language) }

// ownPage shows the page of a registration, with what was typed and is wrong after an edit that cannot be stored.
func (h *handler) ownPage(v visit, status int, typed map[string]string, wrong []web.FieldError) error {
	made, err := h.made(v)
	if err != nil {
		return err
	}
	e, own, now := v.event, v.own, h.book.Now()
	if web.WantsJSON(v.r) {
		return web.WriteJSON(v.w, status, "application/json", map[string]any{"reference": own.Ref, "status": own.State, "values": own.EditValues(), "email": own.Email})
	}
	p := ownView{Language: v.language, Path: "/events/" + e.ID + "/registration", Token: v.text, Errors: wrong, Details: details(e, v.language), State: v.standing(now),
		Summary:    v.in("まだ保存されていません。次の内容をご確認ください", "Not saved yet: please check the following"),
		Success:    v.success(),
		ItemsTitle: v.in("お申し込みの内容", "What you entered")}
	if own.Mode == event.ModeVenue {
		p.Details = slices.DeleteFunc(p.Details, func(d detail) bool { return d.Term == v.in("参加用リンク", "Link to join") })
	}
	if joins := registration.Joins(e, own); joins != "" && e.Status(now) != event.StatusCancelled {
		for i := range p.Details {
			if p.Details[i].Term == v.in("参加用リンク", "Link to join") {
				p.Details[i].Lines, p.Details[i].Link = nil, joins
			}
		}
	}
	p.Values = v.values(made)
	live := own.State.Live() && e.State != event.Cancelled
	if live && own.State == registration.Offered && now.UnixMilli() < own.OfferUntil && e.Takes(now) {
		p.Accept = v.in("参加する", "Attend")
	}
	if live && now.Before(e.EndsAt) {
		p.CancelTitle, p.Cancel = v.in("登録の取り消し", "Cancel"), v.in("登録を取り消す", "Cancel my registration")
		p.CancelLead = v.in("取り消すと、席は次の方にお譲りします。元に戻すことはできません。", "Your seat goes to somebody else. This cannot be undone.")
		if own.State == registration.Waiting {
			p.CancelLead = v.in("取り消すと、キャンセル待ちの順番はなくなります。元に戻すことはできません。", "You give up your place on the waiting list. This cannot be undone.")
		}
	}
	if live && e.Takes(now) {
		p.EditTitle, p.Save = v.in("登録内容の変更", "Change what you entered"), v.in("変更を保存する", "Save changes")
		if typed == nil {
			typed = own.EditValues()
		}
		p.Form = form.Inputs(registration.EditFields(made), typed, wrong, v.language)
	}
	if own.State == registration.Registered && live && e.State == event.Published {
		p.Calendar = &anchor{Path: "/events/" + e.ID + "/calendar.ics?t=" + v.text, Label: v.in("カレンダーに追加するファイルを開く", "File for your calendar")}
	}
	if !own.State.Live() {
		p.Again = &anchor{Path: "/events/" + e.ID, Label: v.in("イベントのページへ", "To the page of the event")}
	}
	content, err := render("own.html", p)
	if err != nil {
		return err
	}
	return h.site.Write(v.w, status, web.Page{Language: v.language, Title: e.Title.In(v.language), Service: policy.Get(policy.Events).Name.In(v.language),
		Wrong: len(wrong) > 0, Content: content})
}

// success says what has just been done, if that is so: the address of the page may be opened again when it is not any more.
func (v visit) success() string {
	live := v.own.State.Live()
	switch did := v.r.URL.Query().Get("did"); {
	case did == "edit" && live:
		return v.in("変更を保存しました。", "Your changes have been saved.")
	case did == "accept" && v.own.State == registration.Registered:
		return v.in("お返事を受け付けました。お待ちしております。", "Thank you: the seat is yours.")
	case did == "have" && v.own.State == registration.Registered:
		return v.in("お席はすでに確保されています。お手続きは必要ありません。", "The seat is yours already. There is nothing that you need to do.")
	case did == "cancel" && !live:
		return v.in("取り消しを受け付けました。確認のメールをお送りしました。", "Your registration has been cancelled. We have sent you a mail that says so.")
	}
	return ""
}

// made is the event in the version that the registration was made under (R32).
func (h *handler) made(v visit) (*event.Event, error) {
	if v.own.EventVersion == v.event.Version {
		return v.event, nil
	}
	return h.book.Events.VersionOf(v.r.Context(), v.event.ID, v.own.EventVersion)
}

// standing says where the registration stands.
func (v visit) standing(now time.Time) string {
	until := event.Minute(time.UnixMilli(v.own.OfferUntil).In(policy.JapanTime), v.language)
	switch {
	case v.event.State == event.Cancelled:
		return v.in("このイベントは中止になりました。お手続きは必要ありません。", "This event has been cancelled. There is nothing that you need to do.")
	case v.own.State == registration.Cancelled:
		return v.in("この登録は取り消されています。", "This registration has been cancelled.")
	case v.own.State == registration.Lapsed, v.own.State == registration.Offered && now.UnixMilli() >= v.own.OfferUntil:
		return v.in("空席のご案内の期限が過ぎたため、キャンセル待ちは終了しました。", "The time to take the seat is over, and your place on the waiting list has ended.")
	case v.own.State == registration.Offered:
		return fmt.Sprintf(v.in("空席が出ました。%s（日本時間）までお席を確保しています。参加される場合は、期限までに「参加する」を押してください。",
			"A seat is free and kept for you until %s (Japan time). To take it, press “Attend” before then."), until)
	case v.own.State == registration.Waiting:
		return v.in("キャンセル待ちの受け付けをしています。空席が出ましたら、順番にメールでご案内します。", "You are on the waiting list. When a seat becomes free, we offer it by mail in the order of the list.")
	case v.event.State == event.Postponed:
		return v.in("このイベントは延期になりました。登録はそのまま有効です。新しい日時が決まりましたら、メールでお知らせします。", "This event has been postponed. Your registration stands; we will mail you the new date.")
	case !now.Before(v.event.EndsAt):
		return v.in("このイベントは終了しました。ご参加ありがとうございました。", "This event is over. Thank you.")
	}
	return v.in("登録されています。", "You are registered.")
}

// values are what the person entered, as people read it.
func (v visit) values(made *event.Event) []detail {
	all := []detail{{Term: v.in("受付番号", "Reference number"), Lines: []string{v.own.Ref}}}
	values := v.own.EditValues()
	values["email"] = v.own.Email
	for _, f := range made.FormFields() {
		if shown := f.Show(values[f.Name], v.language); shown != "" {
			all = append(all, detail{Term: f.Label.In(v.language), Lines: strings.Split(shown, "\n")})
		}
	}
	return all
}

// act answers POST: cancel, accept, edit.
func (h *handler) act(v visit) error {
	ctx, action := v.r.Context(), v.post.Values["action"]
	var err error
	switch action {
	case "cancel":
		if err = h.book.Cancel(ctx, v.event, v.own.Ref); errors.Is(err, registration.ErrGone) {
			err = errEnded
		}
	case "accept":
		if v.own.State == registration.Registered {
			action = "have" // pressed twice, or never offered: the seat is theirs, and that is no news
		}
		if err = h.book.Accept(ctx, v.event, v.own.Ref); errors.Is(err, registration.ErrGone) {
			err = v.notAccepted()
		}
	case "edit":
		return h.edit(v)
	default:
		return errAction
	}
	if err != nil {
		return err
	}
	return h.did(v, action)
}

// notAccepted is why there is no seat to accept.
func (v visit) notAccepted() *web.Error {
	switch v.own.State {
	case registration.Waiting:
		return errNotOffered
	case registration.Cancelled:
		return errEnded
	}
	return errLapsed
}

// did answers what was done: the page anew, or how the registration stands now.
func (h *handler) did(v visit, action string) error {
	if web.WantsJSON(v.r) {
		own, _, err := h.book.Find(v.r.Context(), v.event.ID, v.own.Ref)
		if err != nil {
			return err
		}
		return web.WriteJSON(v.w, http.StatusOK, "application/json", map[string]any{"reference": own.Ref, "status": own.State})
	}
	target := "/events/" + v.event.ID + "/registration?t=" + v.text + "&did=" + action
	if v.language != v.own.Language {
		target += "&lang=" + string(v.language)
	}
	v.w.Header().Set("Location", target)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// edit stores changed values. What is not sent stays as it is, except that our page sends no box that is not ticked: it says
// so by "all".
func (h *handler) edit(v visit) error {
	made, err := h.made(v)
	if err != nil {
		return err
	}
	fields, current := registration.EditFields(made), v.own.EditValues()
	post := form.Post{JSON: v.post.JSON, Values: map[string]string{}, Repeated: v.post.Repeated, NoText: v.post.NoText}
	for _, f := range fields {
		value, sent := v.post.Values[f.Name]
		boxes := f.Type == policy.TypeBoolean || f.Type == policy.TypeChoices
		if !sent && (v.post.Values["all"] == "" || !boxes) {
			value = current[f.Name]
			if f.Type == policy.TypeChoices {
				post.Repeated = withChoices(post.Repeated, f.Name, value)
			}
		}
		if sent || value != "" {
			post.Values[f.Name] = value
		}
	}
	for name, value := range v.post.Values { // what a program sends and nobody knows is refused, not ignored
		if known := slices.ContainsFunc(fields, func(f form.Field) bool { return f.Name == name }); v.post.JSON && !known && name != "t" && name != "action" {
			post.Values[name] = value
		}
	}
	values, wrong := form.Validate(fields, post, v.language)
	if len(wrong) == 0 {
		switch err := h.book.Edit(v.r.Context(), v.event, made, v.own.Ref, values); {
		case err == nil:
			return h.did(v, "edit")
		case errors.Is(err, registration.ErrGone):
			return errEnded
		case !errors.Is(err, registration.ErrNameTaken):
			return err
		}
		wrong = []web.FieldError{{Field: "name", Code: "already_registered", Message: v.in("「お名前」：このお名前は、同じメールアドレスですでに登録されています",
			"Name: this name is registered already with the same address")}}
	}
	failure := &web.Error{Kind: web.Invalid, Fields: wrong, Message: policy.Text{JA: "入力内容に誤りがあります。", EN: "Some fields need a correction."}}
	if web.WantsJSON(v.r) {
		return failure
	}
	web.Note(v.r.Context(), failure)
	return h.ownPage(v, http.StatusUnprocessableEntity, post.Values, wrong)
}

// withChoices adds the choices that were not sent and stay.
func withChoices(repeated map[string][]string, name, value string) map[string][]string {
	all := map[string][]string{}
	for n, values := range repeated {
		all[n] = slices.Clone(values)
	}
	all[name] = form.Chosen(value)
	return all
}

// calendar answers with the calendar file of a registration.
func (h *handler) calendar(v visit) error {
	if v.own.State != registration.Registered || v.event.State != event.Published {
		return errEnded
	}
	to, err := address.Parse(v.own.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	file := registration.Entry(v.event, v.own, calendar.Request).File(h.site.Organization, v.language, h.sender, to.ASCII(), h.book.Now())
	v.w.Header().Set("Content-Type", registration.Entry(v.event, v.own, calendar.Request).Type())
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+v.event.ID+`.ics"`)
	_, err = v.w.Write(file)
	return err
}
