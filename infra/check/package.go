package main

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"madoguchi/infra/local/build"
	"madoguchi/infra/tools"
)

// region is where the forms are deployed.
const region = "ap-northeast-1"

// formPackageBudget is the largest deployment package of a form function, in bytes (design, "Budgets": 6 MB).
const formPackageBudget = 6e6

// sources is all that "sam build" may need. The build runs on a copy that holds nothing else.
var sources = []string{"go.mod", "go.sum", "template.yaml", "samconfig.toml", "functions", "shared"}

// templates are the stacks and the regions that each is made for; cfn-lint knows what each region offers.
var templates = [][2]string{{"template.yaml", region}, {"infra/edge.yaml", "us-east-1"}}

// validate runs SAM's own check of each template with cfn-lint's rules.
func validate(ctx context.Context, w *world) result {
	for _, t := range templates {
		if r := samResult(w.sam(ctx, "template", w.root, "validate", "--lint", "--template-file", filepath.FromSlash(t[0]), "--region", t[1])); r.outcome != passed {
			return r
		}
	}
	return result{outcome: passed, passed: len(templates)}
}

// samResult turns the outcome of one call of the SAM CLI into a result: a SAM CLI that cannot be had is a skip.
func samResult(out string, err error) result {
	var missing *tools.Missing
	switch {
	case errors.As(err, &missing):
		return skipStep(err.Error())
	case err != nil:
		return fail(err.Error(), out)
	}
	return pass("")
}

// sam runs the SAM CLI in a folder with the build flags of a deployment and returns what it printed.
func (w *world) sam(ctx context.Context, step, folder string, args ...string) (string, error) {
	path, err := tools.SAM(ctx, stepWriter{step: step, out: w.out})
	if err != nil {
		return "", err
	}
	cmd := w.command(ctx, path, args...)
	cmd.Dir = folder
	cmd.Env = append(tools.SAMEnvironment(), "CGO_ENABLED=0", "GOFLAGS="+strings.Join(build.Flags, " "))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("sam %s: %w", args[0], err)
	}
	return string(out), nil
}

// packages builds the functions as a deployment does, twice and in two places, and looks at what came out. Each function
// counts as one check.
func packages(ctx context.Context, w *world) result {
	work, err := os.MkdirTemp("", "madoguchi-build-")
	if err != nil {
		return fail(err.Error(), "")
	}
	defer func() { _ = os.RemoveAll(work) }() // the system's temporary folder is cleared anyway
	var built [2]string
	for i := range built {
		folder := filepath.Join(work, fmt.Sprintf("tree-%d", i+1))
		from := w.root
		if i > 0 {
			from = filepath.Join(work, "tree-1") // the same sources, also where somebody edits meanwhile
		}
		if err := copySources(from, folder); err != nil {
			return fail(err.Error(), "")
		}
		built[i] = filepath.Join(work, fmt.Sprintf("built-%d", i+1))
		out, err := w.sam(ctx, "build", folder, "build", "--build-dir", built[i], "--parameter-overrides", "Architecture=arm64")
		if err != nil {
			return samResult(out, err)
		}
	}
	return judgePackages(built[0], built[1]).judged()
}

func copySources(from, to string) error {
	for _, name := range sources {
		at := filepath.Join(from, name)
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
		if info.IsDir() {
			err = os.CopyFS(filepath.Join(to, name), os.DirFS(at))
		} else {
			err = copyFile(at, filepath.Join(to, name))
		}
		if err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644) //nolint:gosec // both paths come from the list above and a fresh temporary folder
}

// judgePackages looks at each function of the first build and compares it with the second.
func judgePackages(first, second string) result {
	programs, err := filepath.Glob(filepath.Join(first, "*", "bootstrap"))
	if err != nil || len(programs) == 0 {
		return fail(fmt.Sprintf("sam build left no programs (%v)", err), "")
	}
	var r result
	for _, program := range programs {
		function := filepath.Base(filepath.Dir(program))
		faults := programFaults(program, filepath.Join(second, function, "bootstrap"))
		if len(faults) == 0 {
			r.passed++
			continue
		}
		r.failed++
		r.output += fmt.Sprintf("── %s\n%s\n", function, strings.Join(faults, "\n"))
	}
	return r
}

// programFaults says what is wrong with one built program; again is the same function of the other build.
func programFaults(program, again string) []string {
	content, err := os.ReadFile(program)
	if err != nil {
		return []string{err.Error()}
	}
	other, err := os.ReadFile(again)
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	if !bytes.Equal(content, other) {
		faults = append(faults, "two builds of the same sources differ")
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return append(faults, "no build information: "+err.Error())
	}
	faults = append(faults, settingFaults(info.Settings)...)
	file, err := elf.NewFile(bytes.NewReader(content))
	switch {
	case err != nil:
		faults = append(faults, "not a program for Linux: "+err.Error())
	case file.Section(".symtab") != nil:
		faults = append(faults, "the symbol table is still there (-ldflags=-s)")
	}
	size, err := zippedSize(content)
	if err != nil {
		faults = append(faults, err.Error())
	}
	if strings.HasPrefix(info.Path, module+"/functions/forms/") && size > formPackageBudget {
		faults = append(faults, fmt.Sprintf("the package has %d bytes, more than the %d of a form function", size, int64(formPackageBudget)))
	}
	return faults
}

// wantedSettings are the build settings that "go version -m" must show.
var wantedSettings = []debug.BuildSetting{
	{Key: "-trimpath", Value: "true"},
	{Key: "-tags", Value: "lambda.norpc"},
	{Key: "CGO_ENABLED", Value: "0"},
	{Key: "GOARCH", Value: "arm64"},
	{Key: "GOOS", Value: "linux"},
}

func settingFaults(settings []debug.BuildSetting) []string {
	var faults []string
	for _, want := range wantedSettings {
		if !slices.Contains(settings, want) {
			faults = append(faults, fmt.Sprintf("not built with %s=%s", want.Key, want.Value))
		}
	}
	return faults
}

// zippedSize is the size in bytes of the deployment package: a zip with the one program in it. SAM's own zip is made by
// another implementation of the same algorithm; the two differ by about a hundredth.
func zippedSize(program []byte) (int64, error) {
	var size counter
	archive := zip.NewWriter(&size)
	to, err := archive.CreateHeader(&zip.FileHeader{Name: "bootstrap", Method: zip.Deflate})
	if err != nil {
		return 0, fmt.Errorf("zip the program: %w", err)
	}
	if _, err := io.Copy(to, bytes.NewReader(program)); err != nil {
		return 0, fmt.Errorf("zip the program: %w", err)
	}
	if err := archive.Close(); err != nil {
		return 0, fmt.Errorf("zip the program: %w", err)
	}
	return int64(size), nil
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
