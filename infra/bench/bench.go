package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
)

// bench is what the parts of a run share. It is made of the pieces of the local stack and not of the stack itself: there are
// no streams and schedules here, so that no mailer works beside a form post that is being measured.
type bench struct {
	effort   effort
	progress io.Writer
	sizes    []int  // recipients of the campaigns that are measured
	root     string // folder of go.mod
	cache    string // binaries, kept from run to run
	dir      string // of this run alone: data, secrets
	template *template.Template
	hosts    map[string]built // binaries for this machine, by folder
	lock     *os.File

	database  *database // nil until a part needs it
	recording []recording
	serving   sync.WaitGroup
	servers   []*http.Server
}

// built is a binary, or why there is none.
type built struct {
	path string
	err  error
}

// open reads the template. Another run on this machine is waited for: two of them would measure each other.
func (b *bench) open(ctx context.Context, root string) error {
	b.root, b.cache, b.hosts = root, filepath.Join(root, ".cache", "bench"), map[string]built{}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	var err error
	if b.lock, err = takeLock(ctx, filepath.Join(b.cache, "lock"), b.progress); err != nil {
		return fmt.Errorf("wait for another run: %w", err)
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		b.close()
		return err
	}
	// The limits that would answer a flood of posts with something else than a stored submission or a counted view.
	parameters := map[string]string{"FORM_MINIMUM_SECONDS": "0", rateLimit: "0", "VIEWS_PER_HOUR": "0"}
	b.template, err = template.Load(filepath.Join(root, "template.yaml"), template.Options{
		Environment: parameters, Secrets: template.SecretDir(filepath.Join(b.dir, "secrets"))})
	if err != nil {
		b.close()
		return err
	}
	return nil
}

func takeLock(ctx context.Context, path string, progress io.Writer) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, f.Close())
		}
		if !told {
			_, _ = fmt.Fprintln(progress, "waiting for another run to end")
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// close ends what the run has started and removes its data.
func (b *bench) close() {
	for _, server := range b.servers {
		_ = server.Close()
	}
	b.serving.Wait()
	if b.database != nil {
		b.database.engine.Close()
	}
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
	if b.lock != nil {
		_ = b.lock.Close()
	}
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...)
}

// serve opens a handler on a free port and returns its address.
func (b *bench) serve(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	b.servers = append(b.servers, server)
	b.serving.Go(func() { _ = server.Serve(listener) })
	return "http://" + listener.Addr().String(), nil
}

// database is the engine with the template's tables, behind the counting proxy of the local stack.
type database struct {
	engine   *dynamodb.Engine
	client   *ddb.Client // past the proxy
	proxy    *dynamodb.Proxy
	recorder *recorder
	meter    *meter
	endpoint string
}

// data starts the database, once.
func (b *bench) data(ctx context.Context) (*database, error) {
	if b.database != nil {
		return b.database, nil
	}
	program, err := tools.Dynoxide(ctx, b.progress)
	if err != nil {
		return nil, err
	}
	engine, err := dynamodb.Start(ctx, program, filepath.Join(b.dir, "dynamodb.db"))
	if err != nil {
		return nil, err
	}
	b.database = &database{engine: engine, client: engine.Client()}
	if err := dynamodb.Ensure(ctx, b.database.client, b.template.Tables); err != nil {
		return nil, err
	}
	if b.database.proxy, err = dynamodb.NewProxy(engine.URL(), runtime.IsFunctionKey); err != nil {
		return nil, err
	}
	b.database.meter = &meter{next: b.database.proxy}
	b.database.recorder = &recorder{next: b.database.meter}
	b.database.endpoint, err = b.serve(b.database.recorder)
	return b.database, err
}

// run starts a runtime with functions over the database. The caller closes it.
func (b *bench) run(ctx context.Context, functions []runtime.Function) (*runtime.Runtime, error) {
	return b.runWith(ctx, functions, clients)
}

// runWith is run with so many processes of a function at most.
func (b *bench) runWith(ctx context.Context, functions []runtime.Function, processes int) (*runtime.Runtime, error) {
	data, err := b.data(ctx)
	if err != nil {
		return nil, err
	}
	environment := platform()
	environment["AWS_ENDPOINT_URL_DYNAMODB"] = data.endpoint
	return runtime.New(runtime.Options{Functions: functions, Concurrency: processes, Environment: environment,
		Log: slog.New(slog.NewTextHandler(b.progress, &slog.HandlerOptions{Level: slog.LevelError}))})
}

// platform is what AWS itself would set and the SDK reads.
func platform() map[string]string {
	return map[string]string{"AWS_REGION": template.Region, "AWS_DEFAULT_REGION": template.Region, "AWS_EC2_METADATA_DISABLED": "true"}
}

// short is a function's name without the ending that all have: "newsletter".
func short(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "Function"))
}

// recorder keeps the calls that pass through it while it is on.
type recorder struct {
	next http.Handler

	mu    sync.Mutex
	on    bool
	calls []replay.Recorded
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	on := r.on
	r.mu.Unlock()
	if on {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			http.Error(w, "the body ended early", http.StatusBadRequest)
			return
		}
		_, op, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
		r.mu.Lock()
		r.calls = append(r.calls, replay.Recorded{Operation: op, Body: body})
		r.mu.Unlock()
		req.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	r.next.ServeHTTP(w, req)
}

// record returns the calls that passed while do ran.
func (r *recorder) record(do func() error) ([]replay.Recorded, error) {
	r.mu.Lock()
	r.on, r.calls = true, nil
	r.mu.Unlock()
	err := do()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.calls, err
}
