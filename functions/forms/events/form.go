package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"madoguchi/shared/event"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/registration"
	"madoguchi/shared/web"
)

// handler answers for all events.
type handler struct {
	book   *registration.Book
	site   *web.Site
	sender string // address that mail is sent from: the organiser of calendar entries
}

// find returns the event of a path that the public may see.
func (h *handler) find(r *http.Request) (*event.Event, error) {
	e, err := h.book.Events.Get(r.Context(), r.PathValue("event"))
	switch {
	case errors.Is(err, event.ErrNotFound):
		return nil, web.ErrNotFound
	case err != nil:
		return nil, err
	case e.State == event.Draft:
		return nil, web.ErrNotFound
	}
	return e, nil
}

// form is the registration form of one event, as it is now. Seats are looked at for the page only: a post finds out by taking
// one, so that the first submission needs no read.
func (h *handler) form(r *http.Request) (*form.Form, error) {
	e, err := h.find(r)
	if err != nil {
		return nil, err
	}
	done := strings.HasSuffix(r.URL.Path, "/done")
	page := r.Method != http.MethodPost && !done
	status, left := e.Status(h.book.Now()), []seatsLeft(nil)
	if page && status == event.StatusOpen {
		if left, err = h.left(r.Context(), e); err != nil {
			web.Note(r.Context(), err) // the page goes without; the post will tell
		} else {
			status = e.StatusWith(h.book.Now(), total(left))
		}
	}
	f := &form.Form{
		ID: "events/" + e.ID, Path: "/events/" + e.ID, Service: e.Service(), Periods: h.book.Periods, Prefix: "E", Version: e.Version,
		Languages: e.Languages(), Status: string(registration.Registered), State: string(registration.Registered), From: e.EndsAt,
		Words: words(e, status), Extra: e.Notices, Closed: closed(e, status),
		Fields: func(context.Context) ([]form.Field, error) { return e.FormFields(), nil },
		Submit: func(ctx context.Context, s *form.Submission) error { return h.submit(ctx, e, s) },
		Intro:  func(l policy.Language) template.HTML { return intro(e, l, status, left) },
	}
	if done && r.URL.Query().Get("status") == string(registration.Waiting) {
		f.State, f.Words.DoneTitle, f.Words.Done = string(registration.Waiting), waitingTitle, waitingDone
	}
	return f, nil
}

// submit stores a registration. Whether it is a seat or a place on the waiting list is no secret; that the person was
// registered before is.
func (h *handler) submit(ctx context.Context, e *event.Event, s *form.Submission) error {
	_, err := h.book.Register(ctx, registration.Application{
		Event: e, Reference: s.Reference, Values: s.Values, Language: s.Language, Channel: s.Channel, Opened: s.Opened, At: s.At,
		Spend: func(tx *record.Transaction, as registration.State) {
			s.Status = string(as)
			s.Spend(tx)
		},
	})
	return err
}

// seatsLeft is how many seats of a mode are left.
type seatsLeft struct {
	mode string
	n    int
	of   int
}

func (h *handler) left(ctx context.Context, e *event.Event) ([]seatsLeft, error) {
	left, err := h.book.Left(ctx, e)
	if err != nil {
		return nil, err
	}
	var all []seatsLeft
	for _, mode := range e.Capacity.Modes() {
		all = append(all, seatsLeft{mode, left[mode], e.Capacity.Of(mode)})
	}
	return all, nil
}

func total(left []seatsLeft) int {
	n := 0
	for _, l := range left {
		n += l.n
	}
	return n
}

// inWords says how many seats are left without telling more than people need: plenty, the number where it is small, none.
func (s seatsLeft) inWords(e *event.Event, l policy.Language) string {
	var text policy.Text
	switch {
	case s.n == 0 && e.WaitingList:
		text = policy.Text{JA: "満席（キャンセル待ちを受け付けています）", EN: "Full (waiting list open)"}
	case s.n == 0:
		text = policy.Text{JA: "満席", EN: "Full"}
	case s.n <= 10 || s.n*5 <= s.of:
		text = policy.Text{JA: fmt.Sprintf("残りわずか（あと%d席）", s.n), EN: fmt.Sprintf("Few seats left (%d)", s.n)}
	default:
		text = policy.Text{JA: "余裕があります", EN: "Seats available"}
	}
	mode := map[string]policy.Text{event.ModeVenue: {JA: "会場：", EN: "At the venue: "}, event.ModeOnline: {JA: "オンライン：", EN: "Online: "}}[s.mode]
	return mode.In(l) + text.In(l)
}

