package workbook

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"madoguchi/shared/roster/sheet"
)

// all reads a file to its end, as package sheet does with this one: the tests of both stand here.
func all(content []byte) (format string, rows []sheet.Row, err error) {
	s, err := sheet.Open(content, Open)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for {
		row, err := s.Next()
		if errors.Is(err, io.EOF) {
			return s.Format, rows, nil
		}
		if err != nil {
			return s.Format, rows, err
		}
		rows = append(rows, row)
	}
}

// book is an XLSX made by the steps.
func book(t testing.TB, steps func(*excelize.File) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := steps(f); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func archive(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestXLSX(t *testing.T) {
	content := book(t, func(f *excelize.File) error {
		return errors.Join(
			f.SetSheetRow("Sheet1", "A1", &[]any{"メール", "氏名", "停止日", "都道府県"}),
			f.SetSheetRow("Sheet1", "A3", &[]any{"a@example.jp", "髙﨑 𠮷野", nil, 1}), // row 2 is blank
			f.SetCellFormula("Sheet1", "B4", `A1&"x"`), f.SetCellValue("Sheet1", "A4", "b@example.jp"),
			f.SetCellValue("Sheet1", "A5", "c@example.jp"), f.SetCellRichText("Sheet1", "B5", []excelize.RichTextRun{{Text: "山"}, {Text: "田", Font: &excelize.Font{Bold: true}}}),
			f.SetCellValue("Sheet1", "A6", " \t"),
		)
	})
	format, rows, err := all(content)
	want := []sheet.Row{{Number: 1, Cells: []string{"メール", "氏名", "停止日", "都道府県"}}, {Number: 3, Cells: []string{"a@example.jp", "髙﨑 𠮷野", "", "1"}},
		{Number: 4, Cells: []string{"b@example.jp"}, Problem: "formula"}, {Number: 5, Cells: []string{"c@example.jp", "山田"}}}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil || format != "xlsx" {
		t.Error(format, err, diff)
	}
}

// Days that a spreadsheet keeps as numbers are read as days, whatever form it shows them in.
func TestDaysInXLSX(t *testing.T) {
	at := time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC)
	custom := "yyyy/m/d"
	for _, style := range []excelize.Style{{NumFmt: 14}, {NumFmt: 22}, {NumFmt: 31}, {CustomNumFmt: &custom}} {
		content := book(t, func(f *excelize.File) error {
			id, err := f.NewStyle(&style)
			return errors.Join(err, f.SetCellValue("Sheet1", "A1", at), f.SetCellStyle("Sheet1", "A1", "A1", id))
		})
		_, rows, err := all(content)
		if err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0].Cells[0], "2019") {
			t.Errorf("form %d: %v %v", style.NumFmt, rows, err)
		}
	}
}

func TestCSV(t *testing.T) {
	rows := []sheet.Row{{Number: 1, Cells: []string{"a", "b"}}, {Number: 2, Cells: []string{"1", "x\ny"}}, {Number: 4, Cells: []string{"2", "z"}}}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	text := "a,b\r\n1,\"x\r\ny\"\r\n\r\n2,z\r"
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"plain": []byte(text), "gzip": zipped.Bytes(), "zip": archive(t, map[string]string{"名簿/読者.CSV": text, "名簿/.DS_Store": "x"}),
		"a mark": []byte("\ufeff" + text), "tabs": []byte(strings.ReplaceAll(text, ",", "\t")),
	} {
		format, got, err := all(content)
		if diff := cmp.Diff(rows, got); diff != "" || err != nil || format != "csv" {
			t.Error(name, format, err, diff)
		}
	}
}

// What would fill a function's memory is refused before it does (hard case 5).
func TestBombsAreRefused(t *testing.T) {
	zeros := strings.Repeat("0", 1<<20)
	pumped := func(name string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for n, part := range []string{"[Content_Types].xml", name} {
			w, err := z.Create(part)
			if err != nil {
				t.Fatal(err)
			}
			for range 1 + n*(sheet.MaxUnzip>>20) {
				if _, err := io.WriteString(w, zeros); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bomb := pumped("xl/worksheets/sheet1.xml")
	if len(bomb) > 1<<20 {
		t.Fatalf("no bomb: %d bytes", len(bomb))
	}
	for name, c := range map[string]struct {
		content []byte
		code    string
	}{
		"XLSX that unpacks to too much": {bomb, sheet.TooLarge},
		"shared texts without end":      {pumped("xl/sharedStrings.xml"), sheet.TooLarge},
		"XLSX without a sheet":          {archive(t, map[string]string{"[Content_Types].xml": "<x/>"}), sheet.Broken},
		"a row that no sheet has":       {rowAt(t, 2_000_000_000), sheet.Broken},
		"half an archive":               {bomb[:1000], sheet.Broken},
		"a cell in column 16384":        {book(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "XFD1", "x") }), sheet.TooWide},
		"a million columns":             {[]byte(strings.Repeat("a,", 1_000_000)), sheet.TooWide},
		"300 columns":                   {[]byte(strings.Repeat("a,", 300) + "a\n"), sheet.TooWide},
		"too many rows":                 {[]byte(strings.Repeat("a\n", sheet.MaxRows+2)), sheet.TooLong},
		"NUL":                           {[]byte("a,b\x00\n"), sheet.Binary},
		"two lists":                     {archive(t, map[string]string{"a.csv": "a\n", "b.csv": "b\n"}), sheet.NoCSV},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := all(c.content)
			var refused *sheet.Refused
			if !errors.As(err, &refused) || refused.Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

// rowAt is a workbook that says of its only row that it has a number.
func rowAt(t *testing.T, number int) []byte {
	t.Helper()
	content := book(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "A1", "x") })
	return edited(t, content, func(_, text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, `r="1"`, fmt.Sprintf(`r="%d"`, number)), `r="A1"`, "")
	})
}

// edited is an archive whose parts are changed.
func edited(t testing.TB, content []byte, change func(name, text string) string) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range old.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = change(f.Name, string(text))
	}
	return archive(t, parts)
}

// Bytes from outside: whatever they are, the reader ends, names rows in order and refuses with a code.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\r\n1,\"x\ry\"\n"))
	f.Add([]byte("\x83\x81\x81[\x83\x8b,\x8e\x81\x96\xbc\r\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Add([]byte("a\t\"b\n"))
	f.Add(archive(f, map[string]string{"a.csv": "a,b\n"}))
	f.Add(book(f, func(b *excelize.File) error { return b.SetCellFormula("Sheet1", "B2", "1+1") }))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, rows, err := all(content)
		var refused *sheet.Refused
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("an error without a code: %v", err)
		}
		last := 0
		for _, row := range rows {
			if row.Number <= last || row.Problem == "" && len(row.Cells) == 0 {
				t.Fatalf("row %d after %d: %q", row.Number, last, row.Problem)
			}
			last = row.Number
		}
	})
}
