// Package postal finds the places of a Japanese postal code in Japan Post's table, as a help with filling in a form. It says nothing
// about whether a code is right: new ones appear every month, and the table here is that of one month (Source).
//
// The table lies in the program compressed (1 MB), in a hundred pieces. Nothing is read before the first question, and a question
// decompresses one piece.
package postal

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"

	"madoguchi/shared/japan"
)

//go:generate go run ../../infra/postal

//go:embed codes.zip
var archive []byte

// open reads the archive's table of contents, at the first question.
var open = sync.OnceValues(func() (*zip.Reader, error) { return zip.NewReader(bytes.NewReader(archive), int64(len(archive))) })

// Place is where a postal code leads. Town is empty where the code stands for the rest of a city.
type Place struct {
	Prefecture string // JIS X 0401
	City       string // 港区
	Town       string // 新橋
}

// Address is what follows the prefecture: 港区新橋.
func (p Place) Address() string { return p.City + p.Town }

// String is the whole: 東京都港区新橋.
func (p Place) String() string {
	prefecture, _ := japan.Prefecture(p.Prefecture)
	return prefecture.JA + p.Address()
}

// Find returns the places of a code as japan.PostalCode writes it ("105-0004"), none for a code that is not in the table. One code
// may stand for several towns, several cities and, three times, for two prefectures. An error is a defect of the program.
func Find(code string) ([]Place, error) {
	digits := strings.ReplaceAll(code, "-", "")
	if len(digits) != 7 {
		return nil, nil
	}
	piece, err := read(digits[:2])
	if err != nil || piece == "" {
		return nil, err
	}
	var found []Place
	var rest, city string
	for line := range strings.Lines(piece) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(columns) != 3 {
			return nil, fmt.Errorf("postal: a line of %d columns", len(columns))
		}
		if columns[0] != "" {
			rest = columns[0]
		}
		if columns[1] != "" {
			city = columns[1]
		}
		if rest > digits[2:] {
			break
		}
		if rest == digits[2:] {
			found = append(found, Place{Prefecture: city[:2], City: city[2:], Town: columns[2]})
		}
	}
	return found, nil
}

// Source says where the table comes from and of which month it is.
func Source() (string, error) { return read("source") }

// read returns a member of the archive, empty where there is none.
func read(name string) (string, error) {
	z, err := open()
	if err != nil {
		return "", fmt.Errorf("postal: %w", err)
	}
	for _, member := range z.File {
		if member.Name != name {
			continue
		}
		in, err := member.Open()
		if err != nil {
			return "", fmt.Errorf("postal: %w", err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return "", fmt.Errorf("postal: %w", err)
		}
		return string(content), in.Close()
	}
	return "", nil
}
