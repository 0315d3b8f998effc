package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"madoguchi/infra/local/child"
	"madoguchi/infra/local/template"
)

// coldBudget is how much longer than its bare program a function may take (design, "Budgets").
const coldBudget = 1.5

// coldWarmUp are starts of both programs that are not counted: they bring the files into memory.
const coldWarmUp = 2

// startLimit is when a program that has not polled is given up.
const startLimit = 20 * time.Second

// bares are the bare programs by the clients that they build.
var bares = map[string]string{
	"none":           "infra/bench/bare/none",
	"dynamodb":       "infra/bench/bare/dynamodb",
	"dynamodb+s3":    "infra/bench/bare/dynamodb-s3",
	"dynamodb+sesv2": "infra/bench/bare/dynamodb-sesv2",

	"dynamodb+s3+sesv2": "infra/bench/bare/dynamodb-s3-sesv2",
}

// clientsOf tells which SDK clients a function cannot do without: from what its declaration in the template gives it to work
// with, not from what its program happens to link. A client that nobody asked for counts against the function.
func clientsOf(f template.Function) string {
	var found []string
	for name := range f.Environment {
		switch {
		case strings.HasSuffix(name, "_TABLE"):
			found = append(found, "dynamodb")
		case strings.HasSuffix(name, "_BUCKET"):
			found = append(found, "s3")
		case strings.HasSuffix(name, "CONFIGURATION_SET"):
			found = append(found, "sesv2")
		}
	}
	if len(found) == 0 {
		return "none"
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "+")
}

// coldStarts measures, for each function of the template, the time from the start of its process to its first poll of the
// Runtime API, against a bare program.
//
// Why the comparison is honest: both programs are built by the same command with the deployment's flags, started in turns (A B,
// B A, ...) by the same code with the same environment, and meet the same listener, which notes the moment and holds the poll
// open; then the process is killed. So the difference is what is ours: linking and initialising our packages, reading the
// settings, policies and word lists, building the handler. The bare program has nothing of ours in it; it builds the clients
// that the function needs, as the SDK's documentation does, and refers to a call of each, because the linker would leave out
// most of a client that is never called and make the bare program faster than any program that works. Nothing is invoked and
// nothing is called, so no server and no network is in the figures. What Lambda adds before the process starts (fetching the
// package, starting the machine) is the same for both but for the size of the package, which is measured apart.
func coldStarts(ctx context.Context, b *bench) ([]Row, error) {
	poll, err := newPollListener()
	if err != nil {
		return nil, err
	}
	defer poll.close()
	var rows []Row
	for _, f := range b.template.Functions {
		row, err := b.coldStart(ctx, poll, f)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			row = notMeasured("cold", short(f.Name), "process start to first poll", err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (b *bench) coldStart(ctx context.Context, poll *pollListener, f template.Function) (Row, error) {
	kind := clientsOf(f)
	folder, ok := bares[kind]
	if !ok {
		return Row{}, fmt.Errorf("no bare program with the clients %s: add one to infra/bench/bare and to the table in cold.go", kind)
	}
	function, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return Row{}, err
	}
	bare, err := b.host(ctx, folder)
	if err != nil {
		return Row{}, err
	}
	environment := coldEnvironment(f, poll.address)
	times := map[string][]float64{}
	b.say("cold starts of %s", short(f.Name))
	for i := range coldWarmUp + b.effort.coldPairs {
		pair := []string{function, bare}
		if i%2 == 1 {
			slices.Reverse(pair)
		}
		for _, program := range pair {
			took, err := poll.start(ctx, program, environment)
			if err != nil {
				return Row{}, fmt.Errorf("start %s: %w", filepath.Base(program), err)
			}
			if i >= coldWarmUp {
				times[program] = append(times[program], float64(took.Microseconds())/1000)
			}
		}
	}
	return Row{Part: "cold", Subject: short(f.Name), Figure: "process start to first poll", Value: median(times[function]), Unit: "ms",
		Against: "ms, bare " + kind, Base: median(times[bare]), Budget: atMost(coldBudget, "ratio"),
		Note: fmt.Sprintf("medians of %d", b.effort.coldPairs)}.judged(), nil
}

// coldEnvironment is the function's own, with what the platform adds.
func coldEnvironment(f template.Function, address string) []string {
	all := platform()
	for name, value := range f.Environment {
		all[name] = value
	}
	for name, value := range map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC", "_HANDLER": f.Handler, "AWS_LAMBDA_RUNTIME_API": address,
		"AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(f.MemoryMB),
		"AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
	} {
		all[name] = value
	}
	var list []string
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// pollListener is a Runtime API that never has work.
type pollListener struct {
	address string
	server  *http.Server
	polled  chan time.Time
	serving sync.WaitGroup
}

func newPollListener() (*pollListener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtime API: %w", err)
	}
	p := &pollListener{address: listener.Addr().String(), polled: make(chan time.Time, 1)}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if now := time.Now(); strings.HasSuffix(r.URL.Path, "/runtime/invocation/next") {
			p.polled <- now
		}
		<-r.Context().Done()
	})}
	p.serving.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

func (p *pollListener) close() {
	_ = p.server.Close()
	p.serving.Wait()
}

// start runs a program until its first poll, ends it and returns the time between.
func (p *pollListener) start(ctx context.Context, program string, environment []string) (time.Duration, error) {
	cmd := exec.Command(program) //nolint:noctx // ended below, with what it may have started
	cmd.Env, cmd.Dir = environment, filepath.Dir(program)
	select {
	case <-p.polled: // of a program that was given up before
	default:
	}
	var output tail
	cmd.Stdout, cmd.Stderr = &output, &output
	began := time.Now()
	if err := child.Start(cmd); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	var outcome error // once ended is closed
	go func() {
		outcome = cmd.Wait()
		close(ended)
	}()
	stop := func() {
		child.Kill(cmd.Process.Pid)
		<-ended
	}
	select {
	case at := <-p.polled:
		stop()
		return at.Sub(began), nil
	case <-ended:
		return 0, fmt.Errorf("it ended before its first poll: %w", errors.Join(outcome, errors.New(output.text())))
	case <-time.After(startLimit):
		stop()
		return 0, fmt.Errorf("no poll within %s", startLimit)
	case <-ctx.Done():
		stop()
		return 0, ctx.Err()
	}
}

// tail keeps the end of what a program writes, for messages.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-1000):]
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
