package sheet

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
)

// openXLSX reads the first sheet of a workbook.
func openXLSX(content []byte, archive *zip.Reader) (*Sheet, error) {
	if err := measure(archive); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnzip, UnzipXMLSizeLimit: xmlInPlace,
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd", CultureInfo: excelize.CultureNameJaJP})
	if err != nil {
		return nil, &Refused{Broken}
	}
	names := book.GetSheetList()
	if len(names) == 0 {
		return nil, errors.Join(&Refused{Empty}, book.Close())
	}
	formulas, err := formulasOf(archive, partOf(archive))
	if err != nil {
		return nil, errors.Join(err, book.Close())
	}
	rows, err := book.Rows(names[0])
	if err != nil {
		return nil, errors.Join(&Refused{Broken}, book.Close())
	}
	number := 0
	next := func() (Row, error) {
		if !rows.Next() {
			if rows.Error() != nil {
				return Row{}, &Refused{Broken}
			}
			return Row{}, io.EOF
		}
		number++
		cells, err := rows.Columns()
		if err != nil {
			return Row{}, &Refused{Broken}
		}
		row := Row{Number: number, Cells: cells}
		if formulas[number] {
			row.Problem = rowFormula
		}
		return row, nil
	}
	return &Sheet{Format: "xlsx", next: next, close: func() error { return errors.Join(rows.Close(), book.Close()) }}, nil
}

// measure unpacks every part once, into nothing: a bomb is known by what comes out of it, not by what its directory says.
func measure(archive *zip.Reader) error {
	left := int64(maxUnzip)
	for _, f := range archive.File {
		limit := left
		if strings.HasSuffix(f.Name, "sharedStrings.xml") {
			limit = min(left, maxShared)
		}
		r, err := f.Open()
		if err != nil {
			return &Refused{Broken}
		}
		n, err := io.Copy(io.Discard, &bounded{r: r, left: limit})
		_ = r.Close()
		var refused *Refused
		if errors.As(err, &refused) {
			return refused
		}
		left -= n
	}
	return nil
}

// partOf finds the part of the first sheet, as the workbook names it.
func partOf(archive *zip.Reader) string {
	var book struct {
		Sheets []struct {
			ID string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
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
	for _, relation := range relations.All {
		if len(book.Sheets) > 0 && relation.ID == book.Sheets[0].ID {
			if strings.HasPrefix(relation.Target, "/") {
				return strings.TrimPrefix(relation.Target, "/")
			}
			return path.Join("xl", relation.Target)
		}
	}
	return "xl/worksheets/sheet1.xml"
}

// formulasOf finds the rows that hold a formula: the reader of rows shows what a formula gave when the file was saved, and not that
// it is one. It looks at the tags alone, which costs a tenth of parsing the part.
func formulasOf(archive *zip.Reader, part string) (map[int]bool, error) {
	file, err := archive.Open(part)
	if err != nil {
		return nil, nil // excelize says what is wrong with such a file
	}
	defer func() { _ = file.Close() }()
	found, row := map[int]bool{}, 0
	r := bufio.NewReaderSize(file, 64<<10)
	for {
		if _, err := skipTo(r, '<'); err != nil {
			return found, ignoreEnd(err)
		}
		tag, err := skipTo(r, '>')
		if err != nil {
			return found, ignoreEnd(err)
		}
		name, attributes, _ := strings.Cut(strings.TrimSuffix(tag, "/"), " ")
		if _, local, prefixed := strings.Cut(name, ":"); prefixed {
			name = local
		}
		switch name {
		case "row":
			row++
			if _, after, ok := strings.Cut(" "+attributes, ` r="`); ok {
				text, _, _ := strings.Cut(after, `"`)
				if n, err := strconv.Atoi(text); err == nil {
					row = n
				}
			}
		case "f":
			if found[row] = true; len(found) > MaxRows {
				return nil, &Refused{TooLong}
			}
		}
	}
}

// skipTo reads up to a byte, and returns the beginning of what stood before it.
func skipTo(r *bufio.Reader, end byte) (string, error) {
	const most = 1024
	var kept []byte
	for {
		piece, err := r.ReadSlice(end)
		if room := most - len(kept); room > 0 {
			kept = append(kept, piece[:min(room, len(piece))]...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return strings.TrimSuffix(string(kept), string(end)), err
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return &Refused{Broken}
}
