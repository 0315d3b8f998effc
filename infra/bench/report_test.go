package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name string
		row  Row
		want string
	}{
		{"no budget", Row{Value: 9}, verdictNone},
		{"ratio at the limit", Row{Value: 3, Base: 2, Budget: atMost(1.5, "ratio")}, verdictOK},
		{"ratio over it", Row{Value: 3.1, Base: 2, Budget: atMost(1.5, "ratio")}, verdictOver},
		{"value under it", Row{Value: 5.9, Budget: atMost(6, "value")}, verdictOK},
		{"value over it", Row{Value: 6.1, Budget: atMost(6, "value")}, verdictOver},
		{"exact", Row{Value: 1, Budget: exactly(1)}, verdictOK},
		{"more than exact", Row{Value: 1.02, Budget: exactly(1)}, verdictOver},
		{"less than exact: a post that stored nothing", Row{Value: 0.98, Budget: exactly(1)}, verdictOver},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.row.judged().Verdict; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	over := Row{Part: "zip", Subject: "press", Figure: "size", Value: 7, Budget: atMost(6, "value")}.judged()
	missing := notMeasured("cold", "press", "start", errors.New("build functions: go build:\nx.go:1: undefined: y\nmore\nand more"))
	for _, c := range []struct {
		name   string
		rows   []Row
		strict bool
		want   string // part of the error; "": none
	}{
		{"over a budget is not an error", []Row{over}, false, ""},
		{"with -strict it is", []Row{over}, true, "over: zip, press: size"},
		{"not measured always is", []Row{over, missing}, false, "not measured: cold, press: start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Report{Rows: c.rows}.judge(c.strict)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if diff := cmp.Diff("build functions: go build: x.go:1: undefined: y more", missing.Note); diff != "" {
		t.Errorf("the reason is cut: %s", diff)
	}
}

func TestTable(t *testing.T) {
	report := Report{Machine: Machine{Cores: 2, Go: "go1", System: "x/y", Started: "now", Load: -1}, Rows: []Row{
		Row{Part: "cold", Subject: "press", Figure: "start", Value: 6.7, Unit: "ms", Against: "ms, bare", Base: 6.4, Budget: atMost(1.5, "ratio")}.judged(),
		Row{Part: "calls", Subject: "press, check page", Figure: "calls", Unit: "a request", Budget: exactly(0), Note: "n"}.judged(),
	}}
	var out bytes.Buffer
	if err := report.write(&out, false); err != nil {
		t.Fatal(err)
	}
	want := `2 cores, go1, x/y, now
part   subject            figure  measured           compared with     ratio  budget   verdict  note
cold   press              start      6.70 ms            6.40 ms, bare  1.05   <= 1.5x  ok
calls  press, check page  calls         0 a request                           = 0      ok       n
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestMedianAndQuantile(t *testing.T) {
	for _, c := range []struct {
		name             string
		values           []float64
		median, p50, p99 float64
	}{
		{"none", nil, 0, 0, 0},
		{"one", []float64{7}, 7, 7, 7},
		{"odd", []float64{9, 1, 5}, 5, 5, 9},
		{"even", []float64{4, 1, 3, 2}, 2.5, 2, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := []float64{median(c.values), quantile(c.values, 0.5), quantile(c.values, 0.99)}
			if diff := cmp.Diff([]float64{c.median, c.p50, c.p99}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	if got := quantile(hundred, 0.99); got != 99 {
		t.Errorf("p99 of 1..100 is %v, want 99", got)
	}
}
