// Package sheet reads the lists that offices bring: CSV in UTF-8 or Shift_JIS, with whatever line ends, alone or compressed, and
// XLSX by shared/roster/workbook, which only the function links that reads files. It hands over row by row and never holds more than
// the file as it came. What a file unpacks to is bounded (hard case 5).
package sheet

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
)

// Limits of a file. They are far above any list of an office, and far below what would fill a function's memory or time.
const (
	MaxRows    = 200_000
	MaxColumns = 200
	lastRow    = 1 << 20   // that a spreadsheet can have, blank ones among them
	maxCell    = 10_000    // bytes
	maxLine    = 256 << 10 // bytes of a row as it stands in the file
	MaxUnzip   = 128 << 20 // bytes of all parts of a compressed file
	maxParts   = 1_000     // parts of an XLSX
)

// Refused says why a whole file is not read. Codes are those of roster's problems.
type Refused struct{ Code string }

func (r *Refused) Error() string { return "file refused: " + r.Code }

// The codes.
const (
	Encoding  = "encoding" // neither UTF-8 nor Shift_JIS
	UTF16     = "utf16"    // Excel's "Unicode text"
	Binary    = "binary"   // not a text
	Empty     = "empty"    // no row
	TooWide   = "too_wide" // too many columns, or a row without end
	TooLong   = "too_many_rows"
	TooLarge  = "unzips"     // unpacks to too much
	Broken    = "broken"     // an XLSX or archive that cannot be read
	Quotes    = "quotes"     // a quotation mark that is never closed
	OldExcel  = "old_excel"  // .xls
	Encrypted = "encrypted"  // with a password
	NoCSV     = "no_csv"     // an archive of something else
	rowQuotes = "row_quotes" // of one row
	Formula   = "formula"    // likewise
	rowError  = "cell_error"
	rowCell   = "cell_too_long"

	// OtherSheets is a note and no refusal: people see more sheets than the one that is read.
	OtherSheets = "other_sheets"
)

// Row is one row of a file that is not blank.
type Row struct {
	Number  int      // as Excel counts, from 1
	Cells   []string // trimmed of nothing
	Problem string   // code of what is wrong with the row by itself, "" for nothing
}

// Sheet is a file that is being read.
type Sheet struct {
	Format string   // "csv" or "xlsx"
	Notes  []string // codes of what staff should know of the file
	next   func() (Row, error)
	close  func() error
}

// Books reads XLSX: shared/roster/workbook's Open.
type Books func(content []byte, archive *zip.Reader) (*Sheet, error)

// New is a sheet whose rows next reads, io.EOF after the last; close gives back what it holds.
func New(format string, next func() (Row, error), closes func() error, notes ...string) *Sheet {
	return &Sheet{Format: format, Notes: notes, next: next, close: closes}
}

// Open looks at a file. The error is a *Refused. The content is not changed, and must not be while the sheet is read.
func Open(content []byte, books Books) (*Sheet, error) {
	switch {
	case len(content) == 0:
		return nil, &Refused{Empty}
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return openZip(content, books)
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		return openCSV(func() (io.Reader, error) {
			z, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				return nil, &Refused{Broken}
			}
			return Bounded(z, MaxUnzip), nil
		})
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		// The container of .xls, and of an XLSX with a password.
		if bytes.Contains(content, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t")) {
			return nil, &Refused{Encrypted}
		}
		return nil, &Refused{OldExcel}
	}
	return openCSV(func() (io.Reader, error) { return bytes.NewReader(content), nil })
}

// openZip tells an XLSX from a CSV in an archive.
func openZip(content []byte, books Books) (*Sheet, error) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(archive.File) > maxParts {
		return nil, &Refused{Broken}
	}
	var text *zip.File
	for _, f := range archive.File {
		name := strings.ToLower(path.Base(f.Name))
		switch {
		case f.Name == "[Content_Types].xml":
			return books(content, archive)
		case f.Flags&1 != 0:
			return nil, &Refused{Encrypted}
		case strings.HasSuffix(name, ".csv") && !strings.HasPrefix(name, "."):
			if text != nil {
				return nil, &Refused{NoCSV} // which of them?
			}
			text = f
		}
	}
	if text == nil {
		return nil, &Refused{NoCSV}
	}
	return openCSV(func() (io.Reader, error) {
		r, err := text.Open()
		if err != nil {
			return nil, &Refused{Broken}
		}
		return Bounded(r, MaxUnzip), nil
	})
}

