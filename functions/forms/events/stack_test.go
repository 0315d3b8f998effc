package main

import (
	"net/http"
	"testing"

	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// begin starts the product: the real binaries, tables, streams, mail.
func begin(t *testing.T, settings map[string]string) *stack.Stack {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}
	for name, value := range settings {
		env[name] = value
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true, Env: env})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

func tick(t *testing.T, s *stack.Stack) {
	t.Helper()
	answer, err := http.Post(s.URL()+"/_local/tick", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Fatalf("tick: %d", answer.StatusCode)
	}
}
