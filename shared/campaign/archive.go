package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Issue is a newsletter or a press release as everybody may read it: nothing of any recipient. Each has two items in the partition of
// its kind, so that a function that serves the archive can be let into that partition and no other:
//
//	archive#KIND  at#TIME#ID  for the list, the newest first
//	archive#KIND  id#ID       everything
type Issue struct {
	ID    string          `dynamodbav:"id" json:"id"`
	Kind  policy.MailKind `dynamodbav:"-" json:"kind"`
	Title string          `dynamodbav:"title" json:"title"`
	HTML  string          `dynamodbav:"html,omitempty" json:"-"` // a fragment, without styles; not in lists
	At    int64           `dynamodbav:"at" json:"-"`             // Unix seconds: when its sending began, or its embargo ended. Nobody sees it before
}

// ArchivePrefix begins the partitions of the archive.
const ArchivePrefix = "archive#"

func archive(kind policy.MailKind) string { return ArchivePrefix + string(kind) }

// Public reports whether a campaign belongs into the public archive: newsletters and press releases that went to their list. Second
// tries are the same once more.
func (c *Campaign) Public() bool {
	return (c.Kind == policy.NewsletterIssue || c.Kind == policy.PressRelease) && (c.Follows == nil || c.Follows.Whom == ToAccepted)
}

type issueItem struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
	Issue
}

// Publish puts a campaign that is sent into the archive; a press release appears when its embargo has ended. Doing it again changes
// nothing. A campaign that is not Public is left alone.
func (s *Store) Publish(ctx context.Context, c Campaign, page edition.Page) error {
	if !c.Public() {
		return nil
	}
	at := max(c.StartedAt/1000, c.EmbargoUntil)
	issue := Issue{ID: c.ID, Title: page.Title, At: at}
	var tx record.Transaction
	tx.Put("list", s.Table, issueItem{archive(c.Kind), "at#" + time.Unix(at, 0).UTC().Format(time.RFC3339) + "#" + c.ID, issue}, record.Condition{})
	issue.HTML = page.HTML
	tx.Put("issue", s.Table, issueItem{archive(c.Kind), "id#" + c.ID, issue}, record.Condition{})
	if err := tx.Commit(ctx, s.Client); err != nil {
		return fmt.Errorf("publish campaign: %w", err)
	}
	return nil
}

// Issue reads an issue of the archive; false where there is none, or not yet.
func (s *Store) Issue(ctx context.Context, kind policy.MailKind, id string) (Issue, bool, error) {
	if !IsID(id) {
		return Issue{}, false, nil
	}
	var item issueItem
	found, err := record.Get(ctx, s.Client, s.Table, record.Key(archive(kind), "id#"+id), s.Now(), &item)
	item.Kind = kind
	return item.Issue, found && item.At <= s.Now().Unix(), err
}

// Archive returns a page of the archive without the issues' texts, the newest first, and the cursor to go on from ("" after the
// last).
func (s *Store) Archive(ctx context.Context, kind policy.MailKind, limit int32, cursor string) ([]Issue, string, error) {
	var from record.Item
	if cursor != "" {
		from = record.Key(archive(kind), "at#"+cursor)
	}
	items, next, err := record.Query[issueItem](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ScanIndexForward: aws.Bool(false), Limit: &limit,
		KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :first AND :now"), ExpressionAttributeValues: record.Item{
			":pk":    &types.AttributeValueMemberS{Value: archive(kind)},
			":first": &types.AttributeValueMemberS{Value: "at#"},
			":now":   &types.AttributeValueMemberS{Value: "at#" + s.Now().UTC().Format(time.RFC3339) + "#~"}}}, s.Now(), from)
	if err != nil {
		return nil, "", fmt.Errorf("read archive: %w", err)
	}
	all := make([]Issue, len(items))
	for i, item := range items {
		all[i] = item.Issue
		all[i].Kind = kind
	}
	if sk := record.Text(next, "sk"); sk != "" {
		return all, sk[len("at#"):], nil
	}
	return all, "", nil
}
