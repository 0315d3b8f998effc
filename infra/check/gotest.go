package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// event is one line of "go test -json" (go doc test2json), as far as it is used here.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// testRun collects the events of one "go test -json".
type testRun struct {
	onPackage func(line string) // told of each package that ends; may be nil
	echo      io.Writer         // gets the tests' output as it comes; may be nil
	module    string            // cut from package names, which people know by their folder

	packages map[string]*testPackage
	stray    strings.Builder // lines that are no events: the go command's own messages
}

type testPackage struct {
	name   string
	status string // pass, fail, skip (no test files), "" while it runs
	output strings.Builder
	tests  map[string]*oneTest
}

type oneTest struct {
	name   string
	status string // pass, fail, skip, "" if it never ended
	output strings.Builder
	parent bool // has subtests
}

// read consumes the stream until its end.
func (r *testRun) read(stream io.Reader) error {
	r.packages = map[string]*testPackage{}
	in := bufio.NewReader(stream)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
	}
}

func (r *testRun) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		r.stray.WriteString(line)
		return
	}
	if strings.HasPrefix(e.Action, "build-") {
		// ImportPath is "pkg [pkg.test]" for a test variant; the package that fails for it says only "[build failed]".
		r.stray.WriteString(e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &testPackage{name: r.short(e.Package), tests: map[string]*oneTest{}}
		r.packages[e.Package] = p
	}
	if e.Action == "output" && r.echo != nil {
		_, _ = io.WriteString(r.echo, e.Output) // losing an echo changes nothing
	}
	if e.Test == "" {
		r.packageEvent(p, e)
		return
	}
	p.testEvent(e)
}

func (r *testRun) packageEvent(p *testPackage, e event) {
	switch e.Action {
	case "output":
		p.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		p.status = e.Action
		if r.onPackage != nil && len(p.tests) > 0 || e.Action == "fail" && r.onPackage != nil {
			took := time.Duration(e.Elapsed * float64(time.Second))
			r.onPackage(fmt.Sprintf("%s: %s, %d tests, %s", p.name, e.Action, p.leaves(), seconds(took)))
		}
	}
}

func (p *testPackage) testEvent(e event) {
	t := p.tests[e.Test]
	if t == nil {
		t = &oneTest{name: e.Test}
		p.tests[e.Test] = t
		if at := strings.LastIndexByte(e.Test, '/'); at >= 0 {
			p.markParents(e.Test[:at])
		}
	}
	switch e.Action {
	case "output":
		t.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		t.status = e.Action
	}
}

// markParents marks the test and all above it. A subtest's own name may hold slashes ("a/b"), so a name above it need
// not be a test.
func (p *testPackage) markParents(name string) {
	for name != "" {
		if t := p.tests[name]; t != nil {
			t.parent = true
		}
		name = name[:max(strings.LastIndexByte(name, '/'), 0)]
	}
}

func (p *testPackage) leaves() int {
	n := 0
	for _, t := range p.tests {
		if !t.parent {
			n++
		}
	}
	return n
}

func (r *testRun) short(pkg string) string {
	return strings.TrimPrefix(strings.TrimPrefix(pkg, r.module), "/")
}

// result counts the leaves: a test with subtests is counted as its subtests, unless the test itself was skipped, or failed
// while none of its subtests did. A test that never ended failed; so did a package that failed without a failing test
// (it does not compile, TestMain or a time limit ended it): that counts as one.
func (r *testRun) result() result {
	var sum result
	var report strings.Builder
	for _, p := range sortedBy(r.packages, func(p *testPackage) string { return p.name }) {
		failures := 0
		for _, t := range sortedBy(p.tests, func(t *oneTest) string { return t.name }) {
			switch {
			case t.status == "skip":
				sum.skipped++
				sum.skips = append(sum.skips, skip{name: p.name + " " + t.name, reason: skipReason(t.output.String())})
			case t.status == "pass" && !t.parent:
				sum.passed++
			case t.status != "pass" && !(t.parent && p.failsBelow(t.name)):
				failures++
				fmt.Fprintf(&report, "── %s %s\n%s", p.name, t.name, ended(t))
			case t.status != "pass":
				// The failure is counted below it; what the parent printed may still explain it.
				report.WriteString(t.output.String())
			}
		}
		if failures == 0 && p.status != "pass" && p.status != "skip" {
			failures = 1
			fmt.Fprintf(&report, "── %s\n%s", p.name, p.output.String())
		} else if failures > 0 {
			report.WriteString(p.output.String())
		}
		sum.failed += failures
	}
	if sum.failed > 0 {
		sum.output = r.stray.String() + report.String()
	}
	return sum
}

// failsBelow says whether a subtest of the named test failed.
func (p *testPackage) failsBelow(name string) bool {
	for _, t := range p.tests {
		if strings.HasPrefix(t.name, name+"/") && t.status != "pass" && t.status != "skip" {
			return true
		}
	}
	return false
}

func ended(t *oneTest) string {
	if t.status == "" {
		return t.output.String() + "    (it never ended)\n"
	}
	return t.output.String()
}

// place is the "    file_test.go:12: " that the testing package puts before a message.
var place = regexp.MustCompile(`^\s*[\w.\-/\\]+\.go:\d+: `)

// skipReason returns what the test gave to t.Skip, in one line: its output without the marks of the testing package.
func skipReason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "=== ") || strings.HasPrefix(text, "--- SKIP") {
			continue
		}
		said = append(said, strings.TrimSpace(place.ReplaceAllString(line, "")))
	}
	return cmp.Or(strings.Join(said, " "), "no reason given")
}

// sortedBy returns the map's values in the order of the key.
func sortedBy[V any](m map[string]V, key func(V) string) []V {
	all := make([]V, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b V) int { return cmp.Compare(key(a), key(b)) })
	return all
}
