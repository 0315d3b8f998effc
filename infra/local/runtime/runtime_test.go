package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/build"
	"madoguchi/infra/tools"
)

// binary is the echo function of the test data.
var binary string

func TestMain(m *testing.M) {
	root, err := tools.Root()
	if err != nil {
		log.Fatal(err)
	}
	const folder = "infra/local/testdata/functions/echo"
	built, err := build.Functions(context.Background(), root, filepath.Join(root, ".cache", "functions-test"), []string{folder})
	if err != nil {
		log.Fatal(err)
	}
	binary = built[folder]
	if os.Getenv(orphanParent) != "" {
		startAndWait()
	}
	os.Exit(m.Run())
}

// orphanParent makes this test program a parent that starts a function, tells its process id and waits to be killed.
const orphanParent = "MADOGUCHI_TEST_ORPHAN_PARENT"

func startAndWait() {
	r, err := New(Options{Functions: []Function{{Name: "Echo", Binary: binary, Timeout: time.Minute}}})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := r.Invoke(context.Background(), "Echo", []byte("{}")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Processes()[0].PID)
	select {}
}

// begin starts a runtime with the function "Echo"; change may alter function and options.
func begin(t *testing.T, change func(*Function, *Options)) *Runtime {
	t.Helper()
	f := Function{Name: "Echo", Binary: binary, ARN: "arn:echo", Timeout: 20 * time.Second, MemoryMB: 128, Environment: map[string]string{"OWN": "1"}}
	o := Options{LogDir: t.TempDir()}
	if change != nil {
		change(&f, &o)
	}
	o.Functions = append(o.Functions, f)
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// ask is the event of a query: {"do": "sleep", "ms": "100"}.
func ask(query map[string]string) []byte {
	event, _ := json.Marshal(map[string]any{"queryStringParameters": query})
	return event
}

type told struct {
	PID, Served int
	ARN         string
	LeftMS      int64 `json:"left_ms"`
	Env         []string
	Key         string
}

func invoke(t *testing.T, r *Runtime, query map[string]string) (told, Result, error) {
	t.Helper()
	result, err := r.Invoke(t.Context(), "Echo", ask(query))
	var out told
	if err == nil {
		if e := json.Unmarshal(result.Payload, &out); e != nil {
			t.Fatal(e)
		}
	}
	return out, result, err
}

func TestColdThenWarm(t *testing.T) {
	r := begin(t, nil)
	if rows := r.Processes(); len(rows) != 0 {
		t.Fatalf("%d processes before the first call, want none", len(rows))
	}
	first, one, err := invoke(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, two, err := invoke(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !one.Cold || two.Cold || first.PID != second.PID || second.Served != 2 {
		t.Errorf("first %+v %+v, second %+v %+v: want one process, cold then warm", first, one.Cold, second, two.Cold)
	}
	if first.ARN != "arn:echo" || first.LeftMS <= 0 || first.LeftMS > 20_000 {
		t.Errorf("context of the invocation: %+v", first)
	}
	row := r.Processes()[0]
	if row.Function != "Echo" || row.PID != first.PID || row.Invocations != 2 || row.Init <= 0 || row.State == stateEnded || row.AccessKey != "local.Echo.1" {
		t.Errorf("row %+v", row)
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil && row.RSS < 1<<20 {
		t.Errorf("resident memory %d bytes, want what /proc says", row.RSS)
	}
}

func TestEnvironmentIsItsOwn(t *testing.T) {
	t.Setenv("FROM_THIS_MACHINE", "secret")
	r := begin(t, func(f *Function, o *Options) {
		f.LogFormat, f.LogLevel, f.Handler = "JSON", "INFO", "bootstrap"
		o.Environment = map[string]string{"AWS_REGION": "r", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1"}
		o.Functions = []Function{{Name: "Other", Binary: binary, Environment: map[string]string{"OF_ANOTHER_FUNCTION": "1"}}}
	})
	got, _, err := invoke(t, r, map[string]string{"do": "env"})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.Env)
	want := []string{
		"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_LEVEL",
		"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "LAMBDA_TASK_ROOT", "LANG", "OWN", "PATH", "TZ",
		"_HANDLER", "_X_AMZN_TRACE_ID",
	}
	if diff := cmp.Diff(want, got.Env); diff != "" {
		t.Error(diff)
	}
	if got.Key != "local.Echo.1" || !IsFunctionKey(got.Key) || IsFunctionKey("stack") {
		t.Errorf("access key id %q: want one that names function and process", got.Key)
	}
}

func TestErrorOfTheFunction(t *testing.T) {
	r := begin(t, nil)
	_, _, err := invoke(t, r, map[string]string{"do": "error"})
	var failed *FunctionError
	if !errors.As(err, &failed) || failed.Message != "asked to fail" {
		t.Fatalf("error %v, want the function's own", err)
	}
	if again, _, err := invoke(t, r, nil); err != nil || again.Served != 2 {
		t.Errorf("after an error: %+v, %v; want the same process to go on", again, err)
	}
}

func TestCrash(t *testing.T) {
	r := begin(t, nil)
	_, _, err := invoke(t, r, map[string]string{"do": "exit"})
	var failed *FunctionError
	if !errors.As(err, &failed) || failed.Type != "Runtime.ExitError" {
		t.Fatalf("error %v, want Runtime.ExitError", err)
	}
	got, result, err := invoke(t, r, nil)
	if err != nil || !result.Cold || got.Served != 1 {
		t.Errorf("after a crash: %+v, %v; want a new process", got, err)
	}
	if rows := r.Processes(); len(rows) != 2 || rows[0].State != stateEnded || rows[0].Invocations != 1 {
		t.Errorf("rows %+v: want the ended process kept", rows)
	}
}

func TestTimeOut(t *testing.T) {
	r := begin(t, func(f *Function, _ *Options) { f.Timeout = 300 * time.Millisecond })
	_, _, err := invoke(t, r, map[string]string{"do": "sleep", "ms": "60000"})
	if !errors.Is(err, ErrTimeout) {
		t.Fatalf("error %v, want ErrTimeout", err)
	}
	if _, result, err := invoke(t, r, nil); err != nil || !result.Cold {
		t.Errorf("after a time-out: %v; want a new process", err)
	}
}

func TestStartThatFails(t *testing.T) {
	for _, c := range []struct {
		name, binary string
		env          map[string]string
		log          string
	}{
		{"it ends before it polls", "", map[string]string{"BREAK_INIT": "1"}, "settings: BREAK_INIT must be empty"},
		{"no such program", "/nonexistent", nil, "/nonexistent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var logged strings.Builder
			r := begin(t, func(f *Function, o *Options) {
				f.Environment = c.env
				if c.binary != "" {
					f.Binary = c.binary
				}
				o.Log = slog.New(slog.NewTextHandler(writer(func(p []byte) {
					mu.Lock()
					defer mu.Unlock()
					logged.Write(p)
				}), nil))
			})
			for range 2 { // each invocation tries anew
				_, _, err := invoke(t, r, nil)
				var failed *FunctionError
				if !errors.As(err, &failed) || failed.Type != "Runtime.ExitError" {
					t.Fatalf("error %v, want Runtime.ExitError", err)
				}
			}
			r.Close()
			mu.Lock()
			defer mu.Unlock()
			if !strings.Contains(logged.String(), "could not start") || !strings.Contains(logged.String(), c.log) {
				t.Errorf("log %s: want why it could not start", logged.String())
			}
		})
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestConcurrency(t *testing.T) {
	const limit, calls = 3, 12
	r := begin(t, func(_ *Function, o *Options) { o.Concurrency = limit })
	var all sync.WaitGroup
	pids := make([]int, calls)
	for i := range calls {
		all.Go(func() {
			got, _, err := invoke(t, r, map[string]string{"do": "sleep", "ms": "50"})
			if err != nil {
				t.Error(err)
			}
			pids[i] = got.PID
		})
	}
	all.Wait()
	slices.Sort(pids)
	rows := r.Processes()
	if distinct := len(slices.Compact(pids)); distinct < 2 || distinct > limit || len(rows) > limit {
		t.Errorf("%d processes served, %d were started: want more than one and at most %d", distinct, len(rows), limit)
	}
	total := 0
	for _, row := range rows {
		total += row.Invocations
	}
	if total != calls {
		t.Errorf("%d invocations in the rows, want %d", total, calls)
	}
}

func TestKill(t *testing.T) {
	r := begin(t, nil)
	before, _, err := invoke(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Kill("Echo"); n != 1 {
		t.Errorf("%d processes killed, want 1", n)
	}
	if alive(before.PID) {
		t.Error("the process lives on")
	}
	if after, result, err := invoke(t, r, nil); err != nil || !result.Cold || after.PID == before.PID {
		t.Errorf("after the kill: %+v, %v", after, err)
	}
	t.Run("in the middle of an invocation", func(t *testing.T) {
		failed := make(chan error, 1)
		go func() {
			_, _, err := invoke(t, r, map[string]string{"do": "sleep", "ms": "60000"})
			failed <- err
		}()
		for !slices.ContainsFunc(r.Processes(), func(p Process) bool { return p.State == stateBusy }) {
			time.Sleep(time.Millisecond)
		}
		r.Kill("Echo")
		var e *FunctionError
		if err := <-failed; !errors.As(err, &e) {
			t.Errorf("error %v, want that of a process that ended", err)
		}
	})
}

// An invocation that meets a process which is just being killed is either answered, by another one, or fails as one whose process
// ended; none hangs.
func TestKillBetweenInvocations(t *testing.T) {
	r := begin(t, func(_ *Function, o *Options) { o.Concurrency = 2 })
	answered := 0
	for range 30 {
		_, _, err := invoke(t, r, nil)
		var failed *FunctionError
		switch {
		case err == nil:
			answered++
		case !errors.As(err, &failed):
			t.Fatalf("error %v: want an answer, or that of a process that ended", err)
		}
		rows := r.Processes()
		_ = syscall.Kill(rows[len(rows)-1].PID, syscall.SIGKILL)
	}
	if answered == 0 {
		t.Error("no invocation was answered")
	}
}

func TestIdleProcessesEnd(t *testing.T) {
	r := begin(t, func(_ *Function, o *Options) { o.IdleTimeout = 20 * time.Millisecond })
	if _, _, err := invoke(t, r, nil); err != nil {
		t.Fatal(err)
	}
	for r.Processes()[0].State != stateEnded {
		time.Sleep(time.Millisecond)
	}
	if _, result, err := invoke(t, r, nil); err != nil || !result.Cold {
		t.Errorf("after the idle time: %v; want a new process", err)
	}
}

func TestCallerThatGoesAway(t *testing.T) {
	r := begin(t, func(_ *Function, o *Options) { o.Concurrency = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := r.Invoke(ctx, "Echo", ask(map[string]string{"do": "sleep", "ms": "200"}))
		gone <- err
	}()
	for !slices.ContainsFunc(r.Processes(), func(p Process) bool { return p.State == stateBusy }) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got, _, err := invoke(t, r, nil); err != nil || got.Served != 2 {
		t.Errorf("next invocation: %+v, %v; want the same process, which went on", got, err)
	}
}

func TestRefusals(t *testing.T) {
	r := begin(t, nil)
	if _, err := r.Invoke(t.Context(), "Nobody", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown function: %v", err)
	}
	if _, err := r.Invoke(t.Context(), "Echo", make([]byte, MaxPayload+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large an event: %v", err)
	}
	r.Close()
	if _, err := r.Invoke(t.Context(), "Echo", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	r := begin(t, nil)
	got, _, err := invoke(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if alive(got.PID) {
		t.Error("a process lives on")
	}
}

func TestOutputIsKept(t *testing.T) {
	dir := t.TempDir()
	lines := make(chan string, 10)
	r := begin(t, func(_ *Function, o *Options) {
		o.LogDir, o.OnLine = dir, func(function string, line []byte) { lines <- function + ": " + string(line) }
	})
	if _, _, err := invoke(t, r, nil); err != nil {
		t.Fatal(err)
	}
	const want = `{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","msg":"started"}`
	if got := <-lines; got != "Echo: "+want {
		t.Errorf("line %q", got)
	}
	data, err := os.ReadFile(filepath.Join(dir, "Echo.log"))
	if err != nil || !strings.Contains(string(data), want) {
		t.Errorf("log file: %q, %v", data, err)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
