package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/infra/tools"
)

// "First line on standard output once ready: ready http://..." (contract, "Local tools").
func TestRun(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		args := []string{"-addr", "127.0.0.1:0", "-data", t.TempDir(), "-template", filepath.Join(root, "infra/local/testdata/template.yaml")}
		err := run(ctx, args, []string{"GREETING=moin"}, in, io.Discard)
		_ = in.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("no line: %v", <-ended)
	}
	url, ok := strings.CutPrefix(lines.Text(), "ready ")
	if !ok || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("first line %q", lines.Text())
	}
	for _, part := range []string{"forms", "overview", "inbox", "elsewhere", "DynamoDB", "SES", "S3"} {
		if !lines.Scan() || !strings.HasPrefix(strings.TrimSpace(lines.Text()), part+" ") {
			t.Errorf("line %q, want the address of %s", lines.Text(), part)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // a part more must not stop the run
	resp, err := http.Get(url + "/_local/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url + "/_local/"); err == nil {
		t.Error("it still answers")
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown argument", []string{"start"}, `unknown argument "start"`},
		{"unknown flag", []string{"-port", "1"}, "flag provided but not defined"},
		{"parameter", []string{"-data", t.TempDir(), "-addr", "127.0.0.1:0"}, "parameter FormMinimumSeconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t.Context(), c.args, []string{"FORM_MINIMUM_SECONDS=many"}, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	t.Run("help", func(t *testing.T) {
		var shown bytes.Buffer
		if err := run(t.Context(), []string{"-h"}, nil, io.Discard, &shown); !errors.Is(err, flag.ErrHelp) || !strings.Contains(shown.String(), "-services-only") {
			t.Errorf("%v, %s", err, shown.String())
		}
	})
}
