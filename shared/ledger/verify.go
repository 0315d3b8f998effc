package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Report is what a walk along the chain of one month has found.
type Report struct {
	Entries int
	Broken  string // ID of the first entry that does not follow from the one before; "" where all do
	Last    string // hash of the last entry: the same stands in the log line of that entry
	Begins  bool   // nothing stands before the first entry any more: the ledger begins here, or what was before has expired
}

// Verify walks the chain of a month ("2026-11") and holds its beginning to the end of the month before. Two things it cannot see:
// that entries were cut off at the end (Last is then another hash than the log has), and that the oldest ones were, once what stood
// before them may have expired.
func (s *Store) Verify(ctx context.Context, of string) (Report, error) {
	first, err := time.ParseInLocation("2006-01", of, policy.JapanTime)
	if err != nil {
		return Report{}, fmt.Errorf("verify ledger: %w", err)
	}
	now := s.Now()
	var r Report
	var want link
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[Entry](ctx, s.Client, s.entries(of, true), now, cursor)
		if err != nil {
			return r, fmt.Errorf("verify ledger: %w", err)
		}
		for _, e := range page {
			if r.Entries == 0 {
				if want, err = s.beginning(ctx, first, e, now); err != nil {
					return r, err
				}
				r.Begins = want.previous == "" || want.expired
			}
			r.Entries++
			if r.Broken == "" && (e.Place != want.place || e.Previous != want.previous || e.Hash != e.hash()) {
				r.Broken = e.ID()
			}
			r.Last = e.Hash
			if want, err = after(e); err != nil {
				return r, err
			}
		}
		if cursor = next; cursor == nil {
			return r, nil
		}
	}
}

// link is what the next entry must say of its place and of the hash before.
type link struct {
	place, previous string
	expired         bool // what stood before may have expired: the entry is believed
}

func after(e Entry) (link, error) {
	n, err := e.number()
	return link{place: place(n + 1), previous: e.Hash}, err
}

// beginning is what the first entry of a month that is still there must say.
func (s *Store) beginning(ctx context.Context, first time.Time, e Entry, now time.Time) (link, error) {
	at, err := time.Parse(time.RFC3339, e.At)
	if err == nil && now.After(at.AddDate(keptYears, -lookBack, 0)) {
		return link{place: e.Place, previous: e.Previous, expired: true}, nil
	}
	for back := range lookBack {
		last, found, err := s.last(ctx, month(first.AddDate(0, -back-1, 0)))
		if err != nil {
			return link{}, fmt.Errorf("verify ledger: %w", err)
		}
		if found {
			return link{place: place(1), previous: last.Hash}, nil
		}
	}
	return link{place: place(1)}, nil
}

// Page returns entries of a month, the newest first. cursor is what the page before returned, "" for the first; the next one is ""
// after the last page.
func (s *Store) Page(ctx context.Context, of string, size int32, cursor string) ([]Entry, string, error) {
	input := s.entries(of, false)
	input.Limit = &size
	var start record.Item
	if cursor != "" {
		start = record.Key(prefix+of, cursor)
	}
	page, next, err := record.Query[Entry](ctx, s.Client, input, s.Now(), start)
	if err != nil || next == nil {
		return page, "", err
	}
	sk, _ := next["sk"].(*types.AttributeValueMemberS)
	return page, sk.Value, nil
}

func (s *Store) entries(of string, forward bool) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{TableName: &s.Table, KeyConditionExpression: aws.String("pk = :month"), ConsistentRead: aws.Bool(true),
		ScanIndexForward: &forward, ExpressionAttributeValues: record.Item{":month": &types.AttributeValueMemberS{Value: prefix + of}}}
}
