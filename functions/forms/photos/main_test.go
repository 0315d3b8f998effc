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

// TestMain looks through the log of all tests at the end: no address, no name and no link may be in it (R45, hard case 33). The tests use
// no other addresses and names than such as these words find.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	log := logged.String()
	if code == 0 && log == "" && flag.Lookup("test.run").Value.String() == "" {
		fmt.Println("nothing was logged: the check of the log checks nothing")
		code = 1
	}
	for line := range strings.Lines(log) {
		if code == 1 && strings.Contains(line, `"level":"ERROR"`) {
			fmt.Print(line)
		}
		for _, word := range []string{"example.jp", "hanako", "somsak", "@", "髙﨑", "別の人", "メコン", "?t=", "x-amz-signature"} {
			if strings.Contains(strings.ToLower(line), word) {
				fmt.Printf("a log line holds %q: %s", word, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}
