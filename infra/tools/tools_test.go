package tools

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFits(t *testing.T) {
	tests := []struct {
		version string
		want    bool
	}{
		{"1.2.1", true}, {"1.2.2", true}, {"1.3.0", true}, {"1.10.0", true},
		{"1.2.0", false}, {"1.1.9", false}, {"0.9.9", false}, {"2.0.0", false},
		{"", false}, {"1.2", false}, {"1.2.1-beta", false}, {"v1.2.1", false}, {"1.-2.1", false},
	}
	for _, tt := range tests {
		if got := fits(tt.version, "1.2.1"); got != tt.want {
			t.Errorf("fits(%q, 1.2.1) = %v, want %v", tt.version, got, tt.want)
		}
	}
}

func TestRootAbove(t *testing.T) {
	top := t.TempDir()
	deep := filepath.Join(top, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := rootAbove(deep); err == nil || !strings.Contains(err.Error(), "no go.mod") {
		t.Errorf("outside of a module: error %v, want one that names go.mod", err)
	}
	if err := os.WriteFile(filepath.Join(top, "go.mod"), []byte("module x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := rootAbove(deep)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(top, got); diff != "" {
		t.Errorf("root (-want +got):\n%s", diff)
	}
}

func TestDebianRelease(t *testing.T) {
	tests := []struct {
		name, release string
		want          bool
	}{
		{"Debian", "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", true},
		{"quoted", "ID=\"debian\"\n", true},
		{"Ubuntu is only like Debian", "ID=ubuntu\nID_LIKE=debian\n", false},
		{"VERSION_ID is not ID", "VERSION_ID=debian\n", false},
		{"empty", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := debianRelease(tt.release); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// tarball returns an npm tarball with one file and its integrity.
func tarball(t *testing.T, name, content string) ([]byte, string) {
	t.Helper()
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	w := tar.NewWriter(zipped)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(buf.Bytes())
	return buf.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// standIn puts a program named npm first on PATH that "packs" the given tarball, and moves the test into a module of its own.
// It returns the top of the module.
func standIn(t *testing.T, script string, tgz []byte) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for npm is a shell script")
	}
	top, bin := t.TempDir(), t.TempDir()
	for path, content := range map[string]string{
		filepath.Join(top, "go.mod"):  "module x\n",
		filepath.Join(bin, "npm"):     "#!/bin/sh\n" + script,
		filepath.Join(bin, "the.tgz"): string(tgz),
	} {
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return top
}

const packs = `cp "$(dirname "$0")/the.tgz" ./x-1.0.0.tgz`

func TestInstall(t *testing.T) {
	good, integrity := tarball(t, "package/bin/prog", "the program")
	other, _ := tarball(t, "package/bin/prog", "another program")
	empty, emptyIntegrity := tarball(t, "package/readme", "no program")
	tests := []struct {
		name, script, integrity string
		tgz                     []byte
		wantErr                 string
		wantMissing             bool
	}{
		{name: "the pinned tarball", script: packs, tgz: good, integrity: integrity},
		{name: "another tarball is refused", script: packs, tgz: other, integrity: integrity, wantErr: "not the pinned one"},
		{name: "the tarball lacks the file", script: packs, tgz: empty, integrity: emptyIntegrity, wantErr: "holds no bin/prog"},
		{name: "not a tarball at all", script: "echo hello >x.tgz", integrity: integrity, wantErr: "not the pinned one"},
		{
			name: "npm has no such package", script: "echo 'npm error code E404' >&2; echo 'npm error 404 Not Found' >&2; exit 1",
			wantErr: "404 Not Found", wantMissing: true,
		},
		{name: "npm writes nothing", script: "exit 0", wantErr: "0 tarballs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := standIn(t, tt.script, tt.tgz)
			pkg := npmPackage{tool: "Prog", name: "@a/prog", version: "1.0.0", integrity: tt.integrity, file: "bin/prog", mode: 0o755}
			path, err := pkg.install(t.Context(), nil)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tt.wantErr)
				}
				var missing *Missing
				if got := errors.As(err, &missing); got != tt.wantMissing {
					t.Errorf("the error is a *Missing: %v, want %v", got, tt.wantMissing)
				}
				if tt.wantMissing && !strings.Contains(err.Error(), "npm pack @a/prog@1.0.0") {
					t.Errorf("error %q does not name the command", err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff("the program", string(content)); diff != "" {
					t.Errorf("content (-want +got):\n%s", diff)
				}
			}
			left, err := filepath.Glob(filepath.Join(top, ".cache", "tools", "installing-*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left over: %v (error %v), want nothing", left, err)
			}
		})
	}
}

// Several test binaries of one "go test ./..." ask at once on a new machine.
func TestInstallAtOnce(t *testing.T) {
	good, integrity := tarball(t, "package/prog", "the program")
	standIn(t, packs, good)
	pkg := npmPackage{tool: "Prog", name: "prog", version: "1.0.0", integrity: integrity, file: "prog", mode: 0o755}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			path, err := pkg.install(context.Background(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if content, err := os.ReadFile(path); err != nil || string(content) != "the program" {
				t.Errorf("content %q, error %v", content, err)
			}
		})
	}
	group.Wait()
	// The cache answers from now on: npm is not asked again.
	t.Setenv("PATH", t.TempDir())
	if _, err := pkg.install(t.Context(), nil); err != nil {
		t.Errorf("from the cache: %v", err)
	}
}

func TestEnvironmentVariableWins(t *testing.T) {
	program := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DYNOXIDE", program)
	got, err := Dynoxide(t.Context(), nil)
	if err != nil || got != program {
		t.Errorf("Dynoxide = %q, %v; want %q", got, err, program)
	}
	t.Setenv("DYNOXIDE", program+"-absent")
	if _, err := Dynoxide(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "DYNOXIDE") {
		t.Errorf("an absent program: error %v, want one that names the variable", err)
	}
	t.Setenv("CHROMIUM", program+"-absent")
	if _, err := Chromium(t.Context(), nil, false); err == nil || !strings.Contains(err.Error(), "CHROMIUM") {
		t.Errorf("an absent browser: error %v, want one that names the variable", err)
	}
}
