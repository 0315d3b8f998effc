package tools

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// standInPython puts a python3 first on PATH that makes "environments": their python runs the script instead of pip.
// It returns the top of the module that the test now stands in.
func standInPython(t *testing.T, pip string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Python is a shell script")
	}
	top, bin := t.TempDir(), t.TempDir()
	script := `#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p "$3/bin" && cp "$(dirname "$0")/pip" "$3/bin/python"
`
	for path, content := range map[string]string{
		filepath.Join(top, "go.mod"):  "module x\n",
		filepath.Join(bin, "python3"): script,
		filepath.Join(bin, "pip"):     "#!/bin/sh\n" + pip,
	} {
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return top
}

// pipInstalls is a pip that installs the program "prog", which holds pip's arguments.
const pipInstalls = `echo "$@" > bin/prog`

func TestPythonInstall(t *testing.T) {
	tests := []struct {
		name, pip   string
		wantErr     string
		wantMissing bool
	}{
		{name: "the pinned version", pip: pipInstalls},
		{name: "PyPI has no such version", pip: "echo 'ERROR: No matching distribution' >&2; exit 1", wantErr: "No matching distribution", wantMissing: true},
		{name: "the package holds no such program", pip: "exit 0", wantErr: "holds no program prog"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := standInPython(t, tt.pip)
			pkg := pythonPackage{tool: "Prog", name: "prog-cli", version: "1.0.0", program: "prog", constraints: "a==1\n"}
			path, err := pkg.install(t.Context(), nil)
			if tt.wantErr == "" {
				if err != nil {
					t.Fatal(err)
				}
				arguments, err := os.ReadFile(path)
				if err != nil || !strings.Contains(string(arguments), "--constraint") || !strings.HasSuffix(string(arguments), " prog-cli==1.0.0\n") {
					t.Errorf("pip was asked %q (error %v), want the constraints and the exact version", arguments, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Fatalf("error %v, want one with %q", err, tt.wantErr)
			}
			var missing *Missing
			if got := errors.As(err, &missing); got != tt.wantMissing {
				t.Errorf("the error is a *Missing: %v, want %v", got, tt.wantMissing)
			}
			if tt.wantMissing && !strings.Contains(err.Error(), "pip install prog-cli==1.0.0") {
				t.Errorf("error %q does not name the command", err)
			}
			left, err := filepath.Glob(filepath.Join(top, ".cache", "tools", "*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left over: %v (error %v), want nothing", left, err)
			}
		})
	}
}

// Several test binaries of one "go test ./..." ask at once on a new machine; one environment stays.
func TestPythonInstallAtOnce(t *testing.T) {
	top := standInPython(t, pipInstalls)
	pkg := pythonPackage{tool: "Prog", name: "prog", version: "1.0.0", program: "prog"}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := pkg.install(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	found, err := filepath.Glob(filepath.Join(top, ".cache", "tools", "prog-environment-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("environments %v (error %v), want one", found, err)
	}
	// In a tree that was moved, or after a clean-up, the link leads nowhere: the environment is made anew.
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := pkg.install(t.Context(), nil); err != nil {
		t.Errorf("with a link that leads nowhere: %v", err)
	}
	// The cache answers from now on: Python is not asked again.
	t.Setenv("PATH", t.TempDir())
	if _, err := pkg.install(t.Context(), nil); err != nil {
		t.Errorf("from the cache: %v", err)
	}
}

// Without Python the error names the command that installs it.
func TestPythonIsMissing(t *testing.T) {
	standInPython(t, pipInstalls)
	t.Setenv("PATH", t.TempDir())
	_, err := SAM(t.Context(), nil)
	var missing *Missing
	if !errors.As(err, &missing) || missing.Tool != PythonName || missing.Command == "" {
		t.Errorf("error %v, want a *Missing for %s with its command", err, PythonName)
	}
}
