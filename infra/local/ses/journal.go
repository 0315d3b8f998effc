package ses

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// journal is an append-only file of JSON lines; the last line about a key counts.
type journal struct{ file *os.File }

// openJournal replays the file, line by line, and opens it for appending. A last line that was cut short is ignored.
func openJournal(path string, replay func(line []byte) error) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) {
			continue
		}
		if err := replay(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("replay %s: %w", path, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &journal{f}, nil
}

func (j *journal) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode journal line: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }
