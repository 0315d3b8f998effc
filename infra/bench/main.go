// Command bench measures the budgets of the design page on this machine: go run ./infra/bench.
//
// A time is held to its budget as a ratio of two things measured in the same run, in short turns (A B, B A, ...): what a slow or busy
// machine does to one it does to the other. Absolute times are shown for orientation only.
//
//	cold      process start to first poll of the Runtime API, each function of template.yaml against a bare program
//	zip       size of each function's deployment package for arm64
//	post      form posts through the gateway: rate, latency, CPU time against a handler that only makes the same DynamoDB calls
//	calls     DynamoDB calls and write units of a check page and a post
//	seats     registrations for one event against the same for 32, 32 in flight
//	campaign  sending to a list: calls, CPU time, memory, throughput beside a loop that only makes the same SES calls, the rate kept;
//	          go run ./infra/bench campaign -sizes 10k,100k,1M for larger lists than ten thousand
//	import    a list of 100,000 rows: rows a second, calls, memory, and killed on the way
//
// The exit status is 0 unless something could not be measured; with -strict also a figure over its budget is an error.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"madoguchi/infra/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// effort is how much is measured.
type effort struct {
	coldPairs  int // cold starts of each function and of its bare program
	postPairs  int // batches of posts to the function and to the baseline
	batch      int // posts of a batch
	callRounds int // check pages and posts whose calls are counted

	campaignPairs int    // campaigns to a small list and to the loop
	slowPace      bool   // also one recipient a second
	sizes         string // of lists, where the command line names none
}

var (
	fullEffort  = effort{coldPairs: 25, postPairs: 50, batch: 60, callRounds: 40, campaignPairs: 5, slowPace: true, sizes: "10k"}
	quickEffort = effort{coldPairs: 3, postPairs: 3, batch: 40, callRounds: 5, campaignPairs: 1, sizes: "2k"}
)

// measures are the parts of a run in their order. Each returns its rows; an error ends the run.
var measures = []struct {
	name    string
	measure func(context.Context, *bench) ([]Row, error)
}{
	{"cold", coldStarts},
	{"zip", zipSizes},
	{"calls", callCounts},
	{"post", posts},
	{"seats", registrations},
	{"campaign", campaigns},
	{"import", imports},
}

// run measures and writes the report to stdout; progress goes to stderr. It returns an error where something could not be
// measured, or with -strict is over its budget.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "comma-separated parts: cold, zip, post, calls, seats, import, campaign (default: all); one may also stand first, without a flag")
	quick := flags.Bool("quick", false, "a short run: shows that everything can be measured, with rough figures")
	asJSON := flags.Bool("json", false, "write the report as JSON")
	strict := flags.Bool("strict", false, "a figure over its budget is an error")
	sizes := flags.String("sizes", "", "recipients of campaigns, comma-separated: 10k,100k,1M (default: 10k)")
	part := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		part, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	chosen, err := choose(cmp.Or(part, *only))
	if err != nil {
		return err
	}
	root, err := tools.Root()
	if err != nil {
		return err
	}
	b := &bench{effort: fullEffort, progress: stderr}
	if *quick {
		b.effort = quickEffort
	}
	if b.sizes, err = parseSizes(cmp.Or(*sizes, b.effort.sizes)); err != nil {
		return err
	}
	report := Report{Machine: thisMachine(*quick)}
	if err := b.open(ctx, root); err != nil {
		return err
	}
	defer b.close()
	for _, m := range measures {
		if !chosen[m.name] {
			continue
		}
		rows, err := m.measure(ctx, b)
		if err := errors.Join(ctx.Err(), err); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		report.Rows = append(report.Rows, rows...)
	}
	if err := report.write(stdout, *asJSON); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return report.judge(*strict)
}

// choose reads -only.
func choose(only string) (map[string]bool, error) {
	var names []string
	for _, m := range measures {
		names = append(names, m.name)
	}
	chosen := map[string]bool{}
	wanted := names
	if only != "" {
		wanted = strings.Split(only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("there is no part %q; parts are %s", name, strings.Join(names, ", "))
		}
		chosen[name] = true
	}
	return chosen, nil
}

// parseSizes reads -sizes.
func parseSizes(list string) ([]int, error) {
	var sizes []int
	for word := range strings.SplitSeq(list, ",") {
		digits, unit := word, 1
		for suffix, times := range map[string]int{"k": 1000, "M": 1_000_000} {
			if before, ok := strings.CutSuffix(word, suffix); ok {
				digits, unit = before, times
			}
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 10_000_000/unit {
			return nil, fmt.Errorf("%q is no size of a list: 10k, 100k, 1M", word)
		}
		sizes = append(sizes, n*unit)
	}
	return sizes, nil
}
