package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// stream makes test2json events from short lines: "package action test output".
func stream(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func TestResultOfStream(t *testing.T) {
	tests := []struct {
		name, stream string
		want         result
		inOutput     []string // what a person must see
		notInOutput  []string
	}{
		{
			name: "a parent counts as its subtests",
			stream: stream(
				`{"Action":"start","Package":"m/a"}`,
				`{"Action":"run","Package":"m/a","Test":"TestA"}`,
				`{"Action":"run","Package":"m/a","Test":"TestA/one"}`,
				`{"Action":"run","Package":"m/a","Test":"TestA/two/with/slashes"}`,
				`{"Action":"pass","Package":"m/a","Test":"TestA/one"}`,
				`{"Action":"pass","Package":"m/a","Test":"TestA/two/with/slashes"}`,
				`{"Action":"pass","Package":"m/a","Test":"TestA"}`,
				`{"Action":"pass","Package":"m/a","Elapsed":0.1}`),
			want: result{passed: 2},
		},
		{
			name: "one package fails, the output of passing tests is not shown",
			stream: stream(
				`{"Action":"run","Package":"m/a","Test":"TestGood"}`,
				`{"Action":"output","Package":"m/a","Test":"TestGood","Output":"    a_test.go:1: chatter\n"}`,
				`{"Action":"pass","Package":"m/a","Test":"TestGood"}`,
				`{"Action":"run","Package":"m/a","Test":"TestBad"}`,
				`{"Action":"output","Package":"m/a","Test":"TestBad","Output":"    a_test.go:9: got 1, want 2\n"}`,
				`{"Action":"fail","Package":"m/a","Test":"TestBad"}`,
				`{"Action":"fail","Package":"m/a"}`),
			want:     result{passed: 1, failed: 1},
			inOutput: []string{"── a TestBad", "got 1, want 2"}, notInOutput: []string{"chatter"},
		},
		{
			name: "a failing subtest is one failure, not two",
			stream: stream(
				`{"Action":"run","Package":"m/a","Test":"TestA"}`,
				`{"Action":"run","Package":"m/a","Test":"TestA/x"}`,
				`{"Action":"output","Package":"m/a","Test":"TestA/x","Output":"    a_test.go:9: wrong\n"}`,
				`{"Action":"fail","Package":"m/a","Test":"TestA/x"}`,
				`{"Action":"fail","Package":"m/a","Test":"TestA"}`,
				`{"Action":"fail","Package":"m/a"}`),
			want: result{failed: 1}, inOutput: []string{"a TestA/x", "wrong"},
		},
		{
			name: "a parent that fails by itself is a failure",
			stream: stream(
				`{"Action":"run","Package":"m/a","Test":"TestA"}`,
				`{"Action":"run","Package":"m/a","Test":"TestA/x"}`,
				`{"Action":"pass","Package":"m/a","Test":"TestA/x"}`,
				`{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a_test.go:9: the sum is wrong\n"}`,
				`{"Action":"fail","Package":"m/a","Test":"TestA"}`,
				`{"Action":"fail","Package":"m/a"}`),
			want: result{passed: 1, failed: 1}, inOutput: []string{"the sum is wrong"},
		},
		{
			name: "a skipped test with its reason",
			stream: stream(
				`{"Action":"run","Package":"m/b","Test":"TestBrowser"}`,
				`{"Action":"output","Package":"m/b","Test":"TestBrowser","Output":"=== RUN   TestBrowser\n"}`,
				`{"Action":"output","Package":"m/b","Test":"TestBrowser","Output":"    page_test.go:12: Chromium is missing\n"}`,
				`{"Action":"output","Package":"m/b","Test":"TestBrowser","Output":"        to install it: apt-get\n"}`,
				`{"Action":"output","Package":"m/b","Test":"TestBrowser","Output":"--- SKIP: TestBrowser (0.00s)\n"}`,
				`{"Action":"skip","Package":"m/b","Test":"TestBrowser"}`,
				`{"Action":"pass","Package":"m/b"}`),
			want: result{skipped: 1, skips: []skip{{"b TestBrowser", "Chromium is missing to install it: apt-get"}}},
		},
		{
			name: "a skip without a reason is told as such",
			stream: stream(
				`{"Action":"run","Package":"m/b","Test":"TestX"}`,
				`{"Action":"skip","Package":"m/b","Test":"TestX"}`,
				`{"Action":"pass","Package":"m/b"}`),
			want: result{skipped: 1, skips: []skip{{"b TestX", "no reason given"}}},
		},
		{
			name:   "a package without tests is nothing",
			stream: stream(`{"Action":"output","Package":"m/c","Output":"?   \tm/c\t[no test files]\n"}`, `{"Action":"skip","Package":"m/c"}`),
			want:   result{},
		},
		{
			name: "a package that does not compile",
			stream: stream(
				`{"ImportPath":"m/d [m/d.test]","Action":"build-output","Output":"d/d_test.go:3:1: undefined: x\n"}`,
				`{"ImportPath":"m/d [m/d.test]","Action":"build-fail"}`,
				`{"Action":"output","Package":"m/d","Output":"FAIL\tm/d [build failed]\n"}`,
				`{"Action":"fail","Package":"m/d","FailedBuild":"m/d [m/d.test]"}`),
			want: result{failed: 1}, inOutput: []string{"undefined: x", "build failed"},
		},
		{
			name: "os.Exit in the middle: the test never ended",
			stream: stream(
				`{"Action":"run","Package":"m/e","Test":"TestExit"}`,
				`{"Action":"output","Package":"m/e","Test":"TestExit","Output":"last words\n"}`,
				`{"Action":"fail","Package":"m/e"}`),
			want: result{failed: 1}, inOutput: []string{"e TestExit", "last words", "never ended"},
		},
		{
			name:   "the package's clean-up fails after its tests passed",
			stream: stream(`{"Action":"run","Package":"m/f","Test":"TestF"}`, `{"Action":"pass","Package":"m/f","Test":"TestF"}`, `{"Action":"output","Package":"m/f","Output":"left a process\n"}`, `{"Action":"fail","Package":"m/f"}`),
			want:   result{passed: 1, failed: 1}, inOutput: []string{"left a process"},
		},
		{
			name:   "the stream breaks off",
			stream: stream(`{"Action":"start","Package":"m/g"}`, `{"Action":"run","Package":"m/g","Test":"TestG"}`) + `{"Action":"pa`,
			want:   result{failed: 1}, inOutput: []string{"g TestG", `{"Action":"pa`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &testRun{module: "m"}
			if err := r.read(strings.NewReader(tt.stream)); err != nil {
				t.Fatal(err)
			}
			got := r.result()
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(result{}, skip{}), cmpopts.IgnoreFields(result{}, "output")); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			for _, text := range tt.inOutput {
				if !strings.Contains(got.output, text) {
					t.Errorf("output lacks %q:\n%s", text, got.output)
				}
			}
			for _, text := range tt.notInOutput {
				if strings.Contains(got.output, text) {
					t.Errorf("output shows %q:\n%s", text, got.output)
				}
			}
		})
	}
}

