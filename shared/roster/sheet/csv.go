package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
)

// openCSV reads a text of rows. Cells stand between commas, or between tabs where the first line has tabs and no comma.
func openCSV(open func() (io.Reader, error)) (*Sheet, error) {
	sjis, err := encodingOf(open)
	if err != nil {
		return nil, err
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	if sjis {
		r = transform.NewReader(r, japanese.ShiftJIS.NewDecoder())
	}
	lines := bufio.NewReaderSize(&lineEnds{r: bufio.NewReader(r)}, 64<<10)
	if mark, err := lines.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = lines.Discard(3) // it was peeked: it is there
	}
	first, err := lines.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	first, _, _ = bytes.Cut(first, []byte("\n"))
	rows := csv.NewReader(lines)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	if bytes.ContainsRune(first, '\t') && !bytes.ContainsRune(first, ',') {
		rows.Comma = '\t'
	}
	return &Sheet{Format: "csv", next: csvRows(rows)}, nil
}

func csvRows(rows *csv.Reader) func() (Row, error) {
	folded := 0 // line ends inside cells: Excel does not count them
	return func() (Row, error) {
		cells, err := rows.Read()
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			if bad.Line != bad.StartLine {
				return Row{}, &Refused{Quotes} // nobody knows where the row ends
			}
			return Row{Number: bad.StartLine - folded, Problem: rowQuotes}, nil
		case err != nil:
			return Row{}, err
		}
		line, _ := rows.FieldPos(0)
		row := Row{Number: line - folded, Cells: slices.Clone(cells)}
		for _, cell := range cells {
			folded += strings.Count(cell, "\n")
		}
		return row, nil
	}
}

// lineEnds makes every line end a newline - files that have been through several machines mix them - and refuses a line that
// does not end within reason.
type lineEnds struct {
	r     *bufio.Reader
	line  int
	after bool // the byte before was a carriage return
}

func (l *lineEnds) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if n > 0 && l.r.Buffered() == 0 {
			break
		}
		b, err := l.r.ReadByte()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				break
			}
			return n, err
		}
		after := l.after
		l.after = b == '\r'
		switch {
		case b == '\n' && after:
			continue // it stands already
		case b == '\r', b == '\n':
			b, l.line = '\n', 0
		default:
			if l.line++; l.line > maxLine {
				return n, &Refused{TooWide}
			}
		}
		p[n] = b
		n++
	}
	return n, nil
}
