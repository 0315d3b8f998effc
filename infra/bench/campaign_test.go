package main

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSizes(t *testing.T) {
	for _, c := range []struct {
		list string
		want []int // nil: an error
	}{
		{"10k", []int{10_000}},
		{"10k,100k,1M", []int{10_000, 100_000, 1_000_000}},
		{"300", []int{300}},
		{"", nil},
		{"0", nil},
		{"-1k", nil},
		{"20M", nil},
		{"10k,", nil},
		{"ten", nil},
	} {
		got, err := parseSizes(c.list)
		if (err != nil) != (c.want == nil) || c.want != nil && !cmp.Equal(c.want, got) {
			t.Errorf("%q: %v, %v", c.list, got, err)
		}
	}
}

// at makes calls of so many recipients at so many milliseconds.
func at(recipients int, milliseconds ...int) []arrival {
	var calls []arrival
	for _, ms := range milliseconds {
		calls = append(calls, arrival{at: time.UnixMilli(int64(ms)), recipients: recipients})
	}
	return calls
}

// every makes n calls with the same time between them.
func every(n, milliseconds int) []int {
	times := make([]int, n)
	for i := range times {
		times[i] = i * milliseconds
	}
	return times
}

func TestPace(t *testing.T) {
	burst := every(21, 1000)
	burst[10], burst[11] = burst[9], burst[9] // three at once
	late := every(21, 1000)
	for i := 10; i < len(late); i++ {
		late[i] += 3000 // a pause of four seconds
	}
	for _, c := range []struct {
		name    string
		calls   []arrival
		rate    float64
		perCall int
		want    pace
		percent float64
	}{
		{"as agreed", at(14, every(21, 1000)...), 14, 14, pace{140, 140}, 0},
		{"too slow by a twentieth: within one call", at(14, every(21, 1050)...), 14, 14, pace{126, 140}, 0},
		{"too slow by a quarter", at(14, every(21, 1250)...), 14, 14, pace{112, 112}, 10},
		{"a burst", at(1, burst...), 1, 1, pace{8, 12}, 10},
		{"a pause", at(50, late...), 50, 50, pace{350, 500}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := paceOf(c.calls)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(pace{})); diff != "" || !ok {
				t.Error(diff, ok)
			}
			if percent := got.error(c.rate, c.perCall); math.Abs(percent-c.percent) > 1e-9 {
				t.Errorf("error %v %%, want %v", percent, c.percent)
			}
		})
	}
	if _, ok := paceOf(at(1, every(10, 1000)...)); ok {
		t.Error("nine seconds were taken for ten")
	}
}

// The counter of the local SES sees each call as it arrives, also one that is refused, and keeps the first bodies.
func TestOffice(t *testing.T) {
	answers := []int{http.StatusOK, http.StatusTooManyRequests, http.StatusOK}
	o := &office{keep: 2}
	began := 0
	o.first = func() { began++ }
	o.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(body), "Destination") {
			t.Errorf("SES got %q, %v", body, err)
		}
		w.WriteHeader(answers[0])
		answers = answers[1:]
	})
	for _, body := range []string{`{"BulkEmailEntries":[{"Destination":{}},{"Destination":{}}]}`, `{"BulkEmailEntries":[{"Destination":{}}]}`,
		`{"BulkEmailEntries":[{"Destination":{}}]}`} {
		o.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v2/email/outbound-bulk-emails", strings.NewReader(body)))
	}
	got := o.closeDay()
	if got.recipients() != 3 || len(got.arrivals) != 3 || got.refused != 1 || got.inFlight != 1 || began != 1 || len(o.bodies) != 2 {
		t.Errorf("%d recipients in %d calls, %d refused, %d in flight, begun %d times, %d kept", got.recipients(), len(got.arrivals), got.refused,
			got.inFlight, began, len(o.bodies))
	}
	if again := o.closeDay(); len(again.arrivals) != 0 {
		t.Errorf("%d calls on the next day", len(again.arrivals))
	}
}

func TestMeter(t *testing.T) {
	const key = "local.a"
	answers := map[string]string{
		"UpdateItem":         `{"ConsumedCapacity":{"TableName":"campaigns","CapacityUnits":2.0}}`,
		"TransactWriteItems": `{"ConsumedCapacity":[{"TableName":"campaigns","CapacityUnits":12.0}]}`,
		"BatchGetItem":       `{"Responses":{},"ConsumedCapacity":[{"TableName":"newsletter","CapacityUnits":50},{"TableName":"suppression","CapacityUnits":50}]}`,
		"GetItem":            `{"Item":{}}`,
	}
	m := &meter{next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		asked := strings.HasPrefix(string(body), `{"ReturnConsumedCapacity":"TOTAL","TableName":`)
		if err != nil || asked != strings.Contains(r.Header.Get("Authorization"), key) || r.ContentLength != int64(len(body)) {
			t.Errorf("%s: %q of length %d, %v", r.Header.Get("X-Amz-Target"), body, r.ContentLength, err)
		}
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		_, _ = io.WriteString(w, answers[op])
	})}
	call := func(signer, op string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"TableName":"x"}`))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+signer+"/20261124/ap-northeast-1/dynamodb/aws4_request")
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+op)
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if w.Body.String() != answers[op] {
			t.Errorf("%s was answered %q", op, w.Body)
		}
	}
	m.begin()
	for _, op := range []string{"UpdateItem", "UpdateItem", "TransactWriteItems", "BatchGetItem", "GetItem"} {
		call(key, op)
	}
	call("stack", "UpdateItem")
	want := map[metered]capacity{
		{key, "campaigns", "UpdateItem"}:         {calls: 2, write: 4},
		{key, "campaigns", "TransactWriteItems"}: {calls: 1, write: 12},
		{key, "newsletter", "BatchGetItem"}:      {calls: 1, read: 50},
		{key, "suppression", "BatchGetItem"}:     {calls: 1, read: 50},
	}
	if diff := cmp.Diff(want, m.end(), cmp.AllowUnexported(metered{}, capacity{})); diff != "" {
		t.Error(diff)
	}
}

// A million mails at the prices of docs/operate.md, added up by hand.
func TestMillion(t *testing.T) {
	p := mailPrice{recipients: 100, sender: capacity{read: 300, write: 36}, feedback: capacity{write: 100}, events: 100}
	want := 100 + 1.36*0.715 + 3*0.1425 + 1*(0.20+15000*0.5*0.0000133334) + 5000*0.0000133334
	if got := p.million(); math.Abs(got-want) > 1e-6 {
		t.Errorf("%v, want %v", got, want)
	}
}
