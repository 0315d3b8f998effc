package main

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"madoguchi/shared/config"
)

// logged collects what all tests of the package log.
var logged syncBuffer

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestMain looks through the log of all tests at the end: no address, no name and nothing that was written may be in it (R45, hard case
// 33).
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	log := logged.String()
	if code == 0 && log == "" && flag.Lookup("test.run").Value.String() == "" {
		fmt.Println("nothing was logged: the check of the log checks nothing")
		code = 1
	}
	for line := range strings.Lines(log) {
		for _, word := range []string{"example.jp", "office.example", "hanako", "@", "髙﨑", "十一月号", "?t=", "担当", "差し戻し"} {
			if strings.Contains(line, word) {
				fmt.Printf("a log line holds %q: %s", word, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// A function that lacks settings says all of them at once.
func TestSettings(t *testing.T) {
	_, err := run(t.Context(), config.Map(nil))
	if err == nil {
		t.Fatal("it starts without settings")
	}
	for name := range complete() {
		switch name {
		case "TEST_RECIPIENTS":
		default:
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s is not named: %v", name, err)
			}
		}
	}
}
