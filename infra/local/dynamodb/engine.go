// Package dynamodb runs the database of the local stack: Dynoxide with a file that survives restarts, the template's tables
// in it, and before it a proxy that counts calls and injects what the engine never does by itself - conflicts, throttling,
// lost answers, an outage.
package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/child"
	"madoguchi/infra/local/template"
)

// stackKey is the access key id of the stack's own calls. They are neither counted nor disturbed.
const stackKey = "stack"

// Engine is a running Dynoxide.
type Engine struct {
	url    string
	cmd    *exec.Cmd
	ended  chan struct{}
	stderr tail
}

// Start runs the program with its data in the file path ("" keeps them in memory) and waits until it answers.
func Start(ctx context.Context, program, path string) (*Engine, error) {
	var problem error
	// Between the choice of a free port and its use somebody else may take it: then another one is tried.
	for range 3 {
		e, err := start(ctx, program, path)
		if err == nil {
			return e, nil
		}
		problem = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start Dynoxide: %w", problem)
}

func start(ctx context.Context, program, path string) (*Engine, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		return nil, err
	}
	args := []string{"--host", host, "--port", port}
	if path != "" {
		args = append(args, "--db-path", path)
	}
	// Not ctx: that one ends the start, and the engine stays until Close.
	e := &Engine{url: "http://" + net.JoinHostPort(host, port), cmd: exec.CommandContext(context.Background(), program, args...), ended: make(chan struct{})}
	e.cmd.Stderr = &e.stderr
	if err := child.Start(e.cmd); err != nil {
		return nil, err
	}
	go func() {
		_ = e.cmd.Wait()
		close(e.ended)
	}()
	wait := time.NewTicker(10 * time.Millisecond)
	defer wait.Stop()
	deadline := time.After(20 * time.Second)
	for {
		if e.answers(ctx) {
			return e, nil
		}
		select {
		case <-e.ended:
			return nil, fmt.Errorf("it ended at once: %s", strings.TrimSpace(e.stderr.String()))
		case <-ctx.Done():
			e.Close()
			return nil, ctx.Err()
		case <-deadline:
			e.Close()
			return nil, errors.New("it does not answer")
		case <-wait.C:
		}
	}
}

func (e *Engine) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// URL is the engine's own address, without the proxy.
func (e *Engine) URL() string { return e.url }

// PID is the process id.
func (e *Engine) PID() int { return e.cmd.Process.Pid }

// Close ends the program. Its data are safe: SQLite has them on disk.
func (e *Engine) Close() {
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.ended:
	case <-time.After(5 * time.Second):
		_ = e.cmd.Process.Kill()
		<-e.ended
	}
}

// Client is an SDK client for the stack's own calls, straight to the engine.
func (e *Engine) Client() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(e.url),
		Region:       template.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(stackKey, stackKey, ""),
	})
}

// tail keeps the end of what a program writes, for messages.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.Clone(t.text))
}
