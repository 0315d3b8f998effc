package publications

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// ErrNoRequest says that there is no such request, or none any more.
var ErrNoRequest = errors.New("no such request")

// StateError says that a request cannot move from where it stands to where it should.
type StateError struct{ From, To State }

func (e *StateError) Error() string {
	return fmt.Sprintf("a request that is %s cannot become %s", e.From, e.To)
}

// Find reads a request. The error is ErrNoRequest or record.ErrUnavailable.
func (s *Store) Find(ctx context.Context, ref string) (Request, error) {
	var r Request
	found, err := record.Get(ctx, s.Client, s.Requests, requestKey(ref), s.Now(), &r)
	if err == nil && !found {
		err = ErrNoRequest
	}
	return r, err
}

// Move takes a request to another state, in one transaction with what that does to the stock and to the record's end. Moving it to
// where it stands already is a *StateError, so that a button pressed twice does nothing twice. Other errors: ErrNoRequest,
// record.ErrUnavailable.
func (s *Store) Move(ctx context.Context, ref string, to State) error {
	for range rounds {
		r, err := s.Find(ctx, ref)
		if err != nil {
			return err
		}
		by, allowed := moves[r.State][to]
		if !allowed {
			return &StateError{r.State, to}
		}
		err = s.move(ctx, r, to, by)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, moved := cancelled.Failed[actRequest]; !moved {
			if _, lapsed := cancelled.Failed[actReservation]; lapsed {
				return ErrNoRequest
			}
			return err
		}
	}
	return errContended
}

func (s *Store) move(ctx context.Context, r Request, to State, by shift) error {
	now := s.Now()
	var tx record.Transaction
	values := record.Values{"to": to, "since": stamp(now)}
	update := "SET #state = :to, since = :since"
	if to.Final() {
		update += ", expires_at = :expires"
		values["expires"] = s.Periods.Expiry(finalRetention, now).Unix()
	}
	tx.Update(actRequest, s.Requests, requestKey(r.Ref), update, values, record.Condition{Expression: "#state = :from AND expires_at > :now",
		Values: record.Values{"from": r.State, "now": now.Unix()}}, "state")
	if to.Final() && !r.State.Final() {
		tx.Delete(actReservation, s.Requests, reservationKey(r.Lapses, r.Ref), record.Condition{Expression: "attribute_exists(pk)"})
	}
	for _, item := range r.Items {
		if by == stays {
			break
		}
		s.moveStock(&tx, item, by, record.Condition{})
		if by.sent != 0 {
			s.count(&tx, r, item, to)
		}
	}
	return tx.Commit(ctx, s.Client)
}

// Movement is how many copies of a publication went to a prefecture in a month, and how many came back. It stays when the requests are
// gone (decisions: "the stock movement stays").
type Movement struct {
	Publication string `dynamodbav:"-"`
	PK          string `dynamodbav:"pk"`
	SK          string `dynamodbav:"sk"` // 2026-11#13
	Sent        int    `dynamodbav:"n_sent"`
	Returned    int    `dynamodbav:"n_returned"`
}

// count adds the copies to the movements of this month.
func (s *Store) count(tx *record.Transaction, r Request, item Item, to State) {
	counter := "n_sent"
	if to == Returned {
		counter = "n_returned"
	}
	month := s.Now().In(policy.JapanTime).Format("2006-01")
	tx.Update(actMovement+" "+item.ID, s.Catalogue, record.Key(movementKind+item.ID, month+"#"+r.Fields["prefecture"]), "ADD "+counter+" :n",
		record.Values{"n": item.Copies}, record.Condition{})
}

// Movements are those of a publication, by month and prefecture.
func (s *Store) Movements(ctx context.Context, id string) ([]Movement, error) {
	all, err := queryAll[Movement](ctx, s, &dynamodb.QueryInput{TableName: &s.Catalogue, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: record.Item{":p": record.Key(movementKind+id, "")["pk"]}})
	for i := range all {
		all[i].Publication = id
	}
	return all, err
}

// Lapse takes back what was reserved by requests that have reached their end before anybody decided on them, and deletes what is
// left of them. It returns how many there were. The error is record.ErrUnavailable.
func (s *Store) Lapse(ctx context.Context) (int, error) {
	now := s.Now()
	due, err := queryAll[reservation](ctx, s, &dynamodb.QueryInput{TableName: &s.Requests, KeyConditionExpression: aws.String("pk = :p AND sk < :s"),
		ExpressionAttributeValues: record.Item{":p": record.Key(reservedPartition, "")["pk"],
			":s": record.Key(reservationSort(now.Unix()+1, ""), "")["pk"]}})
	if err != nil {
		return 0, err
	}
	lapsed := 0
	for _, r := range due {
		var tx record.Transaction
		// A request that is kept longer than was thought, by a hold, keeps its copies.
		tx.Delete(actRequest, s.Requests, requestKey(r.Ref), record.IfAbsent(now))
		tx.Delete(actReservation, s.Requests, record.Key(r.PK, r.SK), record.Condition{Expression: "attribute_exists(pk)"})
		for _, item := range r.Items {
			s.moveStock(&tx, item, restores, record.Condition{})
		}
		err := tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		switch {
		case errors.As(err, &cancelled):
			continue
		case err != nil:
			return lapsed, err
		}
		lapsed++
	}
	return lapsed, nil
}

// queryAll reads all pages of a query, consistently.
func queryAll[T any](ctx context.Context, s *Store, input *dynamodb.QueryInput) (all []T, err error) {
	input.ConsistentRead = aws.Bool(true)
	var cursor record.Item
	for {
		page, next, err := record.Query[T](ctx, s.Client, input, s.Now(), cursor)
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); next == nil {
			return all, nil
		}
		cursor = next
	}
}

// QuantityPrefix begins the names of the fields for numbers of copies; the publication follows.
const QuantityPrefix = "quantity."

// Wanted reads the numbers of copies out of cleaned values, in the order of the catalogue.
func Wanted(catalogue []Publication, values map[string]string) []Item {
	var items []Item
	for _, p := range catalogue {
		n := 0
		if _, err := fmt.Sscanf(strings.TrimSpace(values[QuantityPrefix+p.ID]), "%d", &n); err == nil && n > 0 {
			items = append(items, Item{p.ID, p.Title.JA, n})
		}
	}
	return items
}