// The parser and the real command agree: a small module with one test of each kind.
func TestAgainstGoTest(t *testing.T) {
	top := t.TempDir()
	files := map[string]string{
		"go.mod":      "module madoguchi\n\ngo 1.26\n",
		"a/a_test.go": "package a\n\nimport \"testing\"\n\nfunc TestPass(t *testing.T) { t.Run(\"x\", func(*testing.T) {}); t.Run(\"y\", func(*testing.T) {}) }\n\nfunc TestSkip(t *testing.T) { t.Skip(\"not today\") }\n",
		"b/b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestFail(t *testing.T) { t.Error(\"seven\") }\n",
		"c/c_test.go": "package c\n\nvar x int = \"does not compile\"\n",
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
	var out strings.Builder
	w := &world{root: top, out: &lines{to: &out}}
	got := w.testJSON(t.Context(), "test", "./...")
	want := result{passed: 2, failed: 2, skipped: 1, skips: []skip{{"a TestSkip", "not today"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{}, skip{}), cmpopts.IgnoreFields(result{}, "output")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	for _, text := range []string{"b TestFail", "seven", "does not compile"} {
		if !strings.Contains(got.output, text) {
			t.Errorf("output lacks %q:\n%s", text, got.output)
		}
	}
	if !strings.Contains(out.String(), "a: pass, 3 tests") {
		t.Errorf("no progress for package a:\n%s", out.String())
	}
	if nothing := w.testJSON(t.Context(), "test", "./absent/..."); nothing.failed != 1 || nothing.output == "" {
		t.Errorf("a pattern without packages: %+v, want a failure with its output", nothing)
	}
}
