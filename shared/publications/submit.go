package publications

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"madoguchi/shared/address"
	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

const (
	// mailsPerDay is how many acknowledgements go to one address a day, whoever asks. A request above it is stored all the same: staff
	// see it and decide before anything is sent, while a mailbox can be flooded by strangers in a minute.
	mailsPerDay = 3
	// MostKinds is how many publications one request may name: a transaction of DynamoDB holds a hundred actions.
	MostKinds = 50
)

const (
	actRequest     = "request"
	actReservation = "reservation"
	actCap         = "cap"
	actMovement    = "movement"
)

// Submit stores a request, reserves its copies and promises the acknowledgement, in one transaction without a read. It returns a
// *web.Error (Conflict) that says how many are left where there are not enough, a *record.Cancelled where the token is spent, or
// record.ErrUnavailable.
func (s *Store) Submit(ctx context.Context, d *desk.Desk, sub *form.Submission, items []Item) error {
	return s.submit(ctx, d, sub, items, sub.Spend)
}

func (s *Store) submit(ctx context.Context, d *desk.Desk, sub *form.Submission, items []Item, spend func(*record.Transaction)) error {
	to, err := address.Parse(sub.Values["email"])
	if err != nil {
		return errors.New("a submission's address did not parse twice") // it was cleaned before; its text is not for the log
	}
	expires := s.Periods.Expiry(openRetention, sub.At)
	request := Request{Ref: sub.Reference, Kind: requestKind, State: Received, Since: stamp(sub.At), Received: stamp(sub.At),
		Person: to.Key(d.AddressKey), Fields: maps.Clone(sub.Values), Items: items, Policy: policy.Version, FormVersion: sub.Version,
		Language: sub.Language, Channel: sub.Channel, OpenedAt: stamp(sub.Opened), Lapses: expires.Unix(), ExpiresAt: expires.Unix()}
	maps.DeleteFunc(request.Fields, func(name, _ string) bool { return strings.HasPrefix(name, QuantityPrefix) })
	for range rounds {
		var tx record.Transaction
		spend(&tx)
		tx.Put(actRequest, s.Requests, request, record.Condition{Expression: "attribute_not_exists(pk)"})
		tx.Put(actReservation, s.Requests, reservation{reservedPartition, reservationSort(request.Lapses, request.Ref), request.Ref, items}, record.Condition{})
		for _, item := range items {
			s.moveStock(&tx, item, reserves, record.Condition{Expression: "withdrawn = :no AND per_request >= :copies", Values: record.Values{"no": false}})
		}
		if !request.Unmailed {
			d.Guard.Cap(&tx, actCap, "mail/"+string(d.Service.Code), request.Person, mailsPerDay, sub.At)
			d.Enqueue(&tx, policy.PublicationsReceived, sub.Language, to, map[string]string{"reference": sub.Reference,
				"publications": inWords(items), "deleted_on": stamp(expires)})
		}
		err := tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, spent := cancelled.Failed[guard.TokenAction]; spent {
			return err
		}
		short, wrong := shortage(cancelled, items)
		if wrong != nil {
			return wrong
		}
		if short != nil {
			return short
		}
		if _, full := cancelled.Failed[actCap]; !full {
			return err
		}
		request.Unmailed = true
	}
	return errContended
}

// inWords lists what was asked for on one line: ASEANの地図（2部）、ASEAN入門（1部）.
func inWords(items []Item) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = fmt.Sprintf("%s（%d部）", item.Title, item.Copies)
	}
	return strings.Join(words, "、")
}

// shortage tells what the stock does not hold, publication by publication, and what to do; nil where it was not the stock.
func shortage(cancelled *record.Cancelled, items []Item) (*web.Error, error) {
	short := &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "ご希望の部数をご用意できない資料があるため、請求はまだ受け付けていません。入力内容はそのままで、部数だけを変更して、もう一度送信してください。"}}
	left := map[string]int{}
	for _, item := range items {
		var now Publication
		failed, err := cancelled.Old(stockAction(item.ID), &now)
		if err != nil {
			return nil, err
		}
		if !failed {
			continue
		}
		wrong := web.FieldError{Field: QuantityPrefix + item.ID}
		switch {
		case now.ID == "" || now.Withdrawn:
			wrong.Code, wrong.Message = "withdrawn", fmt.Sprintf("「%s」の配布は終了しました。部数の欄を空にしてください", item.Title)
		case now.Left == 0:
			wrong.Code, wrong.Message = "none_left", fmt.Sprintf("「%s」は在庫がなくなりました。部数の欄を空にしてください", item.Title)
		case item.Copies > now.Limit:
			wrong.Code, wrong.Message = "over_limit", fmt.Sprintf("「%s」は1回に%d部までご請求いただけます", item.Title, now.Limit)
		default:
			wrong.Code, wrong.Message = "more_than_left", fmt.Sprintf("「%s」の在庫は残り%d部です。部数を%d以下にしてください", item.Title, now.Left, now.Left)
		}
		short.Fields = append(short.Fields, wrong)
		if !now.Withdrawn {
			left[item.ID] = now.Left
		}
	}
	if len(short.Fields) == 0 {
		return nil, nil
	}
	short.Members = map[string]any{"left": left}
	return short, nil
}
