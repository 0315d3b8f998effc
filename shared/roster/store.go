package roster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

// Errors that a caller can act on.
var (
	ErrNotFound = errors.New("no such import")
	// ErrState: the import's status does not allow it.
	ErrState = errors.New("the import's status does not allow it")
	// errStale: somebody else has gone on with the import in between.
	errStale = errors.New("somebody else goes on with the import")
)

// Store keeps imports, and what became of their rows.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Now    func() time.Time
}

// openPartition holds an item for each import that waits for work; filesPartition one for each file, by when it must go.
const (
	openPartition  = "open"
	filesPartition = "files"
)

// index is an item that leads to an import.
type index struct {
	PK      string `dynamodbav:"pk"`
	SK      string `dynamodbav:"sk"`
	ID      string `dynamodbav:"id"`
	Expires int64  `dynamodbav:"expires_at"`
}

func listPartition(list policy.Code) string { return "list#" + string(list) }

func fileSort(until int64, id string) string { return fmt.Sprintf("%012d#%s", until, id) }

// Create stores a new import whose file is in the bucket already, to be checked.
func (s *Store) Create(ctx context.Context, i Import) (Import, error) {
	now := s.Now()
	i.PK, i.SK = partition(i.ID), "import"
	i.Status, i.Created = Checking, now.UTC().Format(time.RFC3339)
	i.FileEnds, i.Expires = now.Add(FileFor).Unix(), now.Add(keepFor).Unix()
	var tx record.Transaction
	tx.Put("import", s.Table, i, record.Condition{Expression: "attribute_not_exists(pk)"})
	tx.Put("list", s.Table, index{listPartition(i.List), i.Created + "#" + i.ID, i.ID, i.Expires}, record.Condition{})
	tx.Put("file", s.Table, index{filesPartition, fileSort(i.FileEnds, i.ID), i.ID, i.Expires}, record.Condition{})
	s.open(&tx, i)
	if err := tx.Commit(ctx, s.Client); err != nil {
		return i, fmt.Errorf("create import: %w", err)
	}
	return i, nil
}

// open adds to a transaction that an import waits for work. It is always a new item: its stream wakes the worker.
func (s *Store) open(tx *record.Transaction, i Import) {
	tx.Put("open", s.Table, index{openPartition, i.ID, i.ID, i.Expires}, record.Condition{})
}

// Get reads an import. Errors: ErrNotFound, record.ErrUnavailable.
func (s *Store) Get(ctx context.Context, id string) (Import, error) {
	var i Import
	if !IsID(id) {
		return i, ErrNotFound
	}
	found, err := record.Get(ctx, s.Client, s.Table, importKey(id), s.Now(), &i)
	if err == nil && !found {
		err = ErrNotFound
	}
	return i, err
}

// change stores an import as change has made it, and what more adds to the same transaction. errStale where it was not as read.
func (s *Store) change(ctx context.Context, i *Import, change func(*Import), more func(*record.Transaction)) error {
	next := *i
	change(&next)
	next.Revision++
	var tx record.Transaction
	tx.Put("import", s.Table, next, record.Condition{Expression: "revision = :was", Values: record.Values{"was": i.Revision}})
	if more != nil {
		more(&tx)
	}
	err := tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		if _, stale := cancelled.Failed["import"]; stale {
			return errStale
		}
	}
	if err != nil {
		return err
	}
	*i = next
	return nil
}

// act is a decision of staff: it reads, decides and stores, and begins again where a step came in between.
func (s *Store) act(ctx context.Context, id string, decide func(*Import) error, wake bool) (Import, error) {
	const rounds = 10
	for range rounds {
		i, err := s.Get(ctx, id)
		if err != nil {
			return i, err
		}
		next := i
		if err := decide(&next); err != nil {
			return i, err
		}
		err = s.change(ctx, &i, func(to *Import) { *to = next }, func(tx *record.Transaction) {
			if wake {
				s.open(tx, i)
			}
		})
		if !errors.Is(err, errStale) {
			return i, err
		}
	}
	return Import{}, fmt.Errorf("change import: %w: it changed under every attempt", record.ErrUnavailable)
}

// Match takes the columns that staff have matched, and the dry run begins. Errors: ErrNotFound, ErrState.
func (s *Store) Match(ctx context.Context, id string, columns map[string]string) (Import, error) {
	return s.act(ctx, id, func(i *Import) error {
		if i.Status != Checking || !i.Waiting {
			return ErrState
		}
		i.Columns, i.Waiting, i.Asking = columns, false, false
		return nil
	}, true)
}

// applyTime is what applying may take at most: a file that goes sooner is not begun with.
const applyTime = time.Hour

// HasTime reports whether the file lives long enough to work through it.
func (i Import) HasTime(now time.Time) bool { return i.FileEnds > now.Add(applyTime).Unix() }

// Apply begins the work of an import that was checked. Errors: ErrNotFound, ErrState (also where the file has gone).
func (s *Store) Apply(ctx context.Context, id string) (Import, error) {
	return s.act(ctx, id, func(i *Import) error {
		if i.Status != Checked || !i.HasTime(s.Now()) {
			return ErrState
		}
		i.Status, i.Place, i.Done, i.Began = Applying, 0, 0, s.Now().UTC().Format(time.RFC3339)
		return nil
	}, true)
}

