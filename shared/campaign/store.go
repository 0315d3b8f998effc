package campaign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Store is the campaigns table. Errors wrap record.ErrUnavailable unless they are said.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Now    func() time.Time

	// Keep is how long it is kept who was sent what, from the day of freezing. What a campaign said and its numbers stay.
	Keep time.Duration
}

// rounds is how often a change is tried again that somebody else's came before.
const rounds = 8

// Create stores a new draft with its first version. c.ID may be empty.
func (s *Store) Create(ctx context.Context, c Campaign, contents []Content) (Campaign, error) {
	now := s.Now()
	if c.ID == "" {
		c.ID = NewID()
	}
	c.PK, c.SK, c.State, c.Revision, c.Version = partition(c.ID), itemSort, Draft, 1, 1
	c.CreatedAt = now.UTC().Format(time.RFC3339)
	c.take(contents)
	c.note(now, Draft, c.Author, "")
	var tx record.Transaction
	tx.Put("campaign", s.Table, c, record.Condition{Expression: "attribute_not_exists(pk)"})
	s.putContents(&tx, c, contents)
	if err := tx.Commit(ctx, s.Client); err != nil {
		return Campaign{}, fmt.Errorf("create campaign: %w", err)
	}
	return c, nil
}

// Save stores a new version of what a campaign says. change may set what else the campaign's draft holds, and refuse. A campaign that
// was approved is a draft again: what was approved is not what it says now. Errors: ErrState, ErrNotFound, change's.
func (s *Store) Save(ctx context.Context, id, author string, contents []Content, change func(*Campaign) error) (Campaign, error) {
	return s.changeWith(ctx, id, func(c *Campaign, tx *record.Transaction) error {
		if c.State != Draft && c.State != InReview && c.State != Approved {
			return ErrState // what is scheduled is recalled first
		}
		if change != nil {
			if err := change(c); err != nil {
				return err
			}
		}
		c.Version++
		c.Author, c.Approver = author, ""
		c.take(contents)
		if c.State != Draft {
			c.enter(s.Now(), Draft, author, "changed")
		}
		s.putContents(tx, *c, contents)
		return nil
	})
}

// take sets what the campaign's item shows of its contents.
func (c *Campaign) take(contents []Content) {
	c.Langs = nil
	for _, content := range contents {
		c.Langs = append(c.Langs, content.Language)
	}
	slices.SortFunc(c.Langs, func(a, b policy.Language) int { return strings.Compare(string(b), string(a)) }) // ja first
	for _, content := range contents {
		if content.Language == c.Langs[0] {
			c.Title = content.Subject
		}
	}
}

func (s *Store) putContents(tx *record.Transaction, c Campaign, contents []Content) {
	for i, content := range contents {
		content.PK, content.SK, content.Version = partition(c.ID), contentSort(c.Version, content.Language), c.Version
		content.Author, content.SavedAt = c.Author, s.Now().UTC().Format(time.RFC3339)
		tx.Put(fmt.Sprintf("content%d", i), s.Table, content, record.Condition{})
	}
}

// Get reads a campaign. Errors: ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (Campaign, error) {
	var c Campaign
	if !IsID(id) {
		return c, ErrNotFound
	}
	found, err := record.Get(ctx, s.Client, s.Table, Key(id), s.Now(), &c)
	if err == nil && !found {
		err = ErrNotFound
	}
	return c, err
}

// Standing reads of a campaign what a sender looks at before each call: its state, and what came back. Errors: ErrNotFound.
func (s *Store) Standing(ctx context.Context, id string) (Campaign, error) {
	var c Campaign
	found, err := record.GetSome(ctx, s.Client, s.Table, Key(id), "id, #state, bounced, complained, expires_at", s.Now(), &c, "state")
	if err == nil && !found {
		err = ErrNotFound
	}
	return c, err
}

