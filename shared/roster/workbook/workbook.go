// Package workbook reads lists that offices keep in XLSX, for shared/roster/sheet. It is apart because the library that it stands on
// takes a third of a function's start: only who reads files links it.
package workbook

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"madoguchi/shared/roster/sheet"
)

// Limits of a workbook, beside those of package sheet.
const (
	xmlInPlace = 1 << 20   // bytes of a part that excelize keeps in memory; above, it works from a temporary file
	maxShared  = 64 << 20  // bytes of the shared texts, of which the reader keeps an index
	maxTexts   = 1_000_000 // shared texts: 40 bytes of the index each
	maxCopied  = 512 << 20 // bytes of shared texts that cells refer to, each as often as it is referred to
	maxParsed  = 4 << 20   // bytes of a part that excelize makes a tree of: the book, its styles
	lastColumn = 1 << 14   // that a spreadsheet can have
)

// Open reads the first sheet of a workbook that people see. The error is a *sheet.Refused.
func Open(content []byte, archive *zip.Reader) (_ *sheet.Sheet, err error) {
	defer unless(&err)
	if err := measure(archive); err != nil {
		return nil, err
	}
	texts, err := textsOf(archive)
	if err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: sheet.MaxUnzip, UnzipXMLSizeLimit: xmlInPlace,
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd", CultureInfo: excelize.CultureNameJaJP})
	if err != nil {
		return nil, &sheet.Refused{Code: sheet.Broken}
	}
	chosen, others := choose(archive)
	if chosen.Name == "" {
		return nil, errors.Join(&sheet.Refused{Code: sheet.Empty}, book.Close())
	}
	formulas, err := formulasOf(archive, chosen.part, texts)
	if err != nil {
		return nil, errors.Join(err, book.Close())
	}
	rows, err := book.Rows(chosen.Name)
	if err != nil {
		return nil, errors.Join(&sheet.Refused{Code: sheet.Broken}, book.Close())
	}
	number := 0
	next := func() (_ sheet.Row, err error) {
		defer unless(&err)
		if !rows.Next() {
			if rows.Error() != nil {
				return sheet.Row{}, &sheet.Refused{Code: sheet.Broken}
			}
			return sheet.Row{}, io.EOF
		}
		number++
		cells, err := rows.Columns()
		if err != nil {
			return sheet.Row{}, &sheet.Refused{Code: sheet.Broken}
		}
		row := sheet.Row{Number: number, Cells: cells}
		if formulas[number] {
			row.Problem = sheet.Formula
		}
		return row, nil
	}
	var notes []string
	if others {
		notes = append(notes, sheet.OtherSheets)
	}
	return sheet.New("xlsx", next, func() error { return errors.Join(rows.Close(), book.Close()) }, notes...), nil
}

// measure unpacks every part once, into nothing: a bomb is known by what comes out of it, not by what its directory says.
func measure(archive *zip.Reader) error {
	left := int64(sheet.MaxUnzip)
	for _, f := range archive.File {
		limit := left
		switch name := strings.ToLower(f.Name); {
		case strings.HasSuffix(name, "sharedstrings.xml"):
			limit = min(left, maxShared)
		case strings.HasSuffix(name, "xl/workbook.xml"), strings.HasSuffix(name, "xl/styles.xml"), strings.HasSuffix(name, "xl/calcchain.xml"),
			strings.HasSuffix(name, "[content_types].xml"), strings.HasSuffix(name, ".rels"), strings.HasPrefix(name, "xl/theme/"):
			limit = min(left, maxParsed)
		}
		r, err := f.Open()
		if err != nil {
			return &sheet.Refused{Code: sheet.Broken}
		}
		n, err := io.Copy(io.Discard, sheet.Bounded(r, limit))
		_ = r.Close()
		var refused *sheet.Refused
		if errors.As(err, &refused) {
			return refused
		}
		left -= n
	}
	return nil
}