// Bounded reads at most left bytes and refuses more.
func Bounded(r io.Reader, left int64) io.Reader { return &bounded{r: r, left: left} }

// bounded reads at most left bytes: what a directory says of a part's size is not believed.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &Refused{TooLarge}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &Refused{Broken}
	}
	return n, err
}

// encodingOf reads a text once to the end: what cannot be decoded is refused before a row of it is believed.
func encodingOf(open func() (io.Reader, error)) (sjis bool, err error) {
	for _, sjis := range []bool{false, true} {
		r, err := open()
		if err != nil {
			return false, err
		}
		good, err := decodes(r, sjis)
		if err != nil || good {
			return sjis, err
		}
	}
	return false, &Refused{Encoding}
}

// decodes reports whether a text is wholly in an encoding. Excel in Japan writes Windows-31J (CP932), which is Shift_JIS with the
// extensions that WHATWG's Shift_JIS has as well.
func decodes(r io.Reader, sjis bool) (bool, error) {
	if sjis {
		r = transform.NewReader(r, japanese.ShiftJIS.NewDecoder())
	}
	buffer, kept := make([]byte, 64<<10), 0
	for first := true; ; first = false {
		n, err := r.Read(buffer[kept:])
		text := buffer[:kept+n]
		if first && (bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))) {
			return false, &Refused{UTF16}
		}
		over := errors.Is(err, io.EOF)
		if err != nil && !over {
			return false, err
		}
		for len(text) > 0 {
			c, size := utf8.DecodeRune(text)
			if c == utf8.RuneError {
				if size == 1 && !utf8.FullRune(text) && !over {
					break // the rest comes with the next piece
				}
				if size <= 1 || sjis {
					return false, nil
				}
			}
			switch c {
			case 0:
				return false, &Refused{Binary}
			case 0x1b: // ISO-2022-JP, which is ASCII to whoever does not look
				return false, &Refused{Encoding}
			}
			text = text[size:]
		}
		if over {
			return true, nil
		}
		kept = copy(buffer, text)
	}
}

// Next returns the next row that is not blank, io.EOF after the last. Other errors are *Refused.
func (s *Sheet) Next() (Row, error) {
	for {
		row, err := s.next()
		if err != nil {
			return Row{}, err
		}
		if row.Number > lastRow {
			return Row{}, &Refused{Broken}
		}
		for len(row.Cells) > 0 && strings.TrimSpace(row.Cells[len(row.Cells)-1]) == "" {
			row.Cells = row.Cells[:len(row.Cells)-1]
		}
		if len(row.Cells) > MaxColumns {
			return Row{}, &Refused{TooWide}
		}
		if len(row.Cells) == 0 && row.Problem == "" {
			continue
		}
		if row.Number > MaxRows+1 { // and the headings
			return Row{}, &Refused{TooLong}
		}
		if row.Problem == "" {
			row.Problem = wrong(row.Cells)
		}
		return row, nil
	}
}

// wrong finds what no cell may hold: a formula (which is never worked out, and would be a trap in the next export), and what Excel
// shows for one that failed.
func wrong(cells []string) string {
	for _, cell := range cells {
		text := strings.TrimSpace(cell)
		switch {
		case len(cell) > maxCell:
			return rowCell
		case strings.HasPrefix(text, "="):
			return Formula
		case text == "#N/A", text == "#REF!", text == "#NAME?", text == "#VALUE!", text == "#DIV/0!", text == "#NULL!", text == "#NUM!":
			return rowError
		}
	}
	return ""
}

// Close gives back what the sheet holds.
func (s *Sheet) Close() error {
	if s.close == nil {
		return nil
	}
	if err := s.close(); err != nil {
		return fmt.Errorf("close sheet: %w", err)
	}
	return nil
}
