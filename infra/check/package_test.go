package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/infra/local/build"
)

// buildInto makes a small program the way the given flags and environment say, and returns its path.
func buildInto(t *testing.T, folder string, env, flags []string) string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "functions", "forms", "x")
	if err := os.MkdirAll(source, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{
		filepath.Join(source, "..", "..", "..", "go.mod"): "module madoguchi\n\ngo 1.26\n",
		filepath.Join(source, "main.go"):                  "package main\n\nfunc main() { println(\"x\") }\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(folder, "XFunction", "bootstrap")
	cmd := exec.CommandContext(context.Background(), "go", append(append([]string{"build", "-o", program}, flags...), ".")...)
	cmd.Dir = source
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// A package built as the design says passes; each departure from it is named.
func TestJudgePackages(t *testing.T) {
	tests := []struct {
		name       string
		env, flags []string
		want       []string // empty: no fault
	}{
		{name: "as designed", flags: build.Flags},
		{name: "no flags", want: []string{"-trimpath=true", "-tags=lambda.norpc", "symbol table", "differ"}},
		{name: "for a PC", env: []string{"GOARCH=amd64"}, flags: build.Flags, want: []string{"GOARCH=arm64"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, second := t.TempDir(), t.TempDir()
			buildInto(t, first, tt.env, tt.flags)
			buildInto(t, second, tt.env, tt.flags) // other sources' folder: the paths differ
			got := judgePackages(first, second)
			if wantFailed := min(len(tt.want), 1); got.failed != wantFailed || got.passed != 1-wantFailed {
				t.Errorf("%d passed, %d failed; want %d failed:\n%s", got.passed, got.failed, wantFailed, got.output)
			}
			for _, want := range tt.want {
				if !strings.Contains(got.output, want) {
					t.Errorf("output lacks %q:\n%s", want, got.output)
				}
			}
		})
	}
}

// A form function above its budget, a program without build information and an empty build are failures.
func TestPackageFaults(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	if got := judgePackages(first, second); got.outcome != failed {
		t.Errorf("no programs: %s, want failed", got.outcome)
	}
	program := buildInto(t, first, nil, build.Flags)
	buildInto(t, second, nil, build.Flags)
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	// Bytes that no compressor makes smaller, behind the program: a xorshift sequence.
	ballast, state := make([]byte, formPackageBudget), uint32(1)
	for i := range ballast {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		ballast[i] = byte(state)
	}
	if err := os.WriteFile(program, append(content, ballast...), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := judgePackages(first, second); !strings.Contains(got.output, "more than the 6000000 of a form function") {
		t.Errorf("a large package: output %q", got.output)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := judgePackages(first, second); !strings.Contains(got.output, "no build information") {
		t.Errorf("a script: output %q", got.output)
	}
}