// tab is one sheet of a workbook.
type tab struct {
	Name  string `xml:"name,attr"`
	State string `xml:"state,attr"`
	ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`

	part string // of the archive
}

// choose finds the sheet that is read, the first that is not hidden, and whether people see others beside it.
func choose(archive *zip.Reader) (chosen tab, others bool) {
	var book struct {
		Sheets []tab `xml:"sheets>sheet"`
	}
	var relations struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	decode := func(name string, into any) {
		if r, err := archive.Open(name); err == nil {
			_ = xml.NewDecoder(r).Decode(into) // where it fails there is no such part, and excelize refuses the file
			_ = r.Close()
		}
	}
	decode("xl/workbook.xml", &book)
	decode("xl/_rels/workbook.xml.rels", &relations)
	for _, sheet := range book.Sheets {
		switch {
		case sheet.State == "hidden", sheet.State == "veryHidden":
		case chosen.Name == "":
			chosen = sheet
		default:
			others = true
		}
	}
	if chosen.Name == "" && len(book.Sheets) > 0 {
		chosen = book.Sheets[0]
	}
	chosen.part = "xl/worksheets/sheet1.xml"
	for _, relation := range relations.All {
		if relation.ID == chosen.ID {
			chosen.part = path.Join("xl", relation.Target)
			if strings.HasPrefix(relation.Target, "/") {
				chosen.part = strings.TrimPrefix(relation.Target, "/")
			}
		}
	}
	return chosen, others
}

// textsOf are the lengths of the shared texts, as they stand in the file. A text is copied for each cell that refers to it: a long one
// that many cells share is a bomb that no part of the archive shows.
func textsOf(archive *zip.Reader) ([]uint32, error) {
	var all []uint32
	begins := int64(0)
	err := scan(archive, "xl/sharedStrings.xml", func(token xml.Token, at int64) error {
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "si" {
				if begins = at; len(all) == maxTexts {
					return &sheet.Refused{Code: sheet.TooLarge}
				}
			}
		case xml.EndElement:
			if t.Name.Local == "si" {
				all = append(all, uint32(at-begins)) //nolint:gosec // a part has 64 MB at most
			}
		}
		return nil
	})
	return all, err
}

// formulasOf finds the rows that hold a formula: the reader of rows shows what a formula gave when the file was saved, and not that
// it is one. It counts on the way what reading would cost, and that nothing is broken: the reader ends where it understands no more,
// and says nothing.
func formulasOf(archive *zip.Reader, part string, texts []uint32) (map[int]bool, error) {
	found, row, cells, copied := map[int]bool{}, 0, 0, uint64(0)
	shared, value := false, false // the cell refers to a text; its number follows
	err := scan(archive, part, func(token xml.Token, _ int64) error {
		switch t := token.(type) {
		case xml.CharData:
			if !shared || !value {
				break
			}
			n, err := strconv.Atoi(strings.TrimSpace(string(t)))
			if err != nil || n < 0 {
				return &sheet.Refused{Code: sheet.Broken} // excelize would end with a panic
			}
			if n < len(texts) {
				if copied += uint64(texts[n]); copied > maxCopied {
					return &sheet.Refused{Code: sheet.TooLarge}
				}
			}
		case xml.EndElement:
			value = false
		case xml.StartElement:
			value = t.Name.Local == "v"
			switch t.Name.Local {
			case "row":
				row++
				cells = 0
				if n, err := strconv.Atoi(attribute(t, "r")); err == nil {
					row = n
				}
			case "c":
				shared = attribute(t, "t") == "s"
				if cells++; cells > lastColumn {
					return &sheet.Refused{Code: sheet.TooWide}
				}
			case "f":
				if found[row] = true; len(found) > sheet.MaxRows {
					return &sheet.Refused{Code: sheet.TooLong}
				}
			}
		}
		return nil
	})
	return found, err
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// mostDeep is how deep tags stand in tags at most; a sheet has six.
const mostDeep = 64

// scan hands over the tags and texts of a part with the places where they end, and refuses one that is not whole. One that is not there
// has none: excelize says what is wrong with such a file.
func scan(archive *zip.Reader, part string, take func(xml.Token, int64) error) error {
	file, err := archive.Open(part)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	decoder := xml.NewDecoder(bufio.NewReaderSize(file, 64<<10))
	for depth := 0; ; {
		token, err := decoder.RawToken()
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case err != nil:
			return &sheet.Refused{Code: sheet.Broken}
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth < 0 || depth > mostDeep {
			return &sheet.Refused{Code: sheet.Broken}
		}
		if err := take(token, decoder.InputOffset()); err != nil {
			return err
		}
	}
}

// unless makes a refusal of a panic: a library that meets a file which nobody has foreseen must not end the function, which would meet
// it again every minute.
func unless(err *error) {
	if recover() != nil {
		*err = &sheet.Refused{Code: sheet.Broken}
	}
}
