package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"madoguchi/infra/local/child"
	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
)

const (
	samStarts = 2 * time.Minute // the first start adds the emulator to the base image
	samStops  = 30 * time.Second
)

// sam is the SAM CLI with the environment that it needs.
type sam struct {
	path        string
	root        string // folder of template.yaml
	environment []string
}

// openSAM finds or installs the SAM CLI. state is a folder for what it keeps for itself.
func openSAM(ctx context.Context, e *engine, root, state string, progress io.Writer) (*sam, error) {
	path, err := tools.SAM(ctx, progress)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("prepare the SAM CLI: %w", err)
	}
	return &sam{path: path, root: root, environment: append(samEnvironment(tools.SAMEnvironment(), state), e.environment()...)}, nil
}

// kept are the variables of this process that the SAM CLI and the Go command need. Nothing else is handed on: a variable
// with the name of a function's setting would take the place of the template's value, and a developer's own AWS keys have
// no business here.
var kept = []string{"PATH", "HOME", "TMPDIR", "TEMP", "LANG", "SAM_CLI_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "GO", "DOCKER_"}

func samEnvironment(all []string, state string) []string {
	var out []string
	for _, variable := range all {
		for _, begin := range kept {
			name, _, _ := strings.Cut(variable, "=")
			if name == begin || (strings.HasSuffix(begin, "_") || begin == "GO") && strings.HasPrefix(name, begin) {
				out = append(out, variable)
				break
			}
		}
	}
	// No file of that name: what the person keeps for AWS does not count here.
	none := filepath.Join(state, "no-settings-of-aws")
	return append(out,
		"SAM_CLI_TELEMETRY=0", "__SAM_CLI_APP_DIR="+state, "PYTHONUNBUFFERED=1",
		"AWS_DEFAULT_REGION="+template.Region, "AWS_REGION="+template.Region,
		"AWS_CONFIG_FILE="+none, "AWS_SHARED_CREDENTIALS_FILE="+none, "AWS_EC2_METADATA_DISABLED=true",
		// The flags of a deployment (README), for this machine's processor.
		"CGO_ENABLED=0", "GOFLAGS=-trimpath -tags=lambda.norpc -ldflags=-s")
}

// build runs sam build and returns the path of the built template.
func (s *sam) build(ctx context.Context, folder string) (string, error) {
	_, err := s.run(ctx, s.root, "build", "--build-dir", folder, "--parameter-overrides", "Architecture="+architecture())
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "template.yaml"), nil
}

// run runs one command of the SAM CLI to its end and returns what it prints on stdout.
func (s *sam) run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.path, args...)
	cmd.Dir, cmd.Env = dir, s.environment
	// The SAM CLI takes its containers away when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = samStops
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("sam %s: %w\n%s", strings.Join(args[:min(2, len(args))], " "), err, tail(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// api is a running sam local start-api.
type api struct {
	process *exec.Cmd
	ended   chan struct{}
	log     string // path
}

// startAPI starts the gateway of the SAM CLI and returns when it listens.
func (s *sam) startAPI(ctx context.Context, file, addr, log string, shared []string) (*api, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("start sam local: %w", err)
	}
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start sam local: %w", err)
	}
	defer func() { _ = out.Close() }() // the child has its own handle
	a := &api{ended: make(chan struct{}), log: log}
	args := append([]string{"local", "start-api", "--host", host, "--port", port, "--warm-containers", "LAZY"}, shared...)
	a.process = exec.CommandContext(context.WithoutCancel(ctx), s.path, append(args, "--template-file", file)...)
	a.process.Dir, a.process.Env = filepath.Dir(file), s.environment
	a.process.Stdout, a.process.Stderr = out, out
	if err := child.Start(a.process); err != nil {
		return nil, fmt.Errorf("start sam local: %w", err)
	}
	go func() {
		_ = a.process.Wait()
		close(a.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, samStarts)
	defer cancel()
	for {
		var dialer net.Dialer
		if connection, err := dialer.DialContext(ctx, "tcp", addr); err == nil {
			_ = connection.Close()
			return a, nil
		}
		select {
		case <-a.ended:
			return nil, fmt.Errorf("sam local start-api has ended:\n%s", a.tail())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("sam local start-api does not listen: %w\n%s", ctx.Err(), a.tail()), a.stop())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop interrupts the SAM CLI, which then removes its containers.
func (a *api) stop() error {
	_ = a.process.Process.Signal(syscall.SIGINT)
	select {
	case <-a.ended:
		return nil
	case <-time.After(samStops):
		child.Kill(a.process.Process.Pid)
		<-a.ended
		return fmt.Errorf("sam local start-api did not end within %v and was killed", samStops)
	}
}

// tail is the end of the log, for people.
func (a *api) tail() string {
	data, err := os.ReadFile(a.log)
	if err != nil {
		return err.Error()
	}
	return tail(data)
}

func tail(output []byte) string {
	const most = 4000
	return strings.TrimSpace(string(output[max(0, len(output)-most):]))
}
