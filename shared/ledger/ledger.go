// Package ledger keeps what was done and by whom (R47): entries that are only ever added. Each holds the hash of the one before, so
// that a changed or removed entry breaks the chain; functions may put and read, never update or delete. An entry names people
// by the provider's subject and objects by reference, and holds no value of any field.
package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// The outcomes of an entry.
const (
	Done    = "done"
	Refused = "refused"
)

const (
	// keptYears is how long an entry is kept (policy: audit log 3 years).
	keptYears = 3
	// maxTries bounds the attempts to add an entry while others add theirs at the same moment.
	maxTries = 12
	// lookBack is how many silent months lie between an entry and the one before it at most; after a longer silence a chain begins
	// anew.
	lookBack = 12
)

// Entry is one line of the ledger.
type Entry struct {
	Month    string `dynamodbav:"pk" json:"-"` // AUDIT#2026-11: one partition for each month in Japan
	Place    string `dynamodbav:"sk" json:"-"` // number within the month, eight digits
	At       string `dynamodbav:"at" json:"at"`
	Who      string `dynamodbav:"who" json:"who"`         // subject
	What     string `dynamodbav:"what" json:"what"`       // a code: "campaign.approve"
	Object   string `dynamodbav:"object" json:"object"`   // a reference or key
	Outcome  string `dynamodbav:"outcome" json:"outcome"` // Done or Refused
	Reason   string `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
	Request  string `dynamodbav:"request,omitempty" json:"request,omitempty"` // X-Request-Id, as in the log
	Previous string `dynamodbav:"previous" json:"-"`
	Hash     string `dynamodbav:"hash" json:"-"`

	ExpiresAt int64 `dynamodbav:"expires_at" json:"-"`
}

// ID names an entry: 2026-11/00000042.
func (e Entry) ID() string { return e.Month[min(len(e.Month), len(prefix)):] + "/" + e.Place }

const prefix = "AUDIT#"

// hash is over everything that the entry says and over the hash before it. JSON of a list of texts has one form only.
func (e Entry) hash() string {
	text, err := json.Marshal([]string{e.Month, e.Place, e.At, e.Who, e.What, e.Object, e.Outcome, e.Reason, e.Request, e.Previous, fmt.Sprint(e.ExpiresAt)})
	if err != nil {
		panic(err) // texts can be written as JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Store is the ledger in its table.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Now    func() time.Time
}

var errBusy = errors.New("others add entries faster than this one")

// Append adds an entry and returns it as stored. It fails with record.ErrUnavailable where the store is out of reach.
func (s *Store) Append(ctx context.Context, e Entry) (Entry, error) {
	var stored Entry
	err := s.add(ctx, e, func(next Entry) (bool, error) {
		stored = next
		return record.Put(ctx, s.Client, s.Table, next, absent)
	})
	return stored, err
}

// Commit adds an entry in the caller's transaction. Where only the entry's place was taken by another writer, it is tried again
// with the next place; every other error is that of record.Transaction.Commit.
func (s *Store) Commit(ctx context.Context, tx *record.Transaction, e Entry) error {
	return s.add(ctx, e, func(next Entry) (bool, error) {
		attempt := *tx
		attempt.Put("ledger", s.Table, next, absent)
		err := attempt.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		if errors.As(err, &cancelled) && len(cancelled.Failed) == 1 {
			if _, taken := cancelled.Failed["ledger"]; taken {
				return false, nil
			}
		}
		return err == nil, err
	})
}

// absent holds where nothing stands: an expired entry too keeps its place, or the chain would fork.
var absent = record.Condition{Expression: "attribute_not_exists(pk)"}

// add finds the end of the chain, makes the entry that follows it, and lets put write it, until put says that it has.
func (s *Store) add(ctx context.Context, e Entry, put func(Entry) (bool, error)) error {
	for try := range maxTries {
		next, err := s.following(ctx, e)
		if err != nil {
			return err
		}
		done, err := put(next)
		if err != nil {
			return fmt.Errorf("add to ledger: %w", err)
		}
		if done {
			// The log is another place than the table: who rewrites the chain there cannot rewrite its hashes here.
			slog.InfoContext(ctx, "ledger", "entry", next.ID(), "hash", next.Hash, "request_id", next.Request)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("add to ledger: %w", ctx.Err())
		case <-time.After(rand.N(time.Duration(try+1) * 10 * time.Millisecond)): //nolint:gosec // jitter needs no secrecy
		}
	}
	return fmt.Errorf("add to ledger: %w: %w", record.ErrUnavailable, errBusy)
}

func month(t time.Time) string { return prefix + t.In(policy.JapanTime).Format("2006-01") }

// following completes an entry as the next of this month's chain.
func (s *Store) following(ctx context.Context, e Entry) (Entry, error) {
	now := s.Now()
	e.Month, e.Place = month(now), place(1)
	e.At, e.ExpiresAt = now.In(policy.JapanTime).Format(time.RFC3339), now.AddDate(keptYears, 0, 0).Unix()
	e.Previous = ""
	for back := range lookBack + 1 {
		first := time.Date(now.In(policy.JapanTime).Year(), now.In(policy.JapanTime).Month(), 1, 0, 0, 0, 0, policy.JapanTime)
		last, found, err := s.last(ctx, month(first.AddDate(0, -back, 0)))
		if err != nil {
			return Entry{}, err
		}
		if !found {
			continue
		}
		e.Previous = last.Hash
		if back == 0 {
			n, err := last.number()
			if err != nil {
				return Entry{}, err
			}
			e.Place = place(n + 1)
		}
		break
	}
	e.Hash = e.hash()
	return e, nil
}

func (e Entry) number() (int, error) {
	n, err := strconv.Atoi(e.Place)
	if err != nil {
		return 0, fmt.Errorf("read place of ledger entry: %w", err)
	}
	return n, nil
}

func place(n int) string { return fmt.Sprintf("%08d", n) }

func (s *Store) last(ctx context.Context, pk string) (Entry, bool, error) {
	entries, _, err := record.Query[Entry](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, KeyConditionExpression: aws.String("pk = :month"),
		ExpressionAttributeValues: record.Item{":month": &types.AttributeValueMemberS{Value: pk}},
		ScanIndexForward:          aws.Bool(false), Limit: aws.Int32(1), ConsistentRead: aws.Bool(true)}, s.Now(), nil)
	if err != nil || len(entries) == 0 {
		return Entry{}, false, err
	}
	return entries[0], true, nil
}