// Contents reads one version of what a campaign says, in the order of its languages.
func (s *Store) Contents(ctx context.Context, c Campaign, version int) ([]Content, error) {
	var all []Content
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		var content Content
		found, err := record.Get(ctx, s.Client, s.Table, record.Key(partition(c.ID), contentSort(version, l)), s.Now(), &content)
		if err != nil {
			return nil, fmt.Errorf("read content: %w", err)
		}
		if found {
			all = append(all, content)
		}
	}
	return all, nil
}

// editionItem is an edition as it is kept.
type editionItem struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
	edition.Edition
}

// Print keeps the editions of a campaign's version: what its senders send. Whoever schedules it does so before. Doing it again
// replaces them.
func (s *Store) Print(ctx context.Context, c Campaign, editions []edition.Edition) error {
	var tx record.Transaction
	for _, e := range editions {
		tx.Put(string(e.Language), s.Table, editionItem{partition(c.ID), editionSort(c.Version, e.Language), e}, record.Condition{})
	}
	if err := tx.Commit(ctx, s.Client); err != nil {
		return fmt.Errorf("keep editions: %w", err)
	}
	return nil
}

// Editions reads what a campaign's senders send, one for each of its languages. Errors: ErrNotFound where one was not kept.
func (s *Store) Editions(ctx context.Context, c Campaign) ([]edition.Edition, error) {
	all := make([]edition.Edition, len(c.Langs))
	for i, l := range c.Langs {
		var item editionItem
		found, err := record.Get(ctx, s.Client, s.Table, record.Key(partition(c.ID), editionSort(c.Version, l)), s.Now(), &item)
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return nil, fmt.Errorf("read edition: %w", err)
		}
		all[i] = item.Edition
	}
	return all, nil
}

// List returns a page of the campaigns of a kind, the newest first. The cursor is what the page before returned, "" at first and
// after the last.
func (s *Store) List(ctx context.Context, kind policy.MailKind, limit int32, cursor string) ([]Campaign, string, error) {
	var from record.Item
	if id, at, ok := strings.Cut(cursor, "@"); ok {
		from = Key(id)
		from["kind"], from["created_at"] = &types.AttributeValueMemberS{Value: string(kind)}, &types.AttributeValueMemberS{Value: at}
	}
	page, next, err := record.Query[Campaign](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, IndexName: aws.String("kind"),
		KeyConditionExpression: aws.String("kind = :kind"), ScanIndexForward: aws.Bool(false), Limit: &limit,
		ExpressionAttributeValues: record.Item{":kind": &types.AttributeValueMemberS{Value: string(kind)}}}, s.Now(), from)
	if err != nil || next == nil || len(page) == 0 {
		return page, "", err
	}
	last := page[len(page)-1]
	return page, last.ID + "@" + last.CreatedAt, nil
}

// Active returns the IDs of the campaigns with which the clock has something to do by some time, the longest waiting first.
func (s *Store) Active(ctx context.Context, by time.Time) ([]string, error) {
	rows, _, err := record.Query[struct {
		ID string `dynamodbav:"id"`
	}](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, IndexName: aws.String("active"),
		KeyConditionExpression: aws.String("active = :yes AND active_at <= :now"), ExpressionAttributeValues: record.Item{
			":yes": &types.AttributeValueMemberS{Value: active}, ":now": &types.AttributeValueMemberN{Value: fmt.Sprint(millis(by))}}}, s.Now(), nil)
	if err != nil {
		return nil, fmt.Errorf("find active campaigns: %w", err)
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids, nil
}

// active is the one key of the index "active".
const active = "1"

// Change reads a campaign, lets change decide on it and stores what it changed; where somebody else decided in between, all of
// it again. change returns ErrState, or any error of its own, to leave the campaign as it is.
func (s *Store) Change(ctx context.Context, id string, change func(*Campaign) error) (Campaign, error) {
	return s.changeWith(ctx, id, func(c *Campaign, _ *record.Transaction) error { return change(c) })
}

// Enter moves a campaign to another state, for the reason given and by whom. Errors: ErrState.
func (s *Store) Enter(ctx context.Context, id string, to State, by, reason string) (Campaign, error) {
	return s.Change(ctx, id, func(c *Campaign) error { return c.Enter(s.Now(), to, by, reason) })
}

