// Package runtime runs functions as AWS Lambda does: as processes that poll the Lambda Runtime API (2018-06-01), one
// invocation at a time each, started when they are needed, used again while they are idle and killed when they exceed their time.
package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// Function is what the runtime must know of a function.
type Function struct {
	Name        string
	Binary      string // path of the executable
	Handler     string
	ARN         string
	Timeout     time.Duration
	MemoryMB    int
	LogFormat   string            // "JSON" or "Text" or ""
	LogLevel    string            // for LogFormat JSON
	Environment map[string]string // the declared variables; nothing else of this machine's environment is passed on
}

// Options of a Runtime. The zero value of each has a usable meaning.
type Options struct {
	Functions   []Function
	Concurrency int                                // processes per function; 0: 16. Further invocations wait.
	IdleTimeout time.Duration                      // a process that was idle for so long is ended; 0: 10 minutes
	InitTimeout time.Duration                      // from the start of a process to its first poll; 0: 10 seconds, as in AWS
	Environment map[string]string                  // what AWS itself would set, the same for all: region, endpoints
	LogDir      string                             // each function's output goes to LogDir/<name>.log; "": nowhere
	OnLine      func(function string, line []byte) // each line that a function writes; may be nil
	Log         *slog.Logger                       // what the runtime itself has to say: crashes, failed starts; nil: nothing
}

// keyPrefix begins the access key ids that functions get: the rest tells the local services who calls.
const keyPrefix = "local."

// SecretKey is the secret access key of every function. It guards nothing here; links into the local S3 are signed with it.
const SecretKey = "local"

// IsFunctionKey says whether an access key id is one that this runtime gave to a process.
func IsFunctionKey(accessKeyID string) bool {
	return len(accessKeyID) > len(keyPrefix) && accessKeyID[:len(keyPrefix)] == keyPrefix
}

// Errors of Invoke.
var (
	ErrUnknown = errors.New("no such function")
	ErrTimeout = errors.New("task timed out")
	ErrClosed  = errors.New("the runtime is closed")
	// ErrTooLarge is given for an event over 6 MB (of a synchronous invocation).
	ErrTooLarge = errors.New("request entity too large")
)

// MaxPayload is Lambda's limit for the event and for the answer of a synchronous invocation, in bytes.
const MaxPayload = 6*1024*1024 + 100

// FunctionError is what a function reports of itself, or what Lambda reports of a process that ended.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Result is the outcome of an invocation. Process and Cold are set also when it failed.
type Result struct {
	Payload  []byte
	Cold     bool // the first invocation of its process
	Process  int  // number of the process; 0 if none took it
	Duration time.Duration
}

// Runtime holds the functions and their processes. It is safe for concurrent use.
type Runtime struct {
	options  Options
	server   *http.Server
	address  string
	pools    map[string]*pool
	mu       sync.Mutex
	byToken  map[string]*process
	all      []*process // every process ever started, in order
	closed   bool
	reaper   context.CancelFunc
	finished sync.WaitGroup
}

// New makes a runtime and opens its Runtime API on a free port of 127.0.0.1. No process is started yet.
func New(o Options) (*Runtime, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Minute
	}
	if o.InitTimeout == 0 {
		o.InitTimeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.LogDir != "" {
		if err := os.MkdirAll(o.LogDir, 0o755); err != nil {
			return nil, fmt.Errorf("log folder: %w", err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtime API: %w", err)
	}
	r := &Runtime{options: o, address: listener.Addr().String(), pools: map[string]*pool{}, byToken: map[string]*process{}}
	for _, f := range o.Functions {
		p, err := newPool(r, f)
		if err != nil {
			_ = listener.Close()
			return nil, err
		}
		r.pools[f.Name] = p
	}
	r.server = &http.Server{Handler: r.api(), ReadHeaderTimeout: time.Minute}
	ctx, cancel := context.WithCancel(context.Background())
	r.reaper = cancel
	r.finished.Go(func() { _ = r.server.Serve(listener) })
	r.finished.Go(func() { r.endIdle(ctx) })
	return r, nil
}

// Invoke runs a function with an event and waits for its answer, at most for the function's own time-out plus the time until a
// process is free. A cancelled ctx ends the waiting, not the function, as when a caller of Lambda goes away.
// Errors: *FunctionError, ErrTimeout, ErrUnknown, ErrTooLarge, ErrClosed, or ctx's.
func (r *Runtime) Invoke(ctx context.Context, function string, event []byte) (Result, error) {
	p, ok := r.pools[function]
	if !ok {
		return Result{}, fmt.Errorf("%w: %s", ErrUnknown, function)
	}
	if len(event) > MaxPayload {
		return Result{}, ErrTooLarge
	}
	began := time.Now()
	inv := &invocation{id: requestID(), event: event, done: make(chan outcome, 1)}
	if err := p.submit(inv); err != nil {
		return Result{}, err
	}
	select {
	case out := <-inv.done:
		out.result.Duration = time.Since(began)
		return out.result, out.err
	case <-ctx.Done():
		p.withdraw(inv)
		return Result{Duration: time.Since(began)}, ctx.Err()
	}
}

// Close ends every process (SIGKILL: nothing of a function runs on after its answer) and waits until all are gone.
func (r *Runtime) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	processes := slices.Clone(r.all)
	r.mu.Unlock()
	r.reaper()
	for _, p := range r.pools {
		p.close()
	}
	for _, p := range processes {
		p.kill()
		<-p.ended
	}
	_ = r.server.Close()
	r.finished.Wait()
	for _, p := range r.pools {
		_ = p.output.Close()
	}
}

// Kill sends SIGKILL to the running processes of a function and returns how many there were.
func (r *Runtime) Kill(function string) int {
	n := 0
	r.mu.Lock()
	processes := slices.Clone(r.all)
	r.mu.Unlock()
	for _, p := range processes {
		if p.pool.function.Name == function && p.kill() {
			<-p.ended
			n++
		}
	}
	return n
}

func (r *Runtime) endIdle(ctx context.Context) {
	tick := time.NewTicker(min(r.options.IdleTimeout, 5*time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, p := range r.pools {
				p.endIdle(r.options.IdleTimeout)
			}
		}
	}
}

func functionError(body io.Reader) *FunctionError {
	e := &FunctionError{}
	if err := json.NewDecoder(body).Decode(e); err != nil {
		return &FunctionError{Type: "Runtime.Unknown", Message: "the function reported an error that is not JSON"}
	}
	return e
}
