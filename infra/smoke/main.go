// Command smoke looks at a deployment from outside, as a visitor does:
//
//	go run ./infra/smoke -url https://forms.example.jp
//	go run ./infra/smoke -url https://forms.example.jp -mailbox you@example.jp
//	go run ./infra/smoke -url http://127.0.0.1:3000 -mailbox you@example.jp -inbox http://127.0.0.1:3000
//
// Without -mailbox it stores nothing and causes no mail. With it, it signs that address up for the newsletter and asks the
// operator to press the button in the mail; with -inbox, the address of a local stack, it reads the mail and presses by
// itself, and unsubscribes again. It prints a table. The exit status is 1 when a check failed and 2 for wrong arguments.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"madoguchi/infra/journey"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], world{in: os.Stdin, out: os.Stdout, now: time.Now})
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

// world is what surrounds a run; tests have their own.
type world struct {
	in    io.Reader // the operator's answers
	out   io.Writer
	now   func() time.Time
	roots *x509.CertPool // nil: the machine's own
}

// run does every check and prints the table. It answers whether all went well; an error means that the arguments were
// wrong and nothing was asked of anybody.
func run(ctx context.Context, args []string, w world) (bool, error) {
	flags := flag.NewFlagSet("smoke", flag.ContinueOnError)
	flags.SetOutput(w.out)
	address := flags.String("url", "", "public `address` of the forms, without a path: https://forms.example.jp")
	mailbox := flags.String("mailbox", "", "sign this `address` up, a mailbox that you can read")
	inbox := flags.String("inbox", "", "`address` of a local stack whose inbox receives the mail")
	patience := flags.Duration("patience", 2*time.Minute, "how long to wait for a mail in the inbox")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if flags.NArg() > 0 {
		return false, fmt.Errorf("unexpected arguments %q", flags.Args())
	}
	base, err := baseAddress("url", *address)
	if err != nil {
		return false, err
	}
	r := &round{site: newSite(base, w), world: w, mailbox: *mailbox, patience: *patience}
	if *mailbox == "" && *inbox != "" {
		return false, errors.New("-inbox needs -mailbox: without it nobody is signed up")
	}
	if *mailbox != "" && strings.Count(*mailbox, "@") != 1 {
		return false, fmt.Errorf("-mailbox %q is no e-mail address", *mailbox)
	}
	if *inbox != "" {
		at, err := baseAddress("inbox", *inbox)
		if err != nil {
			return false, err
		}
		r.inbox = journey.InboxAt(at.String())
	}
	return report(w.out, r.all(ctx))
}

// baseAddress reads an address without a path.
func baseAddress(name, text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("-%s %q must be an address without a path, such as https://forms.example.jp", name, text)
	}
	return u, nil
}

// outcome of a check.
type outcome string

const (
	passed  outcome = "ok"
	failed  outcome = "FAILED"
	skipped outcome = "skipped"
)

// result is a row of the table.
type result struct {
	check   string
	outcome outcome
	detail  string
}

// report prints the table and tells whether nothing failed.
func report(out io.Writer, results []result) (bool, error) {
	count := map[outcome]int{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range results {
		count[r.outcome]++
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", r.check, r.outcome, r.detail)
	}
	if err := table.Flush(); err != nil {
		return false, fmt.Errorf("print the table: %w", err)
	}
	_, err := fmt.Fprintf(out, "%d ok, %d failed, %d skipped\n", count[passed], count[failed], count[skipped])
	return count[failed] == 0, err
}
