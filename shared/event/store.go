package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// item is a definition in the table: the current one under sk "current" and each version under "v00001". Only the current
// one carries "list", the key of the index "calendar".
type item struct {
	PK         string `dynamodbav:"pk"` // event#<id>
	SK         string `dynamodbav:"sk"`
	List       string `dynamodbav:"list,omitempty"`
	EndsAt     int64  `dynamodbav:"ends_at"`
	Version    int    `dynamodbav:"version"`
	Sequence   int    `dynamodbav:"sequence"`
	SavedAt    int64  `dynamodbav:"saved_at"`
	Definition string `dynamodbav:"definition"` // JSON
}

const (
	current  = "current"
	listName = "events" // the one partition of the index: an office holds some hundred events a year
	// cachedFor is how long a process may go on with a definition (design: 30 seconds).
	cachedFor = 30 * time.Second
	// mostCached bounds the memory that unknown addresses could take.
	mostCached = 500
)

// ErrNotFound says that there is no such event.
var ErrNotFound = errors.New("no such event")

// Store keeps the definitions.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Now    func() time.Time

	mu    sync.Mutex
	known map[string]cached
}

type cached struct {
	event *Event
	until time.Time
}

func key(id, sk string) record.Item { return record.Key("event#"+id, sk) }

func versionKey(n int) string { return fmt.Sprintf("v%05d", n) }

// Get returns the definition of an event; the process may go on with one it has read for 30 seconds. It must not be changed.
// Errors: ErrNotFound, record.ErrUnavailable.
func (s *Store) Get(ctx context.Context, id string) (*Event, error) {
	now := s.Now()
	s.mu.Lock()
	known, there := s.known[id]
	s.mu.Unlock()
	if there && now.Before(known.until) {
		return known.event, nil
	}
	e, err := s.Fresh(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= mostCached {
		s.known = map[string]cached{}
	}
	s.known[id] = cached{e, now.Add(cachedFor)}
	return e, nil
}

// Fresh is Get past the process's memory.
func (s *Store) Fresh(ctx context.Context, id string) (*Event, error) {
	return s.read(ctx, id, current)
}

// VersionOf returns the definition as it was in a version: the one that a registration was made under (R32).
func (s *Store) VersionOf(ctx context.Context, id string, version int) (*Event, error) {
	return s.read(ctx, id, versionKey(version))
}

func (s *Store) read(ctx context.Context, id, sk string) (*Event, error) {
	if !safeID(id, 64) {
		return nil, ErrNotFound
	}
	var stored item
	found, err := record.Get(ctx, s.Client, s.Table, key(id, sk), s.Now(), &stored)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNotFound
	}
	return stored.event()
}

// event decodes a stored definition. It was checked when it was saved; later versions of the program may check more.
func (i item) event() (*Event, error) {
	e := &Event{}
	if err := json.Unmarshal([]byte(i.Definition), (*plain)(e)); err != nil {
		return nil, fmt.Errorf("decode event %s: %w", i.PK, err)
	}
	e.Version, e.Sequence, e.SavedAt = i.Version, i.Sequence, time.Unix(i.SavedAt, 0).UTC()
	return e, nil
}

// CheckAgainst tells what is wrong with a definition where an earlier one is there: registrants hold seats of a mode, which
// cannot become another.
func (e *Event) CheckAgainst(before *Event) Problems {
	if before != nil && before.State != Draft && before.Capacity.PerMode != e.Capacity.PerMode {
		return Problems{{".capacity", "an event that was published keeps counting its seats together, or at the venue and online apart"}}
	}
	return nil
}

// ErrChanged says that somebody else saved the event in this moment.
var ErrChanged = errors.New("the event was changed in between")

// Save stores a definition that Parse returned as the event's new version, and returns it. Where a calendar must follow - the
// event was moved, cancelled, postponed - the same transaction leaves a task: its registrants are written to, and what is
// kept of them expires by the new end. Errors: Problems, ErrChanged, record.ErrUnavailable.
func (s *Store) Save(ctx context.Context, e *Event) (*Event, error) {
	now := s.Now()
	before, err := s.Fresh(ctx, e.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if problems := e.CheckAgainst(before); len(problems) > 0 {
		return nil, problems
	}
	saved := *e
	saved.SavedAt, saved.Version, saved.Sequence = now.UTC().Truncate(time.Second), 1, 0
	condition := record.Condition{Expression: "attribute_not_exists(pk)"}
	var tx record.Transaction
	if before != nil {
		saved.Version, saved.Sequence = before.Version+1, before.Sequence
		condition = record.Condition{Expression: "#version = :was", Values: record.Values{"was": before.Version}, Names: []string{"version"}}
		if before.State != Draft && concerns(before, &saved) {
			if calendarChanged(before, &saved) {
				saved.Sequence++
			}
			tx.Put("task", s.Table, Task{PK: tasks, Event: e.ID, Version: saved.Version, SavedAt: now.Unix()}, record.Condition{})
		}
	}
	definition, err := saved.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	stored := item{PK: "event#" + e.ID, SK: current, List: listName, EndsAt: e.EndsAt.Unix(), Version: saved.Version, Sequence: saved.Sequence,
		SavedAt: now.Unix(), Definition: string(definition)}
	tx.Put("current", s.Table, stored, condition)
	stored.SK, stored.List = versionKey(saved.Version), ""
	tx.Put("version", s.Table, stored, record.Condition{})
	err = tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.known, e.ID)
	s.mu.Unlock()
	return &saved, nil
}

// calendarChanged tells changes that registrants must hear of and their calendars must follow.
func calendarChanged(before, after *Event) bool {
	return before.State != after.State || !before.StartsAt.Equal(after.StartsAt) || !before.EndsAt.Equal(after.EndsAt) ||
		before.Place != after.Place || before.OnlineURL != after.OnlineURL
}

// concerns tells changes after which something must be done with the registrations: also where there are fewer seats.
func concerns(before, after *Event) bool {
	fewer := false
	for _, mode := range after.Capacity.Modes() {
		fewer = fewer || after.Capacity.Of(mode) < before.Capacity.Of(mode)
	}
	return fewer || calendarChanged(before, after)
}

// Page is one page of events in the order of their ends; Next is nil after the last.
type Page struct {
	Events []*Event
	Next   record.Item
}

// Coming returns events that end after a moment, the first to end first.
func (s *Store) Coming(ctx context.Context, after time.Time, limit int, cursor record.Item) (Page, error) {
	return s.list(ctx, "ends_at > :at", after, true, limit, cursor)
}

// Past returns events that ended by a moment, the last first.
func (s *Store) Past(ctx context.Context, until time.Time, limit int, cursor record.Item) (Page, error) {
	return s.list(ctx, "ends_at <= :at", until, false, limit, cursor)
}

func (s *Store) list(ctx context.Context, condition string, at time.Time, forward bool, limit int, cursor record.Item) (Page, error) {
	items, next, err := record.Query[item](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, IndexName: aws.String("calendar"),
		KeyConditionExpression: aws.String("#list = :list AND " + condition), ExpressionAttributeNames: map[string]string{"#list": "list"},
		ExpressionAttributeValues: record.Item{":list": &types.AttributeValueMemberS{Value: listName},
			":at": &types.AttributeValueMemberN{Value: fmt.Sprint(at.Unix())}},
		ScanIndexForward: &forward, Limit: aws.Int32(int32(limit))}, s.Now(), cursor) //nolint:gosec // a page's size
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: next}
	for _, i := range items {
		e, err := i.event()
		if err != nil {
			return Page{}, err
		}
		page.Events = append(page.Events, e)
	}
	return page, nil
}