// Undo begins to take back an import that was applied. Whether mail has gone to it is the caller's to see. Errors: ErrNotFound, ErrState.
func (s *Store) Undo(ctx context.Context, id string) (Import, error) {
	return s.act(ctx, id, func(i *Import) error {
		if i.Status != Applied || i.Undoing {
			return ErrState
		}
		i.Undoing, i.Place, i.Done, i.Undone, i.Kept, i.Mailed = true, 0, 0, 0, 0, 0
		return nil
	}, true)
}

// List returns a page of a list's imports, the newest first, and the cursor of the next, "" after the last.
func (s *Store) List(ctx context.Context, list policy.Code, limit int32, cursor string) ([]Import, string, error) {
	var from record.Item
	if cursor != "" {
		from = record.Key(listPartition(list), cursor)
	}
	page, next, err := record.Query[index](ctx, s.Client, s.query(listPartition(list), limit, false), s.Now(), from)
	if err != nil {
		return nil, "", err
	}
	all := make([]Import, 0, len(page))
	for _, entry := range page {
		i, err := s.Get(ctx, entry.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		all = append(all, i)
	}
	return all, record.Text(next, "sk"), nil
}

func (s *Store) query(partition string, limit int32, forward bool) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{TableName: &s.Table, KeyConditionExpression: aws.String("pk = :pk"), ConsistentRead: aws.Bool(true),
		ScanIndexForward: &forward, Limit: &limit, ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: partition}}}
}

// Open returns imports that wait for work.
func (s *Store) Open(ctx context.Context) ([]string, error) {
	const most = 50 // what is beyond waits for the next strike of the clock
	page, _, err := record.Query[index](ctx, s.Client, s.query(openPartition, most, true), s.Now(), nil)
	ids := make([]string, len(page))
	for n, entry := range page {
		ids[n] = entry.ID
	}
	return ids, err
}

// over returns imports whose files must go, with their sort keys.
func (s *Store) over(ctx context.Context) ([]index, error) {
	const most = 50
	page, _, err := record.Query[index](ctx, s.Client, s.query(filesPartition, most, true), s.Now(), nil)
	now := fileSort(s.Now().Unix()+1, "")
	for n, entry := range page {
		if entry.SK >= now {
			return page[:n], err
		}
	}
	return page, err
}

// The rows of an import: verdicts of the dry run stand in pages of pageRows, what applying did in parts.
const (
	pageRows   = 10 * subscription.HereLimit
	pagePrefix = "r#"
	partPrefix = "a#"
)

// page is what the dry run said of some rows.
type page struct {
	PK       string `dynamodbav:"pk"`
	SK       string `dynamodbav:"sk"`
	Numbers  string `dynamodbav:"numbers"`  // of the rows, as differences to the one before, separated by spaces
	Verdicts string `dynamodbav:"verdicts"` // one for each
	Expires  int64  `dynamodbav:"expires_at"`
}

// part is what one step of applying did.
type part struct {
	PK      string   `dynamodbav:"pk"`
	SK      string   `dynamodbav:"sk"`
	Last    int      `dynamodbav:"last"`              // number of the last row
	People  string   `dynamodbav:"people"`            // keyed hashes of those whom it added, separated by spaces
	Changed []string `dynamodbav:"changed,omitempty"` // "row verdict" of rows that turned out otherwise than the dry run said
	Undone  bool     `dynamodbav:"undone,omitempty"`  // the undo has dealt with its people
	Kept    []string `dynamodbav:"kept,omitempty"`    // "n why" of people whom it has left, n from 0
	Expires int64    `dynamodbav:"expires_at"`
}

func rowSort(prefix string, row int) string { return fmt.Sprintf("%s%07d", prefix, row) }

// rows hands over the items of an import under a prefix, in order.
func rows[T any](ctx context.Context, s *Store, id, prefix, after string, atOnce int32, take func(T) (bool, error)) error {
	input := s.query(partition(id), atOnce, true)
	input.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :prefix)")
	input.ExpressionAttributeValues[":prefix"] = &types.AttributeValueMemberS{Value: prefix}
	var cursor record.Item
	if after != "" {
		cursor = record.Key(partition(id), after)
	}
	for {
		some, next, err := record.Query[T](ctx, s.Client, input, s.Now(), cursor)
		if err != nil {
			return err
		}
		for _, one := range some {
			if more, err := take(one); err != nil || !more {
				return err
			}
		}
		if cursor = next; cursor == nil {
			return nil
		}
	}
}

// lines are the rows of a page.
func (p page) lines() (numbers []int, verdicts []Verdict) {
	was := 0
	for text := range strings.FieldsSeq(p.Numbers) {
		var step int
		_, _ = fmt.Sscan(text, &step) // written by newPage
		was += step
		numbers = append(numbers, was)
	}
	for text := range strings.FieldsSeq(p.Verdicts) {
		verdicts = append(verdicts, Verdict(text))
	}
	return numbers, verdicts
}

func newPage(i *Import, numbers []int, verdicts []Verdict) page {
	var n, v strings.Builder
	was := 0
	for k, number := range numbers {
		fmt.Fprintf(&n, "%d ", number-was)
		fmt.Fprintf(&v, "%s ", verdicts[k])
		was = number
	}
	return page{PK: partition(i.ID), SK: rowSort(pagePrefix, numbers[0]), Numbers: n.String(), Verdicts: v.String(), Expires: i.Expires}
}
