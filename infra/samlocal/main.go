// Command samlocal runs the functions under the SAM CLI's own emulation of AWS, in containers, against the services of the local
// stack:
//
//	go run ./infra/samlocal up      until Ctrl-C, or until
//	go run ./infra/samlocal down    in another terminal, which also clears away what a killed run has left
//
// It brings what it needs: a Docker engine (the machine's own, or one that it starts: root on Linux can), the Lambda base image
// (pulled, or, where no registry answers, a stand-in, and it says so), the SAM CLI, sam build for this machine's processor, and a
// copy of the built template with the services' addresses. When it ends nothing is left running. Parameters of the template are
// overridden as with infra/local: FORM_MINIMUM_SECONDS=0 go run ./infra/samlocal up
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
		_, _ = fmt.Fprintln(os.Stderr, "samlocal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args, environment []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("samlocal up|down", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:3000", "address of the forms")
	services := flags.Int("services", 3100, "port of /_local/ and the inbox, on the address that containers can reach; 0: a free one")
	data := flags.String("data", "", "folder that keeps tables, mail, secrets and logs (default: .cache/samlocal/data)")
	var command string
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	switch command {
	case "up":
		return stay(ctx, options{addr: *addr, services: *services, data: *data, env: parameters(environment), log: stderr, progress: stderr}, stdout)
	case "down":
		return down(ctx, stderr)
	}
	return fmt.Errorf("unknown command %q: say up or down", command)
}

// stay is up until the end of ctx. Its first line on stdout is "ready <address of the forms>".
func stay(ctx context.Context, o options, stdout io.Writer) error {
	if o.data != "" {
		var err error
		if o.data, err = filepath.Abs(o.data); err != nil {
			return err
		}
	} else {
		// Not .data: the local stack may run beside it, and two engines on one file would lose data.
		o.data = filepath.Join(".cache", "samlocal", "data")
	}
	w, err := up(ctx, o)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "ready %s\n  inbox     %s/_local/mail\n  log       %s\n", w.url, w.services.URL(), w.api.log)
	command := append(append(w.engine.environment(), w.sam.path), w.invocation("NewsletterFunction", "events/newsletter/get.json")...)
	_, _ = fmt.Fprintf(stdout, "  one event %s\n", strings.Join(command, " "))
	var ended error
	select {
	case <-ctx.Done():
	case <-w.api.ended:
		ended = fmt.Errorf("sam local start-api has ended:\n%s", w.api.tail())
	}
	_, _ = fmt.Fprintln(o.progress, "stopping")
	return errors.Join(ended, w.close())
}

func parameters(environment []string) map[string]string {
	env := map[string]string{}
	for _, e := range environment {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	return env
}
