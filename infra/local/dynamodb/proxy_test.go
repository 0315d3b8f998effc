package dynamodb

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// proxied starts an engine with the table "madoguchi-Jobs" behind a proxy, and returns a client with the key of a function that
// tries nothing again, and the engine's own client.
func proxied(t *testing.T) (p *Proxy, function, direct *dynamodb.Client, url string) {
	t.Helper()
	e := engine(t, "")
	if err := Ensure(t.Context(), e.Client(), tables(t, key)); err != nil {
		t.Fatal(err)
	}
	p, err := NewProxy(e.URL(), func(id string) bool { return strings.HasPrefix(id, "local.") })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, clientAs(server.URL, "local.F.1"), e.Client(), server.URL
}

func clientAs(url, accessKeyID string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(url), Region: "ap-northeast-1", Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(accessKeyID, "local", ""),
	})
}

func transact(ctx context.Context, client *dynamodb.Client, pks ...string) error {
	in := &dynamodb.TransactWriteItemsInput{}
	for _, pk := range pks {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String("madoguchi-Jobs"), Item: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}},
		}})
	}
	_, err := client.TransactWriteItems(ctx, in)
	return err
}

func TestCalls(t *testing.T) {
	p, function, _, url := proxied(t)
	other := clientAs(url, "local.G.2")
	for _, err := range []error{
		put(t.Context(), function, "a"), put(t.Context(), function, "b"), transact(t.Context(), other, "c"), put(t.Context(), clientAs(url, "stack"), "d"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !get(t, function, "d") {
		t.Error("what passes the proxy is not in the table")
	}
	if diff := cmp.Diff(map[string]map[string]int{"local.F.1": {"PutItem": 2, "GetItem": 1}, "local.G.2": {"TransactWriteItems": 1}}, p.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestConflict(t *testing.T) {
	p, function, direct, url := proxied(t)
	p.SetFaults(Faults{Fail: Fail{Conflict: 2}})
	if get(t, function, "x") {
		t.Error("an item out of nothing")
	}
	if err := put(t.Context(), clientAs(url, "stack"), "own"); err != nil {
		t.Errorf("a call of the stack itself: %v", err)
	}
	var cancelled *types.TransactionCanceledException
	if err := transact(t.Context(), function, "a", "b"); !errors.As(err, &cancelled) {
		t.Fatalf("transaction: %v, want it cancelled", err)
	}
	var codes []string
	for _, r := range cancelled.CancellationReasons {
		codes = append(codes, aws.ToString(r.Code))
	}
	if diff := cmp.Diff([]string{"TransactionConflict", "None"}, codes); diff != "" {
		t.Error(diff)
	}
	var conflict *types.TransactionConflictException
	if err := put(t.Context(), function, "a"); !errors.As(err, &conflict) {
		t.Errorf("single write: %v, want a conflict", err)
	}
	if get(t, direct, "a") || get(t, direct, "b") {
		t.Error("something was written")
	}
	if err := transact(t.Context(), function, "a"); err != nil {
		t.Errorf("after the last conflict: %v", err)
	}
}

func TestThrottle(t *testing.T) {
	p, function, direct, url := proxied(t)
	p.SetFaults(Faults{Fail: Fail{Throttle: 2}})
	var exceeded *types.ProvisionedThroughputExceededException
	if err := put(t.Context(), function, "a"); !errors.As(err, &exceeded) {
		t.Errorf("single write: %v", err)
	}
	var throttled *types.ThrottlingException
	if err := transact(t.Context(), function, "a"); !errors.As(err, &throttled) {
		t.Errorf("transaction: %v", err)
	}
	if get(t, direct, "a") {
		t.Error("something was written")
	}
	t.Run("the SDK tries again by itself", func(t *testing.T) {
		p.SetFaults(Faults{Fail: Fail{Throttle: 1}})
		patient := dynamodb.New(dynamodb.Options{
			BaseEndpoint: aws.String(url), Region: "ap-northeast-1", Credentials: credentials.NewStaticCredentialsProvider("local.F.1", "local", ""),
		})
		if err := put(t.Context(), patient, "a"); err != nil {
			t.Error(err)
		}
	})
}

func TestLostAnswer(t *testing.T) {
	p, function, direct, _ := proxied(t)
	p.SetFaults(Faults{Fail: Fail{TimeoutAfterCommit: 1}})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := transact(ctx, function, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want no answer at all", err)
	}
	for !get(t, direct, "a") { // the engine may answer after the caller has given up
		time.Sleep(time.Millisecond)
	}
}

func TestDown(t *testing.T) {
	p, function, direct, _ := proxied(t)
	p.SetFaults(Faults{Down: true})
	var answered interface{ ErrorCode() string }
	if err := put(t.Context(), function, "a"); err == nil || errors.As(err, &answered) {
		t.Errorf("error %v, want a broken connection", err)
	}
	p.SetFaults(Faults{})
	if err := put(t.Context(), function, "a"); err != nil || !get(t, direct, "a") {
		t.Errorf("up again: %v", err)
	}
}

func TestPercent(t *testing.T) {
	p, function, _, _ := proxied(t)
	p.SetFaults(Faults{ConflictPercent: 50})
	failed := 0
	const calls = 200
	for range calls {
		if err := transact(t.Context(), function, "a"); err != nil {
			failed++
		}
	}
	// Outside of 40..160 once in 10^17 runs.
	if failed < 40 || failed > 160 {
		t.Errorf("%d of %d calls failed at 50 %%", failed, calls)
	}
	p.SetFaults(Faults{TimeoutAfterCommitPercent: 100, ThrottlePercent: 0})
	if get(t, function, "nothing") {
		t.Error("reads have no answer to lose")
	}
}

func TestFaultsHandler(t *testing.T) {
	for _, c := range []struct {
		name, body string
		before     Faults
		status     int
		want       Faults
	}{
		{"counts", `{"fail":{"conflict":2,"throttle":1,"timeout_after_commit":3}}`, Faults{}, 200, Faults{Fail: Fail{2, 1, 3}}},
		{"percent", `{"conflict_percent":30}`, Faults{Down: true}, 200, Faults{ConflictPercent: 30, Down: true}},
		{"what is not named stays", `{"fail":{"conflict":1}}`, Faults{ThrottlePercent: 5, Fail: Fail{Throttle: 3}}, 200, Faults{ThrottlePercent: 5, Fail: Fail{Conflict: 1}}},
		{"empty fail ends everything", `{"fail":{}}`, Faults{ThrottlePercent: 5, Fail: Fail{Throttle: 3}, Down: true}, 200, Faults{}},
		{"empty fail with something new", `{"fail":{},"conflict_percent":10}`, Faults{ThrottlePercent: 5}, 200, Faults{ConflictPercent: 10}},
		{"down", `{"down":true}`, Faults{}, 200, Faults{Down: true}},
		{"unknown member", `{"fail":{"explode":1}}`, Faults{ThrottlePercent: 5}, 400, Faults{ThrottlePercent: 5}},
		{"negative", `{"fail":{"conflict":-1}}`, Faults{}, 400, Faults{}},
		{"over 100 percent", `{"throttle_percent":101}`, Faults{}, 400, Faults{}},
		{"no JSON", `x`, Faults{}, 400, Faults{}},
		{"two values", `{} {}`, Faults{}, 400, Faults{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := NewProxy("http://127.0.0.1:1", nil)
			if err != nil {
				t.Fatal(err)
			}
			p.SetFaults(c.before)
			w := httptest.NewRecorder()
			p.FaultsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_local/dynamodb", strings.NewReader(c.body)))
			if w.Code != c.status {
				t.Errorf("status %d %s, want %d", w.Code, w.Body, c.status)
			}
			if diff := cmp.Diff(c.want, p.Faults()); diff != "" {
				t.Error(diff)
			}
			if p.Faulty() != (c.want != Faults{}) {
				t.Errorf("faulty: %t", p.Faulty())
			}
		})
	}
}
