package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
)

// TestQuickRun measures everything once, roughly: each figure is there and positive, and the DynamoDB calls, which are exact in any
// run, are within their budget. What took how long is not judged.
func TestQuickRun(t *testing.T) {
	if _, err := tools.Dynoxide(t.Context(), t.Output()); err != nil {
		var missing *tools.Missing
		if errors.As(err, &missing) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-json"}, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	var report Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.Machine.Cores < 1 || report.Machine.Go == "" || !report.Machine.Quick {
		t.Errorf("machine: %+v", report.Machine)
	}
	got := map[string]int{}
	for _, row := range report.Rows {
		got[row.Part]++
		mayBeZero := (row.Budget != nil && row.Budget.Exact) || row.Part == "calls" || row.Unit == "%"
		if row.Value <= 0 && !mayBeZero {
			t.Errorf("%s, %s: %s is %v", row.Part, row.Subject, row.Figure, row.Value)
		}
		if row.Against != "" && (row.Base <= 0 || row.Ratio <= 0) {
			t.Errorf("%s, %s: %s is compared with %v, ratio %v", row.Part, row.Subject, row.Figure, row.Base, row.Ratio)
		}
		if row.Part == "calls" && row.Verdict == verdictOver {
			t.Errorf("%s: %v %s, budget %v", row.Subject, row.Value, row.Figure, row.Budget.Limit)
		}
	}
	functions := len(functionsOfTemplate(t))
	want := map[string]int{"cold": functions, "zip": functions, "seats": 1, "import": 7, "campaign": 9 + 5 + 2*(len(paced)-1) + 1}
	for _, s := range samples {
		for _, k := range s.kinds {
			want["calls"] += len(k.want)
			if k.stores() {
				want["calls"]++ // write units
				want["post"] += 4
			}
		}
		want["calls"]++ // what staff keep
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures of each part: %s", diff)
	}
}

// TestEveryFormIsMeasured: a function to which visitors post is among the samples.
func TestEveryFormIsMeasured(t *testing.T) {
	measured := map[string]bool{"functions/forms/site": true} // keeps nothing
	parsed := &template.Template{Functions: functionsOfTemplate(t)}
	for _, s := range samples {
		f, err := functionOf(parsed, s.route)
		if err != nil {
			t.Error(err)
		}
		measured[f.CodeURI] = true
	}
	for _, f := range parsed.Functions {
		if strings.HasPrefix(f.CodeURI, "functions/forms/") && !measured[f.CodeURI] {
			t.Errorf("%s has no sample", f.CodeURI)
		}
	}
}

func TestSameCalls(t *testing.T) {
	for _, c := range []struct {
		name           string
		ours, baseline []batch
		want           string // part of the error; "": none
	}{
		{"the same", []batch{{calls: 2}, {calls: 2}}, []batch{{calls: 2}}, ""},
		{"a process that read an event anew", []batch{{calls: 1.05}, {calls: 1}}, []batch{{calls: 1}}, ""},
		{"seats that were tried twice", []batch{{calls: 1.3}, {calls: 1}}, []batch{{calls: 1}}, "1.15 DynamoDB calls a post, and 1.00 of the baseline"},
		{"a baseline that tries again", []batch{{calls: 1}}, []batch{{calls: 1}, {calls: 2}}, "1.00 DynamoDB calls a post, and 1.50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := sameCalls(map[string][]batch{ours: c.ours, baseline: c.baseline})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEachEndsAtFirstFailure(t *testing.T) {
	var done atomic.Int64
	if err := each(100, 4, func(int) error { done.Add(1); return nil }); err != nil || done.Load() != 100 {
		t.Errorf("%d of 100 done: %v", done.Load(), err)
	}
	done.Store(0)
	failure := errors.New("failure")
	if err := each(100, 1, func(i int) error {
		done.Add(1)
		if i == 2 {
			return failure
		}
		return nil
	}); !errors.Is(err, failure) || done.Load() != 3 {
		t.Errorf("%d done: %v", done.Load(), err)
	}
}

func functionsOfTemplate(t *testing.T) []template.Function {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Load(root+"/template.yaml", template.Options{Secrets: template.SecretDir(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Functions
}

func TestChoose(t *testing.T) {
	if _, err := choose("cold,warm"); err == nil || !strings.Contains(err.Error(), `"warm"`) {
		t.Errorf("an unknown part: %v", err)
	}
	got, err := choose("zip,cold")
	if diff := cmp.Diff(map[string]bool{"zip": true, "cold": true}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestClientsOf(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"nothing to call", []string{"PUBLIC_URL"}, "none"},
		{"two tables are one client", []string{"NEWSLETTER_TABLE", "OUTBOX_TABLE"}, "dynamodb"},
		{"sends mail", []string{"OUTBOX_TABLE", "CONFIGURATION_SET"}, "dynamodb+sesv2"},
		{"exports", []string{"EXPORTS_BUCKET", "NEWSLETTER_TABLE"}, "dynamodb+s3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := template.Function{Environment: map[string]string{}}
			for _, name := range c.env {
				f.Environment[name] = "x"
			}
			if got := clientsOf(f); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
