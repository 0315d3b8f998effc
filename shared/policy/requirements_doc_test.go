package policy

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of duties is complete and in order, and names no test and no path that does not exist.
func TestRequirementsTable(t *testing.T) {
	b, err := os.ReadFile("../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows, want []string
	for _, m := range regexp.MustCompile(`(?m)^\| (R\d+) \| \S.* \| \S.* \|$`).FindAllStringSubmatch(string(b), -1) {
		rows = append(rows, m[1])
	}
	for n := 1; n <= 106; n++ {
		want = append(want, fmt.Sprintf("R%d", n))
	}
	same(t, want, rows)

	var tests strings.Builder
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		tests.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`([^` ]+)`").FindAllStringSubmatch(string(b), -1) {
		name := m[1]
		test, sub, hasSub := strings.Cut(name, "/")
		switch {
		case strings.HasPrefix(name, "Test") && sub != "…":
			if !strings.Contains(tests.String(), "func "+test+"(") || hasSub && !strings.Contains(tests.String(), `"`+sub+`"`) {
				t.Errorf("no test %s", name)
			}
		case regexp.MustCompile(`^(shared|functions|infra|docs|events)/|^template\.yaml$`).MatchString(name):
			if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
				t.Errorf("no path %s: %v", name, err)
			}
		}
	}
}
