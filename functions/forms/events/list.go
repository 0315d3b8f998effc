package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

const (
	// perPage is how many events a page of the list holds.
	perPage = 20
	// counting is how many events' seats are looked at at once.
	counting = 8
)

// listed is an event in the list (contract).
type listed struct {
	ID        string       `json:"id"`
	Title     event.Text   `json:"title"`
	Kind      event.Kind   `json:"kind"`
	Status    event.Status `json:"status"`
	StartsAt  time.Time    `json:"starts_at"`
	EndsAt    time.Time    `json:"ends_at"`
	SeatsLeft *int         `json:"seats_left,omitempty"`

	event  *event.Event
	status event.Status
}

// place is where the next page begins: in the events to come, or in the past ones. What is past was decided when the first
// page was asked for: a key must lie on its side of that moment, or DynamoDB refuses it.
type place struct {
	At   int64          `json:"a"` // Unix seconds
	Past bool           `json:"p,omitempty"`
	Key  map[string]any `json:"k,omitempty"`
}

var errCursor = &web.Error{Kind: web.BadRequest, Message: policy.Text{JA: "続きの位置を読み取れませんでした。一覧をはじめからご覧ください。", EN: "This cursor cannot be read. Please begin at the first page."}}

// list answers GET /events: events to come, the next first, then past ones, the last first.
func (h *handler) list(w http.ResponseWriter, r *http.Request) error {
	at, err := readCursor(r.URL.Query().Get("cursor"), h.book.Now())
	if err != nil {
		return errCursor
	}
	items, next, err := h.page(r.Context(), at)
	if err != nil {
		return err
	}
	if web.WantsJSON(r) {
		var cursor *string
		if next != nil {
			text := next.write()
			cursor = &text
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"items": items, "next": cursor})
	}
	return h.listPage(w, r, items, next)
}

// page reads one page. A page of events to come that is not full is filled up with past ones.
func (h *handler) page(ctx context.Context, at place) ([]listed, *place, error) {
	now := time.Unix(at.At, 0)
	items := []listed{}
	for {
		read := h.book.Events.Coming
		if at.Past {
			read = h.book.Events.Past
		}
		start, err := attributevalue.MarshalMap(at.Key)
		if err != nil {
			return nil, nil, errCursor
		}
		if len(start) == 0 {
			start = nil
		}
		page, err := read(ctx, now, perPage-len(items), start)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range page.Events {
			if e.State != event.Draft {
				items = append(items, listed{ID: e.ID, Title: e.Title, Kind: e.Kind, StartsAt: e.StartsAt, EndsAt: e.EndsAt, event: e})
			}
		}
		switch {
		case page.Next != nil:
			at.Key = plainKey(page.Next)
		case at.Past:
			return items, nil, h.count(ctx, items)
		default:
			at = place{At: at.At, Past: true}
		}
		if len(items) == perPage {
			return items, &at, h.count(ctx, items)
		}
	}
}

// count tells where each event stands; the seats of open ones are looked at, a few events at a time.
func (h *handler) count(ctx context.Context, items []listed) error {
	now := h.book.Now()
	var group sync.WaitGroup
	gate, failed := make(chan struct{}, counting), make([]error, len(items))
	for i := range items {
		item := &items[i]
		item.status = item.event.Status(now)
		if item.status != event.StatusOpen {
			item.Status = item.status.Public()
			continue
		}
		group.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			left, err := h.left(ctx, item.event)
			if err != nil {
				failed[i] = err
				return
			}
			n := total(left)
			item.SeatsLeft, item.status = &n, item.event.StatusWith(now, n)
			item.Status = item.status.Public()
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// listPage shows the list.
func (h *handler) listPage(w http.ResponseWriter, r *http.Request, items []listed, next *place) error {
	l := web.LanguageOf(r, policy.Japanese, policy.English)
	in := func(ja, en string) string { return policy.Text{JA: ja, EN: en}.In(l) }
	type row struct {
		Path, Title, How, Status, Sentence string
		When                               []string
	}
	data := struct {
		Language       policy.Language
		Rows           []row
		None           string
		More, Other    *anchor
		Lead, OtherDay string
	}{Language: l, Lead: in("参加登録は、それぞれのイベントのページからお申し込みください。", "To register, please open the page of an event."),
		None: in("現在ご案内できるイベントはありません。", "There are no events at the moment.")}
	for _, item := range items {
		one := row{Path: "/events/" + item.ID + "?lang=" + string(l), Title: item.Title.In(l), When: item.event.Whens(l), How: kinds[item.Kind].In(l),
			Status: statuses[item.status].In(l)}
		if l == policy.English && item.Title.EN == "" {
			one.Sentence = "In Japanese only"
		}
		data.Rows = append(data.Rows, one)
	}
	if next != nil {
		data.More = &anchor{Path: "/events?lang=" + string(l) + "&cursor=" + next.write(), Label: in("続きを見る", "More events")}
	}
	to := policy.English
	if l == policy.English {
		to = policy.Japanese
	}
	data.Other = &anchor{Path: "/events?lang=" + string(to), Label: languageNames[to], Language: to}
	content, err := render("list.html", data)
	if err != nil {
		return err
	}
	return h.site.Write(w, http.StatusOK, web.Page{Language: l, Title: in("イベント一覧", "Events"), Service: policy.Get(policy.Events).Name.In(l), Content: content})
}

// statuses are the statuses in words.
var statuses = map[event.Status]policy.Text{
	event.StatusPublished: {JA: "受付開始前", EN: "Registration not open yet"},
	event.StatusOpen:      {JA: "受付中", EN: "Open for registration"},
	event.StatusWaiting:   {JA: "満席（キャンセル待ち受付中）", EN: "Full (waiting list open)"},
	event.StatusFull:      {JA: "満席", EN: "Full"},
	event.StatusClosed:    {JA: "受付終了", EN: "Registration closed"},
	event.StatusCancelled: {JA: "中止", EN: "Cancelled"},
	event.StatusPostponed: {JA: "延期", EN: "Postponed"},
	event.StatusPast:      {JA: "終了", EN: "Over"},
}

// write makes the opaque cursor.
func (p place) write() string {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// readCursor reads one that write made, or something like it: whatever it says, it must be a key of the list.
func readCursor(text string, now time.Time) (place, error) {
	p := place{At: now.Unix()}
	if text == "" {
		return p, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > 1000 || json.Unmarshal(data, &p) != nil || p.At < 0 || p.At > now.Unix() {
		return p, errCursor
	}
	if p.Key == nil {
		return p, nil
	}
	pk, _ := p.Key["pk"].(string)
	sk, _ := p.Key["sk"].(string)
	ends, number := p.Key["ends_at"].(float64)
	if len(p.Key) != 4 || pk == "" || sk == "" || p.Key["list"] != "events" || !number || ends != math.Trunc(ends) || ends < 0 || ends > math.MaxInt32*4 ||
		p.Past != (int64(ends) <= p.At) {
		return p, errCursor
	}
	p.Key["ends_at"] = int64(ends)
	return p, nil
}

// plainKey is a key as JSON holds it.
func plainKey(key record.Item) map[string]any {
	plain := map[string]any{}
	if err := attributevalue.UnmarshalMap(key, &plain); err != nil {
		panic(err) // keys are strings and numbers
	}
	return plain
}