// Enter moves the campaign to another state where its own leads there.
func (c *Campaign) Enter(now time.Time, to State, by, reason string) error {
	if !c.State.Leads(to) {
		return fmt.Errorf("%w: %s to %s", ErrState, c.State, to)
	}
	c.enter(now, to, by, reason)
	return nil
}

// enter sets the state and what goes with it.
func (c *Campaign) enter(now time.Time, to State, by, reason string) {
	c.State, c.Reason = to, reason
	c.note(now, to, by, reason)
	switch to {
	case Scheduled:
		c.Wake(time.UnixMilli(c.ScheduledAt))
	case Freezing:
		c.Wake(now)
	case Sending:
		if c.StartedAt == 0 {
			c.StartedAt = millis(now)
		}
		c.Wake(now)
	case Sent, Halted, Cancelled:
		c.EndedAt = millis(now)
		if to == Sent || c.Frozen == 0 {
			c.Rest()
		} // else unknown ones may be left to settle
	case Paused: // unknown ones go on being settled
	default:
		c.Rest()
	}
}

// Wake makes the clock see to the campaign at a time.
func (c *Campaign) Wake(at time.Time) { c.Active, c.ActiveAt = active, millis(at) }

// Rest makes the clock leave the campaign alone.
func (c *Campaign) Rest() { c.Active, c.ActiveAt = "", 0 }

// maxHistory bounds the steps that a campaign shows.
const maxHistory = 60

func (c *Campaign) note(now time.Time, to State, by, reason string) {
	c.History = append(c.History, Step{millis(now), to, by, reason})
	if len(c.History) > maxHistory {
		c.History = slices.Delete(c.History, 1, 1+len(c.History)-maxHistory)
	}
}

// changeWith is Change for what needs further writes in the same transaction.
func (s *Store) changeWith(ctx context.Context, id string, change func(*Campaign, *record.Transaction) error) (Campaign, error) {
	for range rounds {
		was, err := s.Get(ctx, id)
		if err != nil {
			return Campaign{}, err
		}
		c := was.clone()
		var tx record.Transaction
		if err := change(&c, &tx); err != nil {
			return was, err
		}
		c.Revision++
		if err := s.addChange(&tx, was, c); err != nil {
			return was, err
		}
		err = tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		if errors.As(err, &cancelled) {
			continue
		}
		if err != nil {
			return was, fmt.Errorf("change campaign: %w", err)
		}
		return c, nil
	}
	return Campaign{}, ErrStale
}

// clone copies what a change may write into.
func (c *Campaign) clone() Campaign {
	d := *c
	d.Left, d.History = maps.Clone(c.Left), slices.Clone(c.History)
	return d
}

// reported are the attributes that the feedback function adds to at any time, in writes of its own.
var reported = map[string]bool{"bounced": true, "soft": true, "suppressed": true, "complained": true, "delayed": true}

// addChange adds to a transaction what differs between a campaign as it was read and as it shall be.
func (s *Store) addChange(tx *record.Transaction, was, c Campaign) error {
	before, err := attributevalue.MarshalMap(was)
	after, err2 := attributevalue.MarshalMap(c)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("encode campaign: %w", err)
	}
	var set, remove, names []string
	values := record.Values{}
	for name, v := range after {
		if !reported[name] && !reflect.DeepEqual(before[name], v) {
			set, names, values[name] = append(set, "#"+name+" = :"+name), append(names, name), v
		}
	}
	for name := range before {
		if _, kept := after[name]; !kept && !reported[name] {
			remove, names = append(remove, "#"+name), append(names, name)
		}
	}
	update := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		update += " REMOVE " + strings.Join(remove, ", ")
	}
	tx.Update("campaign", s.Table, Key(c.ID), update, values,
		record.Condition{Expression: "revision = :was", Values: record.Values{"was": was.Revision}}, names...)
	return nil
}
