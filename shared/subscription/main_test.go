package subscription

import (
	"bytes"
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

// TestMain looks through the log of all tests at the end: no address and no name may be in it (R45, hard case 33). The
// tests use no other addresses and names than such as these words find.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	log := logged.String()
	if code == 0 && log == "" {
		fmt.Println("nothing was logged: the check of the log checks nothing")
		code = 1
	}
	for line := range strings.Lines(log) {
		for _, word := range []string{"example.jp", "hanako", "@", "花子", "佐藤", "例示"} {
			if strings.Contains(strings.ToLower(line), word) {
				fmt.Printf("a log line holds %q: %s", word, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}
