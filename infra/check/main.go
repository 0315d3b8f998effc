// Command check runs every test and check of the project and installs what they need:
//
//	go run ./infra/check                    everything
//	go run ./infra/check -only vet,test     chosen steps
//	go run ./infra/check -v                 with the output of tests that pass
//
// It prints what it does while it runs, then a table of the steps, then on a line of its own the sum,
// "312 passed, 0 failed, 2 skipped". The exit status is 1 when anything failed and 2 for a wrong flag.
// With CI=true in the environment a skip counts as a failure unless its reason is in allowedSkips.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"madoguchi/infra/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Getenv("CI") == "true", os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

// run does the chosen steps and prints the report. It answers whether all went well; an error means that the arguments
// were wrong and nothing ran.
func run(ctx context.Context, args []string, ci bool, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(out)
	only := flags.String("only", "", "run only these `steps`, separated by commas: "+strings.Join(names(steps), ", "))
	verbose := flags.Bool("v", false, "show the output of all tests, not only of failed ones")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if flags.NArg() > 0 {
		return false, fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	chosen, err := choose(steps, *only)
	if err != nil {
		return false, err
	}
	root, err := tools.Root()
	if err != nil {
		return false, err
	}
	w := &world{root: root, verbose: *verbose, out: &lines{to: out, start: time.Now()}}
	results := runAll(ctx, w, chosen)
	if ci {
		results = judgeSkips(results)
	}
	return report(out, results), nil
}

// names lists the steps' names in their order.
func names(list []step) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.name)
	}
	return all
}

// choose returns the steps that the flag -only names, in the table's order; an empty flag means all.
func choose(list []step, only string) ([]step, error) {
	if only == "" {
		return list, nil
	}
	wanted := strings.Split(only, ",")
	for i, name := range wanted {
		wanted[i] = strings.TrimSpace(name)
		if !slices.Contains(names(list), wanted[i]) {
			return nil, fmt.Errorf("-only: no step %q; there are %s", wanted[i], strings.Join(names(list), ", "))
		}
	}
	var chosen []step
	for _, s := range list {
		if slices.Contains(wanted, s.name) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}
