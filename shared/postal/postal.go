// Package postal finds the places of a Japanese postal code in Japan Post's table, as a help with filling in a form. It says nothing
// about whether a code is right: new ones appear every month, and the table here is that of one month (Source).
//
// The table lies in the program compressed (0.6 MB), in a hundred pieces. Nothing is read before the first question, and a question
// decompresses one piece.
package postal

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	_ "embed" // the table
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"

	"madoguchi/shared/japan"
)

//go:generate go run ../../infra/postal

//go:embed codes.zip
var archive []byte

// methodBzip2 is bzip2's number in zip archives (APPNOTE 4.4.5).
const methodBzip2 = 12

// open reads the archive's table of contents, at the first question.
var open = sync.OnceValues(func() (*zip.Reader, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err == nil {
		z.RegisterDecompressor(methodBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	}
	return z, err
})

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
	wanted, err := strconv.Atoi(digits[2:])
	if err != nil {
		return nil, nil //nolint:nilerr // no digits: no code
	}
	var found []Place
	for number, place := range places(piece) {
		if number > wanted {
			break
		}
		if number == wanted {
			found = append(found, place)
		}
	}
	return found, nil
}

// places reads the lines of a piece as infra/postal/pack.py writes them: the last five digits of a code and a place of it.
func places(piece string) iter.Seq2[int, Place] {
	return func(yield func(int, Place) bool) {
		number, city := -1, ""
		var town []rune
		for line := range strings.Lines(piece) {
			step, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			where, tail, _ := strings.Cut(rest, "\t")
			switch step {
			case "*":
			case "":
				number++
			default:
				n, err := strconv.Atoi(step)
				if err != nil {
					return
				}
				number += n
			}
			if where != "" {
				city = where
			}
			shared := int(tail[0] - '0')
			town = append(town[:shared:shared], []rune(tail[1:])...)
			if !yield(number, Place{Prefecture: city[:2], City: city[2:], Town: string(town)}) {
				return
			}
		}
	}
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
