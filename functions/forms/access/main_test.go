package main

import (
	"log/slog"
	"os"
	"testing"
)

// The tests make some hundred requests; their log lines would hide a failure.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
