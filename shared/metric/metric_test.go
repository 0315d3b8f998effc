package metric

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func clock() time.Time { return time.UnixMilli(1764000000123) }

// The lines are what CloudWatch's specification of the embedded metric format asks for: members named by the directive
// stand at the root, dimensions as texts, the time in milliseconds.
func TestLines(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []Value
		want   []string
	}{
		{"none", nil, nil},
		{"one", []Value{MailOldest.Is(12.5)}, []string{
			`{"MailOldest":12.5,"_aws":{"CloudWatchMetrics":[{"Namespace":"madoguchi","Dimensions":[[]],"Metrics":[{"Name":"MailOldest","Unit":"Seconds"}]}],"Timestamp":1764000000123}}`}},
		{"zero is a figure", []Value{MailFailed.Is(0), MailDue.Is(3)}, []string{
			`{"MailDue":3,"MailFailed":0,"_aws":{"CloudWatchMetrics":[{"Namespace":"madoguchi","Dimensions":[[]],"Metrics":[{"Name":"MailFailed","Unit":"Count"},{"Name":"MailDue","Unit":"Count"}]}],"Timestamp":1764000000123}}`}},
		{"a line for each class", []Value{Bounces.Is(List, 1), Complaints.Is(Transactional, 1)}, []string{
			`{"Class":"transactional","Complaints":1,"_aws":{"CloudWatchMetrics":[{"Namespace":"madoguchi","Dimensions":[["Class"]],"Metrics":[{"Name":"Complaints","Unit":"Count"}]}],"Timestamp":1764000000123}}`,
			`{"Bounces":1,"Class":"list","_aws":{"CloudWatchMetrics":[{"Namespace":"madoguchi","Dimensions":[["Class"]],"Metrics":[{"Name":"Bounces","Unit":"Count"}]}],"Timestamp":1764000000123}}`}},
		{"what is no number", []Value{MailOldest.Is(math.NaN()), SESQuota.Is(math.Inf(1))}, nil},
		{"a class from outside", []Value{Bounces.Is("hanako@example.jp", 1)}, []string{
			`{"Bounces":1,"Class":"transactional","_aws":{"CloudWatchMetrics":[{"Namespace":"madoguchi","Dimensions":[["Class"]],"Metrics":[{"Name":"Bounces","Unit":"Count"}]}],"Timestamp":1764000000123}}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			New(&out, "madoguchi", clock).Write(test.values...)
			var got []string
			for line := range strings.Lines(out.String()) {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Without a namespace nothing is written, and nothing fails.
func TestNoNamespace(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, "", clock)
	w.Write(MailOldest.Is(1))
	if w != nil || out.Len() > 0 {
		t.Errorf("%v wrote %q", w, out.String())
	}
}

// Lines of goroutines do not mix.
func TestConcurrent(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, "madoguchi", clock)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { w.Write(MailFailed.Is(1), Bounces.Is(List, 1)) })
	}
	group.Wait()
	lines := 0
	for line := range strings.Lines(out.String()) {
		if lines++; !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if lines != 100 {
		t.Errorf("%d lines", lines)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// What cannot be written does not stop the work.
func TestOutputThatFails(*testing.T) { New(full{}, "madoguchi", clock).Write(MailFailed.Is(1)) }

// Each name once, and none that CloudWatch would not take.
func TestNames(t *testing.T) {
	names := Names()
	if len(names) != 12 || names["MailOldest"] || !names["Bounces"] {
		t.Errorf("%v", names)
	}
}