// closed is why an event takes no registrations now, with what to do; nil while it does.
func closed(e *event.Event, status event.Status) *web.Error {
	var message policy.Text
	switch status {
	case event.StatusOpen, event.StatusWaiting:
		return nil
	case event.StatusPublished:
		message = policy.Text{JA: "参加登録の受け付けは、" + event.Minute(e.OpensAt.In(policy.JapanTime), policy.Japanese) + "（日本時間）に始まります。それ以降にお申し込みください。",
			EN: "Registration opens on " + event.Minute(e.OpensAt.In(policy.JapanTime), policy.English) + " (Japan time). Please come back then."}
	case event.StatusFull:
		message = policy.Text{JA: "満席になりました。取り消しが出た場合は、登録いただけるようになります。しばらくしてからもう一度お確かめください。",
			EN: "The event is full. If somebody cancels, you can register then; please try again later."}
	case event.StatusClosed:
		message = policy.Text{JA: "参加登録の受け付けは終了しました。登録済みの方は、メールに記載のリンクから内容を確認・取り消していただけます。ほかのイベントもご覧ください。",
			EN: "Registration has closed. If you are registered, the link in your mail still works. Please have a look at our other events."}
	case event.StatusCancelled:
		message = policy.Text{JA: "このイベントは中止になりました。登録された方にはメールでお知らせしています。ほかのイベントもご覧ください。",
			EN: "This event has been cancelled. Everybody who was registered has been told by mail. Please have a look at our other events."}
	case event.StatusPostponed:
		message = policy.Text{JA: "このイベントは延期になりました。新しい日時が決まりましたら、イベントの案内に掲載し、登録された方にはメールでもお知らせします。",
			EN: "This event has been postponed. The new date will be announced with the event; everybody who is registered will be told by mail."}
	default:
		message = policy.Text{JA: "このイベントは終了しました。ありがとうございました。ほかのイベントもご覧ください。", EN: "This event is over. Thank you. Please have a look at our other events."}
	}
	return &web.Error{Kind: web.Conflict, Message: message}
}

var (
	waitingTitle = policy.Text{JA: "キャンセル待ちを受け付けました", EN: "You are on the waiting list"}
	waitingDone  = policy.Text{JA: "満席のため、キャンセル待ちとして受け付けました。確認のメールをお送りしました。空席が出ましたら、順番にメールでご案内します。",
		EN: "The event is full, so we have put you on the waiting list and sent you a mail. When a seat becomes free, we offer it by mail in the order of the list."}
)

func words(e *event.Event, status event.Status) form.Words {
	w := form.Words{
		Title:     e.Title.Policy(),
		Lead:      policy.Text{JA: "参加を希望される方は、次の項目をご記入ください。登録通知をメールでお送りします。", EN: "To attend, please fill in the form. We will send you a registration notice by mail."},
		Button:    policy.Text{JA: "この内容で登録する", EN: "Register"},
		DoneTitle: policy.Text{JA: "参加登録を受け付けました", EN: "You are registered"},
		Done: policy.Text{JA: "ご登録ありがとうございます。登録通知のメールをお送りしました。内容の変更や取り消しは、メールに記載のリンクからお手続きいただけます。",
			EN: "Thank you for registering. We have sent you a registration notice by mail; it holds the link to change or cancel your registration."},
		Help: []form.Help{{Path: "/events", Label: policy.Text{JA: "イベント一覧へ", EN: "All events"}}},
	}
	if status == event.StatusWaiting {
		w.Lead = policy.Text{JA: "満席のため、キャンセル待ちを受け付けています。空席が出ましたら、お申し込みの順にメールでご案内します。",
			EN: "The event is full. You can put yourself on the waiting list: when a seat becomes free, we offer it by mail in the order of the list."}
		w.Button = policy.Text{JA: "キャンセル待ちに申し込む", EN: "Join the waiting list"}
	}
	return w
}

// other is the other language of an event's pages, "" where there is none.
func other(e *event.Event, l policy.Language) policy.Language {
	for _, have := range e.Languages() {
		if have != l && slices.Contains(e.Languages(), l) {
			return have
		}
	}
	return ""
}
