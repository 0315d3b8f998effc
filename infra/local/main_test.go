package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/stack"
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
	for _, part := range []string{"forms", "overview", "inbox", "elsewhere", "sign-in", "DynamoDB", "SES", "S3"} {
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

// The first start on a data folder shows a living office, the next one leaves it as it is.
func TestFirstStart(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := firstStart(t.Context(), s, time.Now()); err != nil {
		t.Fatal(err)
	}
	var events struct {
		Items []struct{ ID, Status string }
	}
	getJSON(t, s.URL()+"/events", &events)
	got := map[string]string{}
	for _, e := range events.Items {
		got[e.ID] = e.Status
	}
	want := map[string]string{"coffee-workshop": "waiting", "digital-economy-seminar": "open", "tourism-webinar": "open", "trade-briefing": "past"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var photos struct{ Items []any }
	getJSON(t, s.URL()+"/photos", &photos)
	if len(photos.Items) == 0 {
		t.Error("no photos")
	}
	pages := regexp.MustCompile(`<li><a href="(/[^"]*)">`).FindAllStringSubmatch(string(get(t, s.URL()+"/_local/")), -1)
	if len(pages) < 10 {
		t.Errorf("the overview names %d pages", len(pages))
	}
	for _, page := range pages {
		if strings.HasPrefix(page[1], "/staff") || strings.HasPrefix(page[1], "/_local/signin") {
			continue // a browser signs in first (functions/staff/signin TestBrowser)
		}
		get(t, s.URL()+page[1]) // each can be opened
	}
	// A second load would be refused or double the registrations; the mark keeps it away, whatever the day is.
	if err := firstStart(t.Context(), s, time.Now().AddDate(1, 0, 0)); err != nil {
		t.Errorf("the next start: %v", err)
	}
}

func getJSON(t *testing.T, address string, into any) {
	t.Helper()
	if err := json.Unmarshal(get(t, address), into); err != nil {
		t.Fatal(err)
	}
}

// get returns the body of what must answer 200.
func get(t *testing.T, address string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %d, %v", address, answer.StatusCode, err)
	}
	return body
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
