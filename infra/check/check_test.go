package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	results := []result{
		{step: "gofmt", outcome: passed, passed: 1, took: 300 * time.Millisecond, reason: "12 files"},
		{step: "test", outcome: failed, passed: 310, failed: 1, skipped: 1, took: 61 * time.Second, reason: "1 failed", output: "── a TestBad\nwrong\n", skips: []skip{{"b TestBrowser", "no browser"}}},
		{step: "race", outcome: skipped, skipped: 1, reason: "no C compiler", skips: []skip{{"race", "no C compiler"}}},
	}
	const want = `
──── test failed ────
── a TestBad
wrong

skipped:
  b TestBrowser: no browser
  race: no C compiler

step   result   passed  failed  skipped  time    reason
gofmt  passed   1       0       0        0.3 s   12 files
test   failed   310     1       1        61.0 s  1 failed
race   skipped  0       0       1        0.0 s   no C compiler

311 passed, 1 failed, 2 skipped
`
	var out strings.Builder
	if report(&out, results) {
		t.Error("report says that all went well")
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if !report(&out, results[:1]) {
		t.Error("report of a passed step says that something failed")
	}
}

func TestJudgeSkips(t *testing.T) {
	tests := []struct {
		name    string
		in      result
		want    outcome
		failed  int
		skipped int
	}{
		{"nothing skipped", result{outcome: passed, passed: 3}, passed, 0, 0},
		{"an argued reason stays a skip", result{outcome: skipped, skipped: 1, skips: []skip{{"race", noCompiler + ": gcc"}}}, skipped, 0, 1},
		{"a reason nobody argued", result{outcome: passed, passed: 9, skipped: 1, skips: []skip{{"TestX", "no browser"}}}, failed, 1, 0},
		{"no engine", result{outcome: skipped, skipped: 1, skips: []skip{{"samlocal", noEngine + ": only root may start one"}}}, skipped, 0, 1},
		{"the words only inside another reason", result{outcome: passed, skipped: 1, skips: []skip{{"TestX", "there is " + noCompiler}}}, failed, 1, 0},
		{"one of each", result{outcome: passed, skipped: 2, skips: []skip{{"a", noCompiler}, {"b", "no reason given"}}}, failed, 1, 1},
		{"on top of a failure", result{outcome: failed, failed: 2, skipped: 1, skips: []skip{{"b", "later"}}}, failed, 3, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judgeSkips([]result{tt.in})[0]
			if got.outcome != tt.want || got.failed != tt.failed || got.skipped != tt.skipped {
				t.Errorf("got %s, %d failed, %d skipped; want %s, %d, %d", got.outcome, got.failed, got.skipped, tt.want, tt.failed, tt.skipped)
			}
			if tt.want == failed && !strings.Contains(got.output, "CI=true does not allow") {
				t.Errorf("output does not name the rule: %q", got.output)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	list := []step{{name: "a"}, {name: "b"}, {name: "c"}}
	tests := []struct {
		only    string
		want    []string
		wantErr string
	}{
		{only: "", want: []string{"a", "b", "c"}},
		{only: "b", want: []string{"b"}},
		{only: "c, a", want: []string{"a", "c"}},
		{only: "a,d", wantErr: `no step "d"; there are a, b, c`},
		{only: "a,", wantErr: `no step ""`},
	}
	for _, tt := range tests {
		got, err := choose(list, tt.only)
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("choose(%q): error %v, want %q", tt.only, err, tt.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("choose(%q): %v", tt.only, err)
		}
		if diff := cmp.Diff(tt.want, names(got)); diff != "" {
			t.Errorf("choose(%q) (-want +got):\n%s", tt.only, diff)
		}
	}
}

func TestRunRefusesArguments(t *testing.T) {
	for _, args := range [][]string{{"-only", "nothing"}, {"-unknown"}, {"./..."}} {
		var out strings.Builder
		if _, err := run(t.Context(), args, false, &out); err == nil {
			t.Errorf("run(%q) began", args)
		}
	}
}

// Light steps share the cores, a heavy one is alone, and the results keep the table's order.
func TestRunAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, beside atomic.Int32
		work := func(d time.Duration, heavy bool) func(context.Context, *world) result {
			return func(context.Context, *world) result {
				n := running.Add(1)
				most.Store(max(most.Load(), n))
				time.Sleep(d)
				if heavy {
					beside.Store(max(beside.Load(), running.Load()-1))
				}
				running.Add(-1)
				return pass("")
			}
		}
		list := []step{
			{name: "slow", run: work(70*time.Second, false)},
			{name: "quick", run: work(time.Second, false)},
			{name: "third", run: work(time.Second, false)},
			{name: "heavy", heavy: true, run: work(time.Second, true)},
			{name: "last", run: work(time.Second, false)},
		}
		var out strings.Builder
		results := runAll(t.Context(), &world{out: &lines{to: &out, start: time.Now()}}, list)
		var order []string
		for _, r := range results {
			order = append(order, r.step)
		}
		if diff := cmp.Diff(names(list), order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		if most.Load() != cores || beside.Load() != 0 {
			t.Errorf("%d steps at once (want %d), %d beside the heavy one (want 0)", most.Load(), cores, beside.Load())
		}
		if got := strings.Count(out.String(), "still running"); got != 2 {
			t.Errorf("%d heartbeats in 70 s, want 2:\n%s", got, out.String())
		}
	})
}

// After Ctrl-C no further step begins, and the report cannot say that all went well.
func TestRunAllStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	list := []step{
		{name: "stops", heavy: true, run: func(context.Context, *world) result { cancel(); return pass("") }},
		{name: "never", run: func(context.Context, *world) result { t.Error("began after the stop"); return pass("") }},
	}
	for _, r := range runAll(ctx, &world{out: &lines{to: &out}}, list) {
		if r.outcome != failed || r.failed != 1 {
			t.Errorf("%s: %s, %d failed; want failed, 1", r.step, r.outcome, r.failed)
		}
	}
}

