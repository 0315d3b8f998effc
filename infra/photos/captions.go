package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/gallery"
	"madoguchi/shared/gallery/picture"
)

// photo is a photo that has been found right.
type photo struct {
	path  string
	entry gallery.Entry
}

var (
	needed = []string{"file", "album", "album_title", "caption", "credit"}
	wished = []string{"name", "terms"}
)

// read checks all captions and all photos of the folder. Every fault is told, with its line or its file.
func read(dir, captions string) ([]photo, error) {
	rows, err := table(captions)
	if err != nil {
		return nil, err
	}
	var ready []photo
	var wrong []error
	described, ids := map[string]bool{}, map[string]int{}
	for i, row := range rows {
		line := i + 2 // for people: the first line names the columns
		say := func(format string, args ...any) {
			wrong = append(wrong, fmt.Errorf("%s, row %d: %s", captions, line, fmt.Sprintf(format, args...)))
		}
		file := row["file"]
		described[file] = true
		e := gallery.Entry{Album: gallery.Album{ID: row["album"], Title: row["album_title"]}, Name: row["name"], Caption: row["caption"],
			Credit: row["credit"], Terms: row["terms"]}
		if e.Name == "" {
			e.Name = picture.Name(file)
		}
		e, err := e.Check()
		if err != nil {
			say("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		if before := ids[e.ID()]; before > 0 {
			say("is the same photo as row %d", before)
		}
		ids[e.ID()] = line
		p := photo{filepath.Join(dir, file), e}
		if file == "" || file != filepath.Base(file) {
			say("file must be the name of a file in the folder")
			continue
		}
		content, err := os.ReadFile(p.path)
		if err != nil {
			say("%v", err)
			continue
		}
		if _, err := picture.Make(content, e); err != nil {
			say("%s %v", file, err)
		}
		ready = append(ready, p)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	for _, f := range files {
		kind := strings.ToLower(filepath.Ext(f.Name()))
		if !f.IsDir() && slices.Contains([]string{".jpg", ".jpeg", ".png"}, kind) && !described[f.Name()] {
			wrong = append(wrong, fmt.Errorf("%s: no row of %s describes it", f.Name(), captions))
		}
	}
	return ready, errors.Join(wrong...)
}

// table reads the CSV: a row is its values by column.
func table(path string) ([]map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the captions: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !utf8.Valid(content) {
		return nil, fmt.Errorf("%s is not in UTF-8: save it as \"CSV UTF-8\" (in Shift_JIS, names would be lost)", path)
	}
	reader := csv.NewReader(bytes.NewReader(content))
	head, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, name := range head {
		head[i] = strings.ToLower(strings.TrimSpace(name))
	}
	for _, name := range needed {
		if !slices.Contains(head, name) {
			return nil, fmt.Errorf("%s has no column %q", path, name)
		}
	}
	for _, name := range head {
		if !slices.Contains(needed, name) && !slices.Contains(wished, name) {
			return nil, fmt.Errorf("%s: unknown column %q; known are %s", path, name, strings.Join(append(slices.Clone(needed), wished...), ", "))
		}
	}
	records, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s describes no photo", path)
	}
	rows := make([]map[string]string, len(records))
	for i, record := range records {
		rows[i] = map[string]string{}
		for k, value := range record {
			rows[i][head[k]] = strings.TrimSpace(value)
		}
	}
	return rows, nil
}
