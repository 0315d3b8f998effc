package main

import (
	"errors"
	"runtime/debug"
	"strings"
	"testing"
)

// A database that does not answer is a skip with its argued reason, never a pass; a finding fails.
func TestJudgeVulnerabilities(t *testing.T) {
	exit := errors.New("exit status")
	tests := []struct {
		name, out string
		err       error
		want      outcome
	}{
		{"nothing found", "No vulnerabilities found.\n", nil, passed},
		{"a finding", "Vulnerability #1: GO-2026-0001\n", exit, failed},
		{"no database", "govulncheck: fetching vulnerabilities: Get \"https://db.example\": no such host\n", exit, skipped},
		{"code that does not compile", "govulncheck: loading packages: x.go:1:1\n", exit, failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judgeVulnerabilities(tt.out, tt.err)
			if got.outcome != tt.want {
				t.Fatalf("%s (%s), want %s", got.outcome, got.reason, tt.want)
			}
			if judged := judgeSkips([]result{got})[0]; judged.outcome != tt.want {
				t.Errorf("with CI=true: %s, want %s as well", judged.outcome, tt.want)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	const bill = `{"components":[{"name":"a.example/x","version":"v1.0.0"},{"name":"a.example/y","version":"v2.0.0"}]}`
	module := func(path, version string) *debug.Module { return &debug.Module{Path: path, Version: version} }
	replaced := module("a.example/z", "v9.0.0")
	replaced.Replace = module("a.example/y", "v2.0.0")
	tests := []struct {
		name, bill string
		modules    []*debug.Module
		wantErr    string
	}{
		{"complete", bill, []*debug.Module{module("a.example/x", "v1.0.0"), replaced}, ""},
		{"a module is missing", bill, []*debug.Module{module("a.example/q", "v1.0.0")}, "does not name a.example/q@v1.0.0"},
		{"another version", bill, []*debug.Module{module("a.example/x", "v1.0.1")}, "does not name a.example/x@v1.0.1"},
		{"not JSON", "<bom/>", nil, "read the bill"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := complete([]byte(tt.bill), tt.modules)
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
		})
	}
}