func TestGoFormatAndFuzzTargets(t *testing.T) {
	top := t.TempDir()
	files := map[string]string{
		"good/a.go":            "package good\n",
		"good/a_test.go":       "package good\n\nfunc FuzzName(f *testing.F) {}\n\n// func FuzzComment(f *testing.F)\nfunc TestFuzz(t *testing.T) {}\n",
		"bad/b.go":             "package  bad\n",
		"bad/broken.go":        "package\n",
		"bad/fuzz.go":          "package bad\n\nfunc FuzzNotInATestFile() {}\n",
		".cache/x/x.go":        "package  hidden\n",
		"node_modules/y/y.go":  "package  other\n",
		"good/deep/z_test.go":  "package deep\n\nfunc FuzzOne(f *testing.F) {}\n\nfunc FuzzTwo(f *testing.F) {}\n",
		"good/deep/readme.txt": "package  text\n",
	}
	for name, content := range files {
		path := filepath.Join(top, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := goFormat(t.Context(), &world{root: top})
	if got.outcome != failed || got.reason != "2 of 6 files" {
		t.Errorf("gofmt: %s (%s), want failed (2 of 6 files)", got.outcome, got.reason)
	}
	for _, name := range []string{"b.go: not formatted", "broken.go:"} {
		if !strings.Contains(got.output, name) {
			t.Errorf("gofmt's output lacks %q:\n%s", name, got.output)
		}
	}
	targets, err := fuzzTargets(top)
	if err != nil {
		t.Fatal(err)
	}
	want := []fuzzTarget{{"good", "FuzzName"}, {"good/deep", "FuzzOne"}, {"good/deep", "FuzzTwo"}}
	if diff := cmp.Diff(want, targets, cmp.AllowUnexported(fuzzTarget{})); diff != "" {
		t.Errorf("fuzz targets (-want +got):\n%s", diff)
	}
}

func TestIssues(t *testing.T) {
	tests := []struct{ output, want string }{
		{"a.go:1:2: wrong (errcheck)\n\tx\n3 issues:\n* errcheck: 1\n* revive: 2\n", "3 issues: errcheck: 1 revive: 2"},
		{"can't load config\n", ""},
		{"0 issues.\n", ""},
	}
	for _, tt := range tests {
		if got := issues(tt.output); got != tt.want {
			t.Errorf("issues(%q) = %q, want %q", tt.output, got, tt.want)
		}
	}
}

// A stopped step takes the programs along that its command started.
func TestCommandStopsItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{root: t.TempDir()}
	cmd := w.command(ctx, "sh", "-c", "echo started; sleep 600; exit 0")
	if cmd.SysProcAttr == nil {
		t.Skip("no process groups on this system")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if _, err := out.Read(buf); err != nil {
		t.Fatal(err)
	}
	cancel()
	// The pipe closes only when the sleeping grandchild is gone as well.
	if _, err := out.Read(buf); err == nil {
		t.Error("the group still writes")
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the command ended well although it was stopped")
	}
}
