package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name    string
		folders []string
		want    [][]string
	}{
		{"none", nil, nil},
		{"all different", []string{"forms/a", "forms/b"}, [][]string{{"forms/a", "forms/b"}}},
		{"same last element", []string{"forms/photos", "staff/photos", "forms/a", "x/photos"}, [][]string{{"forms/photos", "forms/a"}, {"staff/photos"}, {"x/photos"}}},
		{"one folder, two functions", []string{"forms/a", "forms/a"}, [][]string{{"forms/a"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, batches(c.folders)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// module makes a module with the given files and returns its folder.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, text := range files {
		write(t, filepath.Join(root, name), text)
	}
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const program = "package main\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n)\n\n//go:embed text\nvar text string\n\nfunc main() { fmt.Print(text) }\n"

func TestFunctions(t *testing.T) {
	root := module(t, map[string]string{
		"forms/same/main.go": program, "forms/same/text": "forms", "staff/same/main.go": program, "staff/same/text": "staff",
	})
	out := filepath.Join(t.TempDir(), "out")
	folders := []string{"forms/same", "staff/same"}
	run := func() (said map[string]string, files map[string]os.FileInfo) {
		t.Helper()
		binaries, err := Functions(t.Context(), root, out, folders)
		if err != nil {
			t.Fatal(err)
		}
		said, files = map[string]string{}, map[string]os.FileInfo{}
		for folder, binary := range binaries {
			text, err := exec.Command(binary).Output()
			if err != nil {
				t.Fatal(err)
			}
			said[folder] = string(text)
			if files[folder], err = os.Stat(binary); err != nil {
				t.Fatal(err)
			}
		}
		return said, files
	}
	said, first := run()
	if diff := cmp.Diff(map[string]string{"forms/same": "forms", "staff/same": "staff"}, said); diff != "" {
		t.Error(diff)
	}
	if _, again := run(); !os.SameFile(again["forms/same"], first["forms/same"]) {
		t.Error("nothing changed, and a binary was built again")
	}
	write(t, filepath.Join(root, "staff/same/text"), "changed")
	said, _ = run()
	if diff := cmp.Diff(map[string]string{"forms/same": "forms", "staff/same": "changed"}, said); diff != "" {
		t.Errorf("an embedded file changed: %s", diff)
	}
}

func TestWhatCannotBeBuilt(t *testing.T) {
	root := module(t, map[string]string{
		"broken/main.go": "package main\n\nfunc main() { undefinedName() }\n", "library/lib.go": "package library\n",
	})
	for _, c := range []struct{ folder, want string }{
		{"broken", "undefinedName"},
		{"library", "no main packages"},
		{"nowhere", "no such folder"},
	} {
		t.Run(c.folder, func(t *testing.T) {
			_, err := Functions(t.Context(), root, t.TempDir(), []string{c.folder})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
