package ses

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// spool keeps accepted calls, not mails: a bulk call is written once with its template and its 50 sets of data, and a mail is put
// together when somebody reads it. So 100,000 mails cost a few megabytes of memory, and accepting one costs no rendering of MIME.
//
// A segment is an append-only file of records: one line of JSON (callMeta), then the body of the request, then a line end.
// Ten segments hold Keep mails; whole segments are dropped, so at least Keep stay.
type spool struct {
	dir        string
	keep       int
	perSegment int

	mu       sync.RWMutex
	segments []*segment
	mails    []*mailRef // oldest first
	byID     map[string]*mailRef
	version  int // grows with every change, from a number of its own so that a page outlives a restart
}

type segment struct {
	file   *os.File
	number int
	size   int64
	mails  int
}

// callMeta is what the request's body does not say.
type callMeta struct {
	Operation string           `json:"op"` // "email", "bulk"
	At        time.Time        `json:"at"`
	Region    string           `json:"region"`
	Template  *templateContent `json:"template,omitempty"` // a stored template, as it was
	Mails     []mailMeta       `json:"mails"`
	Size      int              `json:"size"` // bytes of the body
}

// mailMeta is one delivered mail of a call.
type mailMeta struct {
	ID    string   `json:"id"`
	Entry int      `json:"entry"` // of a bulk call
	To    []string `json:"to"`    // bare addresses that it was delivered to
}

// mailRef finds a mail.
type mailRef struct {
	mailMeta
	call *callRef
}

type callRef struct {
	segment *segment
	offset  int64
	length  int // bytes of the line and the body
}

const segmentPattern = "mails-*.log"

func openSpool(dir string, keep int) (*spool, error) {
	sp := &spool{dir: dir, keep: keep, perSegment: max(1, keep/10), byID: map[string]*mailRef{}, version: rand.IntN(1 << 30)} //nolint:gosec // a number that differs between starts, no secret
	names, err := filepath.Glob(filepath.Join(dir, segmentPattern))
	if err != nil {
		return nil, fmt.Errorf("list mail files: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := sp.replay(name); err != nil {
			return nil, err
		}
	}
	if len(sp.segments) == 0 {
		return sp, sp.addSegment()
	}
	return sp, nil
}

// replay reads a segment's records; a last one that was cut short by a crash is cut off.
func (sp *spool) replay(name string) error {
	g := &segment{}
	if _, err := fmt.Sscanf(filepath.Base(name), "mails-%d.log", &g.number); err != nil {
		return fmt.Errorf("mail file %s: %w", name, err)
	}
	var err error
	if g.file, err = os.OpenFile(name, os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("open mail file: %w", err)
	}
	sp.segments = append(sp.segments, g)
	for in := bufio.NewReader(g.file); ; {
		line, err := in.ReadBytes('\n')
		var meta callMeta
		if err != nil || json.Unmarshal(line, &meta) != nil {
			break
		}
		if n, err := in.Discard(meta.Size + 1); err != nil || n < meta.Size+1 {
			break
		}
		sp.index(g, meta, len(line)+meta.Size)
	}
	if err := g.file.Truncate(g.size); err != nil {
		return fmt.Errorf("mend mail file: %w", err)
	}
	return nil
}

// index adds the mails of a record that stands at the segment's end. length excludes the closing line end.
func (sp *spool) index(g *segment, meta callMeta, length int) {
	call := &callRef{segment: g, offset: g.size, length: length}
	g.size += int64(length) + 1
	g.mails += len(meta.Mails)
	for _, m := range meta.Mails {
		ref := &mailRef{mailMeta: m, call: call}
		sp.mails = append(sp.mails, ref)
		sp.byID[m.ID] = ref
	}
	sp.version++
}

func (sp *spool) addSegment() error {
	number := 1
	if n := len(sp.segments); n > 0 {
		number = sp.segments[n-1].number + 1
	}
	f, err := os.OpenFile(filepath.Join(sp.dir, fmt.Sprintf("mails-%08d.log", number)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create mail file: %w", err)
	}
	sp.segments = append(sp.segments, &segment{file: f, number: number})
	return nil
}

// append stores a call of which at least one mail was delivered.
func (sp *spool) append(meta callMeta, body []byte) error {
	meta.Size = len(body)
	record, err := json.Marshal(meta)
	if err != nil {
		return fmt.Errorf("encode call: %w", err)
	}
	record = append(append(append(record, '\n'), body...), '\n')
	sp.mu.Lock()
	defer sp.mu.Unlock()
	g := sp.segments[len(sp.segments)-1]
	if _, err := g.file.WriteAt(record, g.size); err != nil {
		return fmt.Errorf("store call: %w", err)
	}
	sp.index(g, meta, len(record)-1)
	if g.mails < sp.perSegment {
		return nil
	}
	for len(sp.segments) > 1 && len(sp.mails)-sp.segments[0].mails >= sp.keep {
		if err := sp.dropOldest(); err != nil {
			return err
		}
	}
	return sp.addSegment()
}

func (sp *spool) dropOldest() error {
	g := sp.segments[0]
	for _, m := range sp.mails[:g.mails] {
		delete(sp.byID, m.ID)
	}
	sp.mails = slices.Clone(sp.mails[g.mails:]) // a clone, so that the dropped ones are freed
	sp.segments = sp.segments[1:]
	sp.version++
	err := errors.Join(g.file.Close(), os.Remove(g.file.Name()))
	if err != nil {
		return fmt.Errorf("drop mail file: %w", err)
	}
	return nil
}

func (sp *spool) clear() error {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if err := sp.addSegment(); err != nil {
		return err
	}
	for len(sp.segments) > 1 {
		if err := sp.dropOldest(); err != nil {
			return err
		}
	}
	return nil
}

// snapshot returns the mails of the moment, oldest first, and the version of the list.
func (sp *spool) snapshot() ([]*mailRef, int) {
	sp.mu.RLock()
	defer sp.mu.RUnlock()
	return sp.mails[:len(sp.mails):len(sp.mails)], sp.version
}

func (sp *spool) find(id string) (*mailRef, bool) {
	sp.mu.RLock()
	defer sp.mu.RUnlock()
	ref, ok := sp.byID[id]
	return ref, ok
}

// read returns a stored call. It fails with os.ErrClosed if its mails were dropped meanwhile.
func (sp *spool) read(c *callRef) (meta callMeta, body []byte, err error) {
	record := make([]byte, c.length)
	if _, err := c.segment.file.ReadAt(record, c.offset); err != nil && err != io.EOF {
		return meta, nil, fmt.Errorf("read call: %w", err)
	}
	if err := json.Unmarshal(record[:len(record)-sizeOfBody(record)], &meta); err != nil {
		return meta, nil, fmt.Errorf("read call: %w", err)
	}
	return meta, record[len(record)-meta.Size:], nil
}

// sizeOfBody is what follows the first line of a record.
func sizeOfBody(record []byte) int {
	return len(record) - slices.Index(record, '\n') - 1
}

func (sp *spool) close() error {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	var errs []error
	for _, g := range sp.segments {
		errs = append(errs, g.file.Close())
	}
	return errors.Join(errs...)
}
