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
)

// log collects what the function logs in all tests.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// TestMain looks through the log of all tests at the end: no address, no page and no browser of a visitor may be in it (R45,
// hard case 33). The tests use no others than such as these words find.
func TestMain(m *testing.M) {
	var logged log
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	lines := logged.b.String()
	if code == 0 && lines == "" && flag.Lookup("test.run").Value.String() == "" {
		fmt.Println("nothing was logged: the check of the log checks nothing")
		code = 1
	}
	for line := range strings.Lines(lines) {
		for _, word := range []string{"203.0.113", "198.51.100", "2001:db8", "example", "SECRET", "Mozilla", "/ja", "2026-10"} {
			if strings.Contains(line, word) {
				fmt.Printf("a log line holds %q: %s", word, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}
