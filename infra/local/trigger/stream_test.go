package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
)

// world is a table with a stream, and a function that notes the batches that it gets.
type world struct {
	t      *testing.T
	engine *dynamodb.Engine
	client *ddb.Client

	mu      sync.Mutex
	batches []string                                         // the keys of each batch: "a b"
	answer  func(attempt int, keys []string) (string, error) // nil: takes everything
	events  [][]byte
	changed chan struct{}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	program, err := tools.Dynoxide(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := dynamodb.Start(t.Context(), program, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	w := &world{t: t, engine: engine, client: engine.Client(), changed: make(chan struct{}, 1)}
	w.createTable()
	return w
}

func (w *world) createTable() {
	w.t.Helper()
	_, err := w.client.CreateTable(w.t.Context(), &ddb.CreateTableInput{
		TableName: aws.String("jobs"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewImage},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) Invoke(_ context.Context, _ string, event []byte) (runtime.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var e events.DynamoDBEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return runtime.Result{}, err
	}
	var keys []string
	byKey := map[string]string{}
	for _, r := range e.Records {
		key := r.Change.Keys["pk"].String()
		keys = append(keys, key)
		byKey[key] = r.Change.SequenceNumber
	}
	w.batches = append(w.batches, strings.Join(keys, " "))
	w.events = append(w.events, event)
	select {
	case w.changed <- struct{}{}:
	default:
	}
	if w.answer == nil {
		return runtime.Result{}, nil
	}
	failed, err := w.answer(len(w.batches), keys)
	if err != nil {
		return runtime.Result{}, err
	}
	if failed == "" {
		return runtime.Result{Payload: []byte(`{"batchItemFailures":[]}`)}, nil
	}
	if sequence, ok := byKey[failed]; ok {
		failed = sequence
	}
	return runtime.Result{Payload: fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%q}]}`, failed)}, nil
}

func (w *world) put(keys ...string) {
	w.t.Helper()
	for _, key := range keys {
		item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key}, "n": &types.AttributeValueMemberN{Value: "1"}}
		if _, err := w.client.PutItem(w.t.Context(), &ddb.PutItemInput{TableName: aws.String("jobs"), Item: item}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) start(source template.Stream, positions string) *Triggers {
	w.t.Helper()
	source.Function, source.Event, source.Table, source.FromBeginning = "F", "E", "jobs", true
	triggers, err := Start(Options{
		Functions: []template.Function{{Name: "F", Streams: []template.Stream{source}}}, Invoker: w, PositionIn: positions,
		Streams: dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: aws.String(w.engine.URL()), Region: template.Region, Credentials: credentials.NewStaticCredentialsProvider("stack", "stack", ""),
		}),
		Poll: 5 * time.Millisecond, Backoff: time.Millisecond,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(triggers.Stop)
	return triggers
}

// until waits for the n-th batch, then lets some looks at the stream pass so that one batch too many would show.
func (w *world) until(n int) []string {
	w.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		w.mu.Lock()
		have := len(w.batches)
		w.mu.Unlock()
		if have >= n {
			break
		}
		select {
		case <-w.changed:
		case <-limit:
			w.t.Fatalf("%d batches of %d", have, n)
		}
	}
	time.Sleep(50 * time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.batches...)
}

func TestBatches(t *testing.T) {
	failing := func(key string, times int) func(int, []string) (string, error) {
		return func(_ int, keys []string) (string, error) {
			for _, k := range keys {
				if k == key && times > 0 {
					times--
					return key, nil
				}
			}
			return "", nil
		}
	}
	broken := func(key string) func(int, []string) (string, error) {
		return func(_ int, keys []string) (string, error) {
			for _, k := range keys {
				if k == key {
					return "", &runtime.FunctionError{Type: "T", Message: "poison"}
				}
			}
			return "", nil
		}
	}
	for _, c := range []struct {
		name   string
		source template.Stream
		answer func(int, []string) (string, error)
		want   []string
	}{
		{"all at once", template.Stream{BatchSize: 10, MaximumRetries: -1}, nil, []string{"a b c d"}},
		{"batch size", template.Stream{BatchSize: 3, MaximumRetries: -1}, nil, []string{"a b c", "d"}},
		{"filter", template.Stream{BatchSize: 10, MaximumRetries: -1, Filters: []string{
			`{"dynamodb":{"Keys":{"pk":{"S":["b"]}}}}`, `{"dynamodb":{"Keys":{"pk":{"S":["d"]}}}}`}}, nil, []string{"b d"}},
		{"failed item: the rest comes again", template.Stream{BatchSize: 10, MaximumRetries: -1, PartialAnswers: true}, failing("c", 1), []string{"a b c d", "c d"}},
		{"failed item without ReportBatchItemFailures is success", template.Stream{BatchSize: 10, MaximumRetries: -1}, failing("c", 1), []string{"a b c d"}},
		{"unknown item: all comes again", template.Stream{BatchSize: 10, MaximumRetries: -1, PartialAnswers: true}, func(n int, _ []string) (string, error) {
			if n == 1 {
				return "nobody", nil
			}
			return "", nil
		}, []string{"a b c d", "a b c d"}},
		{"first item fails too often: the batch is given up", template.Stream{BatchSize: 2, MaximumRetries: 1, PartialAnswers: true}, failing("a", 9), []string{"a b", "a b", "c d"}},
		{"error: all comes again", template.Stream{BatchSize: 10, MaximumRetries: -1}, func(n int, _ []string) (string, error) {
			if n < 3 {
				return "", errors.New("not now")
			}
			return "", nil
		}, []string{"a b c d", "a b c d", "a b c d"}},
		{"poison without halving loses the batch", template.Stream{BatchSize: 4, MaximumRetries: 1}, broken("c"), []string{"a b c d", "a b c d"}},
		{"poison with halving loses one record", template.Stream{BatchSize: 4, MaximumRetries: 1, Bisect: true}, broken("c"),
			[]string{"a b c d", "a b", "c d", "c", "c", "d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.answer = c.answer
			w.put("a", "b", "c", "d")
			w.start(c.source, "")
			if diff := cmp.Diff(c.want, w.until(len(c.want))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecordsThatAreTooOld(t *testing.T) {
	old, young := record{sequence: "1", at: time.Now().Add(-time.Hour)}, record{sequence: "2", at: time.Now()}
	for _, c := range []struct {
		name string
		age  time.Duration
		want int // records that are left
	}{
		{"no limit", 0, 2},
		{"both young enough", 2 * time.Hour, 2},
		{"one too old", time.Minute, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			invoked := &recorder{}
			r := &reader{triggers: startWith(t, invoked), source: template.Stream{MaximumAge: c.age, Function: "F"}}
			if !r.process(t.Context(), "shard", []record{old, young}, 0) {
				t.Fatal("interrupted")
			}
			var got struct{ Records []any }
			if err := json.Unmarshal(invoked.payload["F"], &got); err != nil || len(got.Records) != c.want {
				t.Errorf("%d records, want %d", len(got.Records), c.want)
			}
		})
	}
}

func TestPositionOutlivesARestart(t *testing.T) {
	w := newWorld(t)
	positions := t.TempDir()
	source := template.Stream{BatchSize: 10, MaximumRetries: -1}
	w.put("a", "b")
	triggers := w.start(source, positions)
	w.until(1)
	triggers.Stop()
	w.put("c")
	triggers = w.start(source, positions)
	if diff := cmp.Diff([]string{"a b", "c"}, w.until(2)); diff != "" {
		t.Error(diff)
	}
	triggers.Stop()

	t.Run("what was not taken comes again", func(t *testing.T) {
		w.mu.Lock()
		w.answer = func(int, []string) (string, error) { return "", errors.New("down") }
		w.mu.Unlock()
		w.put("d")
		triggers := w.start(source, positions)
		w.until(3)
		triggers.Stop()
		w.mu.Lock()
		w.batches, w.answer = nil, nil
		w.mu.Unlock()
		w.start(source, positions).Stop() // may or may not have read it
		w.start(source, positions)
		if got := w.until(1); got[0] != "d" {
			t.Errorf("batches %q, want the record that nobody took", got)
		}
	})

	t.Run("a table that was made anew is read from its beginning", func(t *testing.T) {
		w := newWorld(t)
		positions := t.TempDir()
		w.put("a", "b", "c")
		triggers := w.start(source, positions)
		w.until(1)
		triggers.Stop()
		if _, err := w.client.DeleteTable(t.Context(), &ddb.DeleteTableInput{TableName: aws.String("jobs")}); err != nil {
			t.Fatal(err)
		}
		w.createTable()
		w.put("new")
		w.start(source, positions)
		// The engine also shows the records of the table that is gone; what counts is that the new one is not skipped.
		if got := w.until(2); !strings.HasSuffix(got[1], "new") {
			t.Errorf("batches %q, want the record of the new table", got)
		}
	})
}

// The event is that of Lambda: every kind of value, the images that the table's view shows.
func TestRecordOfEveryKind(t *testing.T) {
	w := newWorld(t)
	item := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "𠮷"}, "n": &types.AttributeValueMemberN{Value: "1.5"},
		"b": &types.AttributeValueMemberB{Value: []byte{0, 255}}, "t": &types.AttributeValueMemberBOOL{Value: true},
		"z": &types.AttributeValueMemberNULL{Value: true}, "ss": &types.AttributeValueMemberSS{Value: []string{"x"}},
		"ns": &types.AttributeValueMemberNS{Value: []string{"1"}}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
		"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "2"}}},
	}
	if _, err := w.client.PutItem(t.Context(), &ddb.PutItemInput{TableName: aws.String("jobs"), Item: item}); err != nil {
		t.Fatal(err)
	}
	w.start(template.Stream{BatchSize: 10, MaximumRetries: -1}, "")
	w.until(1)
	var got struct{ Records []map[string]any }
	if err := json.Unmarshal(w.events[0], &got); err != nil {
		t.Fatal(err)
	}
	record := got.Records[0]
	change, _ := record["dynamodb"].(map[string]any)
	want := map[string]any{
		"pk": map[string]any{"S": "𠮷"}, "n": map[string]any{"N": "1.5"}, "b": map[string]any{"B": "AP8="}, "t": map[string]any{"BOOL": true},
		"z": map[string]any{"NULL": true}, "ss": map[string]any{"SS": []any{"x"}}, "ns": map[string]any{"NS": []any{"1"}}, "bs": map[string]any{"BS": []any{"AQ=="}},
		"m": map[string]any{"M": map[string]any{"k": map[string]any{"S": "v"}}}, "l": map[string]any{"L": []any{map[string]any{"N": "2"}}},
	}
	if diff := cmp.Diff(want, change["NewImage"]); diff != "" {
		t.Error(diff)
	}
	arn, _ := record["eventSourceARN"].(string)
	if record["eventName"] != "INSERT" || record["eventSource"] != "aws:dynamodb" || change["StreamViewType"] != "NEW_IMAGE" ||
		change["OldImage"] != nil || !strings.HasPrefix(arn, "arn:aws:dynamodb:ap-northeast-1:") || !strings.Contains(arn, ":table/jobs/stream/") {
		t.Errorf("record %v", record)
	}
}
