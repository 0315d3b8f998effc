// Package stack is the whole system on one machine: it reads the template, builds the functions and runs them with their tables,
// mail, streams, schedules and HTTP API. `go run ./infra/local` is a thin user of it, and so are end-to-end tests, which start it on
// free ports with a data folder and parameters of their own.
package stack

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
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"madoguchi/infra/local/build"
	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/gateway"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/ses"
	"madoguchi/infra/local/template"
	"madoguchi/infra/local/trigger"
	"madoguchi/infra/tools"
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
	runtime   *runtime.Runtime
	triggers  *trigger.Triggers
	servers   []*http.Server
	serving   sync.WaitGroup
	lock      *os.File
	closing   sync.Once
	binaries  map[string]string
	ready     chan struct{} // closed when Start has succeeded
	endpoints map[string]string
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
	s := &Stack{options: o, console: newConsole(o.Log, o.Color), ready: make(chan struct{})}
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

func (s *Stack) readTemplate() error {
	o := template.Options{
		Environment: s.options.Env, SkipChecks: s.options.SkipChecks,
		Secrets: template.SecretDir(filepath.Join(s.options.DataDir, "secrets")),
	}
	if !s.options.ServicesOnly {
		// Links in mail must lead here, whatever the port. Another gateway (sam local) listens where the template says.
		o.Defaults = map[string]string{"PublicUrl": s.URL()}
	}
	var err error
	s.template, err = template.Load(s.options.Template, o)
	return err
}

func (s *Stack) build(ctx context.Context) error {
	base, err := filepath.Rel(s.options.Root, filepath.Dir(s.options.Template))
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	var folders []string
	for _, f := range s.template.Functions {
		folders = append(folders, filepath.ToSlash(filepath.Join(base, f.CodeURI)))
	}
	if len(folders) == 0 {
		return nil
	}
	out := filepath.Join(s.options.Root, ".cache", "functions")
	if _, err := os.Stat(out); err != nil {
		_, _ = fmt.Fprintf(s.options.Progress, "building %d functions (the first time takes a minute)\n", len(folders))
	} else {
		_, _ = fmt.Fprintf(s.options.Progress, "building what has changed of %d functions\n", len(folders))
	}
	binaries, err := build.Functions(ctx, s.options.Root, out, folders)
	if err != nil {
		return err
	}
	s.binaries = map[string]string{}
	for i, f := range s.template.Functions {
		s.binaries[f.Name] = binaries[folders[i]]
	}
	return nil
}

func (s *Stack) startDatabase(ctx context.Context) error {
	program := s.options.Dynoxide
	if program == "" {
		var err error
		if program, err = tools.Dynoxide(ctx, s.options.Progress); err != nil {
			return err
		}
	}
	var err error
	if s.engine, err = dynamodb.Start(ctx, program, filepath.Join(s.options.DataDir, "dynamodb.db")); err != nil {
		return err
	}
	s.client = s.engine.Client()
	if err := dynamodb.Ensure(ctx, s.client, s.template.Tables); err != nil {
		return err
	}
	if s.proxy, err = dynamodb.NewProxy(s.engine.URL(), runtime.IsFunctionKey); err != nil {
		return err
	}
	return s.service("DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB", 1, s.proxy)
}

func (s *Stack) startMail() error {
	suppress := map[string][]string{}
	for name, set := range s.template.ConfigurationSets {
		suppress[name] = set.Suppressed
	}
	var err error
	s.mail, err = ses.New(ses.Options{
		Dir: filepath.Join(s.options.DataDir, "mail"), Suppress: suppress, Identities: s.template.Identities, OnEvent: s.mailEvent,
	})
	if err != nil {
		return err
	}
	return s.service("SES", "AWS_ENDPOINT_URL_SESV2", 2, s.mail.API())
}

// service opens the address of a service that functions call: the gateway's port plus offset, so that it is the same each time,
// or any free one.
func (s *Stack) service(name, variable string, offset int, handler http.Handler) error {
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	n, _ := strconv.Atoi(port)
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n+offset)))
	if err != nil {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	s.serve(listener, handler)
	url := "http://" + reachable(listener.Addr())
	s.parts = append(s.parts, Part{name, url})
	if s.endpoints == nil {
		s.endpoints = map[string]string{}
	}
	s.endpoints[variable] = url
	return nil
}

