package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// allowedSkips are the reasons for which a test or step may be skipped when CI=true. A reason is allowed when it begins
// with the text. Each entry is argued; a skip that nobody argued is a failure there.
var allowedSkips = []struct{ begins, because string }{
	{noCompiler, "the race detector needs C; the same tests run without it, and it runs wherever a C compiler is"},
	{noEngine, "containers need an engine, which only root may start; the same journey runs over the local stack, and here wherever an engine is"},
	{noDatabase, "the database of vulnerabilities is a service on the net that many machines may not ask; nothing here can stand in for it"},
}

// judgeSkips turns every skip whose reason is not allowed into a failure (CI=true).
func judgeSkips(results []result) []result {
	judged := make([]result, len(results))
	for i, r := range results {
		var refused []string
		for _, s := range r.skips {
			if !allowed(s.reason) {
				refused = append(refused, "CI=true does not allow this skip: "+s.name+": "+s.reason)
			}
		}
		if len(refused) > 0 {
			r.outcome = failed
			r.skipped -= len(refused)
			r.failed += len(refused)
			r.reason = fmt.Sprintf("%d skips that CI=true does not allow", len(refused))
			r.output = strings.TrimPrefix(r.output+"\n"+strings.Join(refused, "\n"), "\n")
		}
		judged[i] = r
	}
	return judged
}

func allowed(reason string) bool {
	for _, a := range allowedSkips {
		if strings.HasPrefix(reason, a.begins) {
			return true
		}
	}
	return false
}

// report prints what failed, what was skipped and why, the table, and the sum on a line of its own. It answers whether
// nothing failed. The writer's errors are not looked at: there is no other place to report to.
func report(out io.Writer, results []result) bool {
	for _, r := range results {
		if r.outcome == failed && r.output != "" {
			_, _ = fmt.Fprintf(out, "\n──── %s failed ────\n%s\n", r.step, strings.TrimRight(r.output, "\n"))
		}
	}
	printSkips(out, results)

	_, _ = fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		// An empty last cell would leave blanks at the end of the line.
		_, _ = fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	row("step", "result", "passed", "failed", "skipped", "time", "reason")
	var sum result
	for _, r := range results {
		row(r.step, string(r.outcome), strconv.Itoa(r.passed), strconv.Itoa(r.failed), strconv.Itoa(r.skipped), seconds(r.took), r.reason)
		sum.passed += r.passed
		sum.failed += r.failed
		sum.skipped += r.skipped
	}
	_ = table.Flush()
	_, _ = fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", sum.passed, sum.failed, sum.skipped)
	return sum.failed == 0
}

func printSkips(out io.Writer, results []result) {
	heading := "\nskipped:\n"
	for _, r := range results {
		for _, s := range r.skips {
			_, _ = fmt.Fprintf(out, "%s  %s: %s\n", heading, s.name, s.reason)
			heading = ""
		}
	}
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}
