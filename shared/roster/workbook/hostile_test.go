package workbook

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/japanese"

	"madoguchi/shared/roster/sheet"
)

// sheetOf is a workbook whose sheet and shared texts are written by hand.
func sheetOf(t testing.TB, data, texts string) []byte {
	t.Helper()
	content := book(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "A1", "x") })
	return edited(t, content, func(name, text string) string {
		switch name {
		case "xl/worksheets/sheet1.xml":
			return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + data + `</sheetData></worksheet>`
		case "xl/sharedStrings.xml":
			return `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + texts + `</sst>`
		}
		return text
	})
}

// Files made to fill the memory or the time of a function: what they cost is bounded, whatever they unpack to (hard case 5).
func TestHostileFilesAreBounded(t *testing.T) {
	const most = 300 << 20 // bytes that live at once; the function has 512 MB
	shares := `<row r="%d"><c r="A%[1]d" t="s"><v>0</v></c></row>`
	var many strings.Builder
	for n := range 100_000 {
		fmt.Fprintf(&many, shares, n+1)
	}
	styles := edited(t, book(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "A1", "x") }), func(name, text string) string {
		if name == "xl/styles.xml" {
			return strings.Replace(text, "<cellXfs", strings.Repeat("<xf/>", 2_000_000)+"<cellXfs", 1)
		}
		return text
	})
	deep := strings.Repeat("<a>", 1_000_000)
	for name, c := range map[string]struct {
		content []byte
		code    string // "": it is read to the end
	}{
		"a long text that all rows share":   {sheetOf(t, many.String(), "<si><t>"+strings.Repeat("あ", 10<<20)+"</t></si>"), sheet.TooLarge},
		"a short part, a long row of cells": {sheetOf(t, `<row r="1">`+strings.Repeat("<c><v>1</v></c>", 1_000_000)+"</row>", ""), sheet.TooWide},
		"millions of shared texts":          {sheetOf(t, `<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, strings.Repeat("<si/>", 3_000_000)), sheet.TooLarge},
		"millions of styles":                {styles, sheet.TooLarge},
		"tags in tags":                      {sheetOf(t, `<row r="1">`+deep+"</row>", ""), sheet.Broken},
		"tags in a cell":                    {sheetOf(t, `<row r="1"><c r="A1">`+deep+"</c></row>", ""), sheet.Broken},
		"a text that grows by entities":     {sheetOf(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>&lol9;</t></is></c></row>`, ""), sheet.Broken},
		"a million empty rows":              {sheetOf(t, strings.Repeat("<row/>", 1_000_000), ""), ""},
		"two million empty rows":            {sheetOf(t, strings.Repeat("<row/>", 2_000_000), ""), sheet.Broken},
		"the last row alone":                {sheetOf(t, `<row r="1048576"><c r="A1048576"><v>1</v></c></row>`, ""), sheet.TooLong},
		"NUL in a cell":                     {sheetOf(t, "<row r=\"1\"><c r=\"A1\"><v>a\x00</v></c></row>", ""), sheet.Broken},
		"a text that is not there":          {sheetOf(t, `<row r="1"><c r="A1" t="s"><v>99</v></c></row>`, "<si><t>x</t></si>"), ""},
		"a text before the first":           {sheetOf(t, `<row r="1"><c r="A1" t="s"><v>-1</v></c></row>`, "<si><t>x</t></si>"), sheet.Broken},
		"a sheet that ends in its middle":   {sheetOf(t, `<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c`, ""), sheet.Broken},
		"a sheet broken in its middle":      {sheetOf(t, `<row r="1"><c r="A1"><v>1</v></c></row></x></y><row r="2"></row>`, ""), sheet.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sheet.Open(c.content, Open)
			rows := 0
			var memory runtime.MemStats
			for ; err == nil; rows++ {
				if _, err = s.Next(); rows%10_000 == 0 {
					runtime.ReadMemStats(&memory)
					if memory.HeapAlloc > most {
						t.Fatalf("%d MB after %d rows", memory.HeapAlloc>>20, rows)
					}
				}
			}
			if s != nil {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			var refused *sheet.Refused
			switch {
			case c.code == "" && !errors.Is(err, io.EOF):
				t.Errorf("%v", err)
			case c.code != "" && (!errors.As(err, &refused) || refused.Code != c.code):
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
}

// Sheets that people have hidden are not read; where they see several, the first is, and they are told.
func TestWhichSheet(t *testing.T) {
	cell := func(f *excelize.File, sheet, value string) error {
		if sheet != "Sheet1" {
			if _, err := f.NewSheet(sheet); err != nil {
				return err
			}
		}
		return f.SetCellValue(sheet, "A1", value)
	}
	hide := func(f *excelize.File, sheet string, deep bool) error { return f.SetSheetVisible(sheet, false, deep) }
	for name, c := range map[string]struct {
		steps func(*excelize.File) error
		want  string
		notes []string
	}{
		"one": {func(f *excelize.File) error { return cell(f, "Sheet1", "1") }, "1", nil},
		"the first is hidden": {func(f *excelize.File) error {
			err := errors.Join(cell(f, "Sheet1", "1"), cell(f, "名簿", "2"))
			f.SetActiveSheet(1)
			return errors.Join(err, hide(f, "Sheet1", false))
		}, "2", nil},
		"the first is hidden deeply": {func(f *excelize.File) error {
			err := errors.Join(cell(f, "Sheet1", "1"), cell(f, "名簿", "2"))
			f.SetActiveSheet(1)
			return errors.Join(err, hide(f, "Sheet1", true))
		}, "2", nil},
		"two to be seen": {func(f *excelize.File) error { return errors.Join(cell(f, "Sheet1", "1"), cell(f, "2019年", "2")) }, "1", []string{sheet.OtherSheets}},
	} {
		s, err := sheet.Open(book(t, c.steps), Open)
		if err != nil {
			t.Fatal(name, err)
		}
		row, err := s.Next()
		if err != nil || len(row.Cells) == 0 || row.Cells[0] != c.want {
			t.Errorf("%s: %v %v", name, row, err)
		}
		if diff := cmp.Diff(c.notes, s.Notes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A formula in a sheet that is not the first of the archive is found all the same.
func TestFormulaOfTheSheetThatIsRead(t *testing.T) {
	content := book(t, func(f *excelize.File) error {
		_, err := f.NewSheet("名簿")
		f.SetActiveSheet(1)
		return errors.Join(err, f.SetCellFormula("名簿", "A1", "1+1"), f.SetCellValue("名簿", "B1", "x"), f.SetSheetVisible("Sheet1", false))
	})
	if _, rows, err := all(content); err != nil || len(rows) != 1 || rows[0].Problem != sheet.Formula {
		t.Errorf("%v %v", rows, err)
	}
}

// Cells as Excel in Japan writes them (hard cases 1 and 3): the characters of the makers, half-width kana, quotation marks within
// quotation marks, line ends of all sorts. What Shift_JIS cannot say at all is no file of ours.
func TestBytesOfExcelInJapan(t *testing.T) {
	text := "氏名,所属\r\n髙﨑 德子,㈱例示\r\nﾔﾏﾀﾞ ﾊﾅｺ,①番館\r\n\"林 \"\"リン\"\" 花子\",\"営業,\n第一\"\r\n纊 褜,≒∑\r"
	sjis, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"氏名", "所属"}, {"髙﨑 德子", "㈱例示"}, {"ﾔﾏﾀﾞ ﾊﾅｺ", "①番館"}, {`林 "リン" 花子`, "営業,\n第一"}, {"纊 褜", "≒∑"}}
	for name, content := range map[string]string{"Shift_JIS": sjis, "UTF-8": text, "UTF-8 with a mark": "\ufeff" + text, "line ends of Unix": strings.ReplaceAll(text, "\r\n", "\n")} {
		_, rows, err := all([]byte(content))
		var got [][]string
		for _, row := range rows {
			got = append(got, row.Cells)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	// The same character in IBM's and in NEC's place of CP932.
	for name, bytes := range map[string]string{"IBM": "\xfb\xfc", "NEC's copy of IBM": "\xee\xe0"} {
		_, rows, err := all([]byte("a\r\n" + bytes + "\r\n"))
		if err != nil || len(rows) != 2 || rows[1].Cells[0] != "髙" {
			t.Errorf("%s: %v %v", name, rows, err)
		}
	}
	for name, content := range map[string]string{"half a character": "氏名\r\n" + sjis[:7] + "\x8e", "both encodings": text + sjis} {
		var refused *sheet.Refused
		if _, _, err := all([]byte(content)); !errors.As(err, &refused) || refused.Code != sheet.Encoding {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A cell that spans several columns is its first; a title over the headings is a row like others.
func TestMergedCells(t *testing.T) {
	content := book(t, func(f *excelize.File) error {
		return errors.Join(f.SetCellValue("Sheet1", "A1", "読者一覧"), f.MergeCell("Sheet1", "A1", "C1"),
			f.SetSheetRow("Sheet1", "A2", &[]any{"氏名", "", "メール"}), f.MergeCell("Sheet1", "A2", "B2"))
	})
	_, rows, err := all(content)
	if diff := cmp.Diff([]sheet.Row{{Number: 1, Cells: []string{"読者一覧"}}, {Number: 2, Cells: []string{"氏名", "", "メール"}}}, rows); diff != "" || err != nil {
		t.Error(err, diff)
	}
}
