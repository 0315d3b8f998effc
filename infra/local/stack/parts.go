package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
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

func (s *Stack) readTemplate() error {
	o := template.Options{
		Environment: s.options.Env, SkipChecks: s.options.SkipChecks,
		Secrets: template.SecretDir(filepath.Join(s.options.DataDir, "secrets")),
	}
	o.Defaults = s.signInDefaults()
	if !s.options.ServicesOnly {
		// Links in mail must lead here, whatever the port. Another gateway (sam local) listens where the template says.
		o.Defaults["PublicUrl"], o.Defaults["AllowedOrigins"] = s.URL(), s.elsewhere
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

// service opens the address of a service that functions call.
func (s *Stack) service(name, variable string, offset int, handler http.Handler) error {
	listener, err := s.beside(name, offset)
	if err != nil {
		return err
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

// beside listens on the gateway's port plus offset, so that the address is the same each time, or on any free one.
func (s *Stack) beside(name string, offset int) (net.Listener, error) {
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	n, _ := strconv.Atoi(port)
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n+offset)))
	if err != nil {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return listener, nil
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
	admin, forms := s.admin(), s.forms()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_local" || strings.HasPrefix(r.URL.Path, "/_local/") {
			admin.ServeHTTP(w, r)
			return
		}
		forms.ServeHTTP(w, r)
	})
}

// forms is the HTTP API.
func (s *Stack) forms() http.Handler {
	if s.options.ServicesOnly {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "only the services run here (-services-only); start the gateway with: sam local start-api", http.StatusNotFound)
		})
	}
	return gateway.New(s.runtime, s.template.Functions, s.console.request)
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
	case <-s.closed:
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
