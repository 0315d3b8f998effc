package subscription

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// marksVersion is that of the marks that put writes. Whoever adds a mark, or makes one otherwise, raises it: then Remark goes through
// each list once.
const marksVersion = 2

// remarking is how far Remark has come, an item in the list's own table.
type remarking struct {
	PK        string `dynamodbav:"pk"`
	SK        string `dynamodbav:"sk"`
	Version   int    `dynamodbav:"version"`
	Partition int    `dynamodbav:"partition"` // that is being gone through: 0 to 255; 256 when it is done
	After     string `dynamodbav:"after,omitempty"`
	Changed   int    `dynamodbav:"changed"`
}

const (
	partitions = 256 // of a list: the first two characters of a keyed hash
	remarkSort = "marks"
	remarkPage = 200 // records that are read at once
	remarkSave = 16  // partitions after which the place is stored: going through some again changes nothing
)

// Remark gives marks to subscribers whom an older version has written without, so that staff find them. It goes on where the last run
// ended, until end, and reports true where it is done: then it is never done again for this version. It touches nothing but marks.
// The last step goes through Commit, so that the ledger says that it has happened. Two runs at once do no harm. The error is
// record.ErrUnavailable.
func (l *List) Remark(ctx context.Context, end time.Time) (changed int, done bool, err error) {
	place := remarking{PK: settingsPartition, SK: remarkSort}
	if _, err := record.Get(ctx, l.Client, l.Table, record.Key(settingsPartition, remarkSort), l.Now(), &place); err != nil {
		return 0, false, err
	}
	switch {
	case place.Version > marksVersion: // a newer version is at work, or was
		return 0, true, nil
	case place.Version == marksVersion && place.Partition == partitions:
		return place.Changed, true, nil
	case place.Version < marksVersion:
		place = remarking{PK: settingsPartition, SK: remarkSort, Version: marksVersion}
	}
	save := func() error {
		_, err := record.Put(ctx, l.Client, l.Table, place, record.Condition{})
		return err
	}
	for place.Partition < partitions {
		if !l.Now().Before(end) {
			return place.Changed, false, save()
		}
		if err := l.remarkPage(ctx, &place); err != nil {
			return place.Changed, false, err
		}
		if place.Partition == partitions {
			break
		}
		if place.After != "" || place.Partition%remarkSave == 0 {
			if err := save(); err != nil {
				return place.Changed, false, err
			}
		}
	}
	var tx record.Transaction
	tx.Put("marks", l.Table, place, record.Condition{Expression: "attribute_not_exists(pk) OR #version < :version OR #partition < :all",
		Values: record.Values{"version": marksVersion, "all": partitions}, Names: []string{"version", "partition"}})
	err = l.commit(ctx, &tx)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return place.Changed, true, nil // it was done before
	}
	return place.Changed, err == nil, err
}

// remarkPage goes through the next records of a partition.
func (l *List) remarkPage(ctx context.Context, place *remarking) error {
	pk := fmt.Sprintf("%02x", place.Partition)
	var cursor record.Item
	if place.After != "" {
		cursor = record.Key(pk, place.After)
	}
	page, next, err := record.Query[Subscriber](ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, ConsistentRead: aws.Bool(true),
		Limit: aws.Int32(remarkPage), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: pk}}}, l.Now(), cursor)
	if err != nil {
		return err
	}
	for _, s := range page {
		written, err := l.remark(ctx, s)
		if err != nil {
			return err
		}
		if written {
			place.Changed++
		}
	}
	if place.After = record.Text(next, "sk"); place.After == "" {
		place.Partition++
	}
	return nil
}

// remark gives one subscriber its marks. Where something changes in between it is read again: what changed has written some marks, and
// perhaps not all.
func (l *List) remark(ctx context.Context, s Subscriber) (written bool, err error) {
	for range rounds {
		marks := l.marks(s)
		if s.Marks == marks {
			return false, nil
		}
		set, remove, values := []string(nil), []string(nil), record.Values{}
		for _, one := range []struct{ attribute, value string }{{"listed", marks.Listed}, {"listed_at", marks.ListedAt}, {"name_beginning", marks.Name},
			{"organization_beginning", marks.Organization}, {"name_initial", marks.Initial}, {"ending", marks.Ending}} {
			if one.value == "" {
				remove = append(remove, one.attribute)
				continue
			}
			set, values[one.attribute] = append(set, one.attribute+" = :"+one.attribute), one.value
		}
		update := "SET " + strings.Join(set, ", ") // state and time are never empty
		if len(remove) > 0 {
			update += " REMOVE " + strings.Join(remove, ", ")
		}
		condition := unchanged(s)
		condition.Expression += " AND #fields = :was_fields"
		condition.Values["was_fields"], condition.Names = s.Fields, append(condition.Names, "fields")
		if written, err = record.Update(ctx, l.Client, l.Table, Key(s.Person), update, values, condition, nil); err != nil || written {
			return written, err
		}
		person, found := s.Person, false
		s = Subscriber{}
		if found, err = record.Get(ctx, l.Client, l.Table, Key(person), l.Now(), &s); err != nil || !found {
			return false, err
		}
	}
	return false, errContended
}
