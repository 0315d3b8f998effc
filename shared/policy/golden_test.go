package policy

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the data inventory and the archive of new form versions")

const inventoryFile = "../../docs/data-inventory.md"

// The page of the docs is what the declarations say.
func TestInventory(t *testing.T) {
	want := Inventory()
	if *update {
		if err := os.MkdirAll(filepath.Dir(inventoryFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inventoryFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(inventoryFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/data-inventory.md is stale: run `go generate ./shared/policy`\n%s", diff)
	}
	for _, s := range Services() {
		for _, f := range append(s.Fields, s.Recorded...) {
			if !strings.Contains(want, "| `"+f.Name+"` | "+f.Label.JA+" / "+f.Label.EN+" |") {
				t.Errorf("%s: the inventory misses the item %s", s.Code, f.Name)
			}
		}
	}
}

// R1: what a person saw can be shown years later. A stored version is never overwritten.
func TestShownArchiveIsPresent(t *testing.T) {
	for _, s := range Services() {
		for _, l := range s.Languages {
			t.Run(shownName(s.Code, s.FormVersion, l), func(t *testing.T) {
				file, want := filepath.Join("shown", shownName(s.Code, s.FormVersion, l)), s.shows(l)
				got, err := os.ReadFile(file)
				if *update && errors.Is(err, fs.ErrNotExist) {
					if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
						t.Fatal(err)
					}
					return // it is embedded by the next build
				}
				if err != nil {
					t.Fatalf("run `go test ./shared/policy -update`: %v", err)
				}
				if !bytes.Equal(got, []byte(want)) {
					t.Errorf("the form or its notice changed: raise FormVersion of %s and run `go test ./shared/policy -update` "+
						"(before anybody has seen this version: delete %s instead)\n%s", s.Code, file, cmp.Diff(string(got), want))
				}
				if shown, ok := Shown(s.Code, s.FormVersion, l); !ok || shown != string(got) {
					t.Errorf("Shown(%s, %d, %s) = %v, not the stored file", s.Code, s.FormVersion, l, ok)
				}
			})
		}
	}
}

// R1: every file of the archive belongs to a form, and none is newer than its declaration.
func TestShownArchiveHoldsNothingElse(t *testing.T) {
	files, err := archive.ReadDir("shown")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("the archive is empty")
	}
	known := map[string]bool{}
	for _, s := range Services() {
		for _, l := range s.Languages {
			for v := 1; v <= s.FormVersion; v++ {
				known[shownName(s.Code, v, l)] = true
			}
		}
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("shown/%s belongs to no form version", f.Name())
		}
		delete(known, f.Name())
	}
	for name := range known {
		t.Errorf("shown/%s is missing: an old version must stay viewable", name)
	}
	for _, c := range []struct {
		service Code
		version int
		l       Language
	}{{Newsletter, 0, Japanese}, {Newsletter, 99, Japanese}, {Newsletter, 1, English}, {"../policy", 1, Japanese}} {
		if text, ok := Shown(c.service, c.version, c.l); ok {
			t.Errorf("Shown(%q, %d, %q) = %q, want nothing", c.service, c.version, c.l, text)
		}
	}
}
