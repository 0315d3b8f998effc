package main

import (
	"context"
	_ "embed" // the hooks below
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "madoguchi/infra/local/load" // what the sample content consists of
	"madoguchi/infra/local/sample"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// apiExamples bounds the calls to one operation beside those that its limits suggest; apiSeed makes two runs alike.
const (
	apiExamples = 15
	apiSeed     = 1
)

// apiChecks are what an answer is held to: no 500, no status, media type or shape that /openapi.json does not describe.
const apiChecks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

//go:embed api_hooks.py
var apiHooks []byte

// publicAPI starts the local stack and lets schemathesis call everything that /openapi.json describes.
func publicAPI(ctx context.Context, w *world) result {
	program, err := tools.Schemathesis(ctx, stepWriter{step: "api", out: w.out})
	if err != nil {
		return missingOr(err)
	}
	work, err := os.MkdirTemp("", "madoguchi-api-")
	if err != nil {
		return fail(err.Error(), "")
	}
	defer func() { _ = os.RemoveAll(work) }() // the system's temporary folder is cleared anyway
	hooks := filepath.Join(work, "hooks.py")
	if err := os.WriteFile(hooks, apiHooks, 0o600); err != nil {
		return fail(err.Error(), "")
	}
	s, err := stack.Start(ctx, stack.Options{Root: w.root, DataDir: filepath.Join(work, "data"), SkipChecks: true, Progress: stepWriter{step: "api", out: w.out},
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}})
	var missing *tools.Missing
	if errors.As(err, &missing) {
		return skipStep(err.Error())
	}
	if err != nil {
		return fail(err.Error(), "")
	}
	defer s.Close()
	content, err := sample.Content(time.Now())
	if err != nil {
		return fail(err.Error(), "")
	}
	for _, part := range content {
		if _, err := s.Load(ctx, part); err != nil {
			return fail(fmt.Sprintf("load the sample content: %v", err), "")
		}
	}
	cmd := exec.CommandContext(ctx, program, "run", s.URL()+"/openapi.json", "--checks", apiChecks, "--phases", "coverage,fuzzing",
		"--max-examples", strconv.Itoa(apiExamples), "--seed", strconv.Itoa(apiSeed), "--request-timeout", "30", "--warnings", "off", "--no-color")
	cmd.Dir = work // it writes what it has learned beside itself
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+hooks, "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fail(fmt.Sprintf("schemathesis: %v", err), string(out))
	}
	return pass(summaryOf(string(out)))
}

// summaryOf returns schemathesis' count of calls: "1169 generated, 1169 passed".
func summaryOf(output string) string {
	_, after, found := strings.Cut(output, "Test cases:\n")
	if !found {
		return ""
	}
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}
