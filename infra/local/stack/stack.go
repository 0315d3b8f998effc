// Package stack is the whole system on one machine: it reads the template, builds the functions and runs them with their tables,
// mail, streams, schedules and HTTP API. `go run ./infra/local` is a thin user of it, and so are end-to-end tests, which start it on
// free ports with a data folder and parameters of their own.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/oidc"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/s3"
	"madoguchi/infra/local/ses"
	"madoguchi/infra/local/template"
	"madoguchi/infra/local/trigger"
)

// Options of a stack. Root alone must be given.
type Options struct {
	Root         string            // folder of go.mod; other paths are relative to it
	Template     string            // "": template.yaml
	Addr         string            // "": a free port of 127.0.0.1
	DataDir      string            // "": .data
	ServicesOnly bool              // no gateway; streams, schedules and /_local/ all the same
	Env          map[string]string // overrides of parameters: FORM_MINIMUM_SECONDS=0; other entries are ignored
	SkipChecks   bool              // hand on parameter values that the template does not allow, to see a function refuse them
	Concurrency  int               // processes per function; 0: 16
	Dynoxide     string            // path of the program; "": found or installed by infra/tools
	Log          io.Writer         // request lines and warnings for people; nil: none
	Progress     io.Writer         // what the start is doing; nil: none
	Color        bool              // Log takes terminal colours
}

// Stack is a running system.
type Stack struct {
	options   Options
	console   *console
	template  *template.Template
	listener  net.Listener
	parts     []Part
	engine    *dynamodb.Engine
	client    *ddb.Client
	proxy     *dynamodb.Proxy
	mail      *ses.Server
	objects   *s3.Server
	signIn    *oidc.Provider
	runtime   *runtime.Runtime
	triggers  *trigger.Triggers
	servers   []*http.Server
	serving   sync.WaitGroup
	lock      *os.File
	closing   sync.Once
	binaries  map[string]string
	ready     chan struct{} // closed when Start has succeeded
	closed    chan struct{} // closed when Close begins
	endpoints map[string]string
	elsewhere string // address of the sample of another website; empty with ServicesOnly
}

// Part is one piece of the stack with an address.
type Part struct{ Name, URL string }

// Start brings a stack up and returns when it is ready: everything built, every table there. A cancelled ctx ends the start, not the
// stack. After an error nothing is left running.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if o.Root == "" {
		return nil, errors.New("stack: Root is missing")
	}
	if o.Template == "" {
		o.Template = "template.yaml"
	}
	if o.DataDir == "" {
		o.DataDir = ".data"
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	o.Template, o.DataDir = under(o.Root, o.Template), under(o.Root, o.DataDir)
	s := &Stack{options: o, console: newConsole(o.Log, o.Color), ready: make(chan struct{}), closed: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, err
	}
	close(s.ready)
	return s, nil
}

func under(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

func (s *Stack) start(ctx context.Context) error {
	o := s.options
	if err := s.lockData(); err != nil {
		return err
	}
	var err error
	if s.listener, err = net.Listen("tcp", o.Addr); err != nil {
		return listenError(o.Addr, err)
	}
	if err := s.startElsewhere(); err != nil {
		return err
	}
	if err := s.startSignIn(); err != nil {
		return err
	}
	if err := s.readTemplate(); err != nil {
		return err
	}
	// Building and the database do not wait for each other.
	built := make(chan error, 1)
	go func() { built <- s.build(ctx) }()
	err = s.startDatabase(ctx)
	if err := errors.Join(<-built, err); err != nil {
		return err
	}
	if err := s.startMail(); err != nil {
		return err
	}
	if err := s.startObjects(); err != nil {
		return err
	}
	if err := s.startRuntime(); err != nil {
		return err
	}
	if err := s.startTriggers(); err != nil {
		return err
	}
	s.serve(s.listener, s.front())
	name := "forms"
	if o.ServicesOnly {
		name = "tools"
	}
	s.parts = append([]Part{{name, s.URL()}, {"overview", s.URL() + "/_local/"}, {"inbox", s.URL() + "/_local/mail"}}, s.parts...)
	return nil
}

// lockData refuses a data folder that another stack uses: two engines on one file would lose data.
func (s *Stack) lockData() error {
	if err := os.MkdirAll(s.options.DataDir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.options.DataDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return fmt.Errorf("the data folder %s is in use by another run: end that one, or choose another folder with -data", s.options.DataDir)
	}
	s.lock = f
	return nil
}

func listenError(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address %s is in use by another program: end that one, or choose another address with -addr", addr)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// URL is the address of the forms, without a slash at the end.
func (s *Stack) URL() string { return "http://" + reachable(s.listener.Addr()) }

// Parts lists what has an address, the forms first.
func (s *Stack) Parts() []Part { return s.parts }

// DataDir is the folder that keeps everything.
func (s *Stack) DataDir() string { return s.options.DataDir }

// Template is the template as this run has resolved it.
func (s *Stack) Template() *template.Template { return s.template }

// SES is the local SES with its inbox.
func (s *Stack) SES() *ses.Server { return s.mail }

// S3 is the local S3. An object that is put there is an event for the functions whose rules want it, as in AWS.
func (s *Stack) S3() *s3.Server { return s.objects }

// DynamoDB is a client of the engine itself: not counted, not disturbed.
func (s *Stack) DynamoDB() *ddb.Client { return s.client }

// Proxy stands between the functions and the engine: counts and faults.
func (s *Stack) Proxy() *dynamodb.Proxy { return s.proxy }

// Endpoints are the addresses that functions get, by their variable (AWS_ENDPOINT_URL_DYNAMODB, ...).
func (s *Stack) Endpoints() map[string]string { return s.endpoints }

// Runtime runs the functions.
func (s *Stack) Runtime() *runtime.Runtime { return s.runtime }

// Tick runs every schedule once and returns when all have finished.
func (s *Stack) Tick() []trigger.Ran { return s.triggers.Tick() }

// Kill ends the running processes of a function (its logical id) with SIGKILL and returns how many there were.
func (s *Stack) Kill(function string) int { return s.runtime.Kill(function) }

// Close ends everything and returns when nothing is left running. It may be called twice.
func (s *Stack) Close() {
	s.closing.Do(func() {
		close(s.closed)
		// First who asks, then who works, then what they work with.
		for _, server := range s.servers {
			_ = server.Close()
		}
		if s.listener != nil {
			_ = s.listener.Close()
		}
		if s.triggers != nil {
			s.triggers.Stop()
		}
		if s.runtime != nil {
			s.runtime.Close()
		}
		if s.mail != nil {
			_ = s.mail.Close()
		}
		s.serving.Wait()
		if s.objects != nil {
			_ = s.objects.Close()
		}
		if s.engine != nil {
			s.engine.Close()
		}
		if s.lock != nil {
			_ = s.lock.Close()
		}
	})
}
