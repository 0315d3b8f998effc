// Command local runs the whole system on this machine: go run ./infra/local.
//
// It reads template.yaml, builds the functions and runs the binaries that are deployed, with DynamoDB, SES, streams and schedules
// beside them. A template parameter is overridden by the environment variable of its name in upper snake case:
//
//	FORM_MINIMUM_SECONDS=0 go run ./infra/local
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/sample"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled):
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// run starts the stack and waits for the end of ctx. The first line on stdout is "ready <address>"; what happens before it is told on
// stderr.
func run(ctx context.Context, args, environment []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:3000", "address of the forms and of /_local/")
	data := flags.String("data", ".data", "folder that keeps tables, mail, secrets and logs")
	file := flags.String("template", "template.yaml", "SAM template")
	servicesOnly := flags.Bool("services-only", false, "everything but the gateway (for sam local start-api)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	root, err := tools.Root()
	if err != nil {
		return err
	}
	env := map[string]string{}
	for _, e := range environment {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	// Paths on the command line are seen from the working directory, the defaults from the root of the module.
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, path := range map[string]*string{"data": data, "template": file} {
		if given[name] {
			if *path, err = filepath.Abs(*path); err != nil {
				return err
			}
		}
	}
	s, err := stack.Start(ctx, stack.Options{
		Root: root, Template: *file, Addr: *addr, DataDir: *data, ServicesOnly: *servicesOnly, Env: env,
		Log: stderr, Progress: stderr, Color: terminal(stderr) && env["NO_COLOR"] == "",
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if !given["template"] {
		if err := firstStart(ctx, s, time.Now()); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(stdout, "ready", s.URL())
	for _, p := range s.Parts() {
		_, _ = fmt.Fprintf(stdout, "  %-9s %s\n", p.Name, p.URL)
	}
	<-ctx.Done()
	_, _ = fmt.Fprintln(stderr, "stopping")
	return nil
}

// firstStart loads the sample content into a new data folder. A file there says that it was done: what somebody has deleted
// since does not come back.
func firstStart(ctx context.Context, s *stack.Stack, now time.Time) error {
	mark := filepath.Join(s.DataDir(), "sample")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	parts, err := sample.Content(now)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := s.Load(ctx, part); err != nil {
			return fmt.Errorf("load the sample content: %w", err)
		}
	}
	if err := os.WriteFile(mark, []byte(now.Format(time.RFC3339)+"\n"), 0o600); err != nil {
		return fmt.Errorf("load the sample content: %w", err)
	}
	return nil
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