func (s *Stack) serve(listener net.Listener, handler http.Handler) {
	// API Gateway takes 10 kB of headers.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 10 << 10, ErrorLog: slog.NewLogLogger(s.console.handler(), slog.LevelDebug)}
	s.servers = append(s.servers, server)
	s.serving.Go(func() { _ = server.Serve(listener) })
}

func (s *Stack) startRuntime() error {
	environment := map[string]string{
		"AWS_REGION": template.Region, "AWS_DEFAULT_REGION": template.Region, "AWS_EC2_METADATA_DISABLED": "true",
	}
	for name, url := range s.endpoints {
		environment[name] = url
	}
	var functions []runtime.Function
	for _, f := range s.template.Functions {
		functions = append(functions, runtime.Function{
			Name: f.Name, Binary: s.binaries[f.Name], Handler: f.Handler, ARN: f.ARN(), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
			LogFormat: f.LogFormat, LogLevel: f.LogLevel, Environment: f.Environment,
		})
	}
	var err error
	s.runtime, err = runtime.New(runtime.Options{
		Functions: functions, Concurrency: s.options.Concurrency, Environment: environment,
		LogDir: filepath.Join(s.options.DataDir, "logs"), OnLine: s.console.functionLine, Log: slog.New(s.console.handler()),
	})
	return err
}

func (s *Stack) startTriggers() error {
	streams := dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: aws.String(s.engine.URL()), Region: template.Region,
		Credentials: credentials.NewStaticCredentialsProvider("stack", "stack", ""),
	})
	var err error
	s.triggers, err = trigger.Start(trigger.Options{
		Functions: s.template.Functions, Invoker: s.runtime, Streams: streams,
		PositionIn: filepath.Join(s.options.DataDir, "streams"), Log: slog.New(s.console.handler()), OnInvoke: s.console.invoked,
	})
	return err
}

// front is the handler of the stack's own address: the tools under /_local/, and the forms.
func (s *Stack) front() http.Handler {
	admin := s.admin()
	var forms http.Handler = gateway.New(s.runtime, s.template.Functions, s.console.request)
	if s.options.ServicesOnly {
		forms = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "only the services run here (-services-only); start the gateway with: sam local start-api", http.StatusNotFound)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_local" || strings.HasPrefix(r.URL.Path, "/_local/") {
			admin.ServeHTTP(w, r)
			return
		}
		forms.ServeHTTP(w, r)
	})
}

// mailEvent publishes an event of the local SES as its configuration set says.
func (s *Stack) mailEvent(detailType string, detail json.RawMessage) {
	var event struct {
		EventType string `json:"eventType"`
		Mail      struct {
			Tags map[string][]string `json:"tags"`
		} `json:"mail"`
	}
	if err := json.Unmarshal(detail, &event); err != nil {
		return
	}
	select {
	case <-s.ready:
	case <-time.After(time.Minute): // the start has failed
		return
	}
	for _, name := range event.Mail.Tags["ses:configuration-set"] {
		for _, published := range s.template.ConfigurationSets[name].Published {
			if strings.EqualFold(strings.ReplaceAll(published, "_", ""), strings.ReplaceAll(event.EventType, " ", "")) {
				arn := "arn:aws:ses:" + template.Region + ":" + template.Account + ":configuration-set/" + name
				_ = s.triggers.Emit("aws.ses", detailType, []string{arn}, detail)
				return
			}
		}
	}
}

// reachable is the address under which a listener on all interfaces is found from this machine.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// URL is the address of the forms, without a slash at the end.
func (s *Stack) URL() string { return "http://" + reachable(s.listener.Addr()) }

// Parts lists what has an address, the forms first.
func (s *Stack) Parts() []Part { return s.parts }

// Template is the template as this run has resolved it.
func (s *Stack) Template() *template.Template { return s.template }

// SES is the local SES with its inbox.
func (s *Stack) SES() *ses.Server { return s.mail }

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
		if s.engine != nil {
			s.engine.Close()
		}
		if s.lock != nil {
			_ = s.lock.Close()
		}
	})
}
