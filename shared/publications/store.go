// Package publications is the stock of materials and publications and the requests for them (policy 3(7), R42-R44): one store and
// one set of checks for the form, the loading of content and staff.
//
// Stock is a counter of each publication: a submission takes its copies by a conditional decrement in its own transaction, so that
// more than there are can never be promised. Lots, as an event's seats are, would be an item for each copy and many items for each
// request; they pay where hundreds want the same thing within seconds. Requests for printed matter come a few in an hour, and those
// that do meet on one counter are serialised by DynamoDB and tried again with jitter (shared/record).
//
// The counters and everything else about the publications lie in a table without persons. The table of requests holds, beside each
// request that is open, what it has reserved: without anything of the person and without an end, so that copies find their way back
// when the request's own end has come before anybody decided on it (Lapse). They lie in one partition, ordered by that time: it takes a
// write for each request and one for its end, of the thousand a second that a partition takes.
package publications

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Store is the stock and the requests.
type Store struct {
	Client    *dynamodb.Client
	Catalogue string // table of publications, their counters, covers and movements; nothing of persons
	Requests  string // table of requests
	Periods   policy.Periods
	Now       func() time.Time
}

// Request is what somebody asked for.
type Request struct {
	Ref         string            `dynamodbav:"pk"` // its reference
	Kind        string            `dynamodbav:"sk"` // requestKind
	State       State             `dynamodbav:"state"`
	Since       string            `dynamodbav:"since"`       // RFC 3339: when it entered the state
	Received    string            `dynamodbav:"received_at"` // RFC 3339
	Person      string            `dynamodbav:"person"`      // keyed hash of the mail address
	Fields      map[string]string `dynamodbav:"fields"`
	Items       []Item            `dynamodbav:"items"`
	Unmailed    bool              `dynamodbav:"unmailed,omitempty"` // its acknowledgement was one too many for its address that day
	Policy      string            `dynamodbav:"policy_version"`
	FormVersion int               `dynamodbav:"form_version"`
	Language    policy.Language   `dynamodbav:"lang"`
	Channel     string            `dynamodbav:"channel"`
	OpenedAt    string            `dynamodbav:"opened_at"`
	Lapses      int64             `dynamodbav:"lapses"` // when its reservation lapses, if nobody decides before (Unix seconds)
	ExpiresAt   int64             `dynamodbav:"expires_at"`
}

// Item is a number of copies of one publication, with the title that the person saw.
type Item struct {
	ID     string `dynamodbav:"id"`
	Title  string `dynamodbav:"title"`
	Copies int    `dynamodbav:"copies"`
}

// reservation is what an open request has reserved. Its sort key begins with the time at which it lapses.
type reservation struct {
	PK    string `dynamodbav:"pk"` // reservedPartition
	SK    string `dynamodbav:"sk"`
	Ref   string `dynamodbav:"ref"`
	Items []Item `dynamodbav:"items"`
}

const (
	requestKind       = "request"
	reservedPartition = "reserved"
	publicationKind   = "publication"
	coverKind         = "cover"
	movementKind      = "movement#" // and the publication
)

// rounds bounds how often a decision is taken again because somebody else was faster.
const rounds = 8

// errContended says that a record changed under every attempt; trying again is safe.
var errContended = errors.Join(errors.New("record changed under every attempt"), record.ErrUnavailable)

func requestKey(ref string) record.Item { return record.Key(ref, requestKind) }

func reservationKey(lapses int64, ref string) record.Item {
	return record.Key(reservedPartition, reservationSort(lapses, ref))
}

func reservationSort(lapses int64, ref string) string { return fmt.Sprintf("%012d#%s", lapses, ref) }

func publicationKey(id string) record.Item { return record.Key(publicationKind, id) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// moveStock adds to a transaction what the copies of one item do to the counters. It holds where there are enough of them.
func (s *Store) moveStock(tx *record.Transaction, item Item, by shift, more record.Condition) {
	condition := more
	need := func(counter string, change int) {
		if change >= 0 {
			return
		}
		if condition.Expression != "" {
			condition.Expression += " AND "
		}
		condition.Expression += counter + " >= :copies"
	}
	need("n_left", by.left)
	need("n_reserved", by.reserved)
	need("n_sent", by.sent)
	values := record.Values{"copies": item.Copies}
	for name, value := range more.Values {
		values[name] = value
	}
	condition.Values = values
	tx.Update(stockAction(item.ID), s.Catalogue, publicationKey(item.ID), "ADD n_left :l, n_reserved :r, n_sent :s",
		record.Values{"l": by.left * item.Copies, "r": by.reserved * item.Copies, "s": by.sent * item.Copies}, condition)
}

func stockAction(id string) string { return "stock " + id }

// Tables are the settings of a function with the store.
type Tables struct {
	Requests  string `env:"PUBLICATIONS_TABLE"`
	Catalogue string `env:"CATALOGUE_TABLE"`
}

// Open opens the store of a desk.
func Open(d *desk.Desk, t Tables) *Store {
	return &Store{Client: d.Client, Catalogue: t.Catalogue, Requests: t.Requests, Periods: d.Periods, Now: d.Now}
}
