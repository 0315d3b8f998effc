package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"madoguchi/infra/local/build"
	"madoguchi/infra/tools"
)

// noDatabase begins the reason for which the search for known vulnerabilities is skipped.
const noDatabase = "the database of vulnerabilities is out of reach"

// billFolder gets one bill of materials (CycloneDX, JSON) for each function; relative to the top, with slashes.
const billFolder = ".cache/sbom"

// vulnerabilities asks Go's database about every module that the code calls into.
func vulnerabilities(ctx context.Context, w *world) result {
	program, err := tools.Govulncheck(ctx, stepWriter{step: "vulnerable", out: w.out})
	if err != nil {
		return missingOr(err)
	}
	out, err := w.output(ctx, program, "./...")
	return judgeVulnerabilities(out, err)
}

// judgeVulnerabilities tells a database that did not answer, which is a skip and never a pass, from what it answered.
func judgeVulnerabilities(out string, err error) result {
	if err == nil {
		return pass("")
	}
	if _, why, found := strings.Cut(out, "govulncheck: fetching vulnerabilities: "); found {
		why, _, _ = strings.Cut(why, "\n")
		return skipStep(noDatabase + ": " + why)
	}
	return fail(err.Error(), out)
}

// missingOr is the result of a step whose tool could not be had: a skip where it is missing, else a failure.
func missingOr(err error) result {
	var missing *tools.Missing
	if errors.As(err, &missing) {
		return skipStep(err.Error())
	}
	return fail(err.Error(), "")
}

// bills builds each function for arm64, writes its bill of materials to billFolder and holds that against the modules that
// the program itself names. Each function counts as one check.
func bills(ctx context.Context, w *world) result {
	program, err := tools.CycloneDX(ctx, stepWriter{step: "sbom", out: w.out})
	if err != nil {
		return missingOr(err)
	}
	work, err := os.MkdirTemp("", "madoguchi-sbom-")
	if err != nil {
		return fail(err.Error(), "")
	}
	defer func() { _ = os.RemoveAll(work) }() // the system's temporary folder is cleared anyway
	folder := filepath.Join(w.root, filepath.FromSlash(billFolder))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fail(err.Error(), "")
	}
	list, err := w.output(ctx, "go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./functions/...")
	if err != nil {
		return fail(err.Error(), list)
	}
	var r result
	for _, function := range strings.Fields(list) {
		name := strings.ReplaceAll(strings.TrimPrefix(function, module+"/functions/"), "/", "-")
		binary, bill := filepath.Join(work, name), filepath.Join(folder, name+".cdx.json")
		if err := w.bill(ctx, program, function, binary, bill); err != nil {
			r.failed++
			r.output += fmt.Sprintf("── %s\n%v\n", path.Base(function), err)
			continue
		}
		r.passed++
	}
	if r.passed+r.failed == 0 {
		return fail("there are no functions", list)
	}
	return r.judged()
}

// bill builds one function and writes its bill of materials.
func (w *world) bill(ctx context.Context, program, function, binary, bill string) error {
	steps := [][]string{
		append(append([]string{"go", "build", "-o", binary}, build.Flags...), function),
		{program, "bin", "-json", "-std", "-output", bill, binary},
	}
	for _, args := range steps {
		cmd := w.command(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", filepath.Base(args[0]), err, out)
		}
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read the program's modules: %w", err)
	}
	content, err := os.ReadFile(bill)
	if err != nil {
		return fmt.Errorf("read the bill: %w", err)
	}
	return complete(content, info.Deps)
}

// complete fails with each module that the bill does not name in its exact version.
func complete(bill []byte, modules []*debug.Module) error {
	var parsed struct {
		Components []struct{ Name, Version string } `json:"components"`
	}
	if err := json.Unmarshal(bill, &parsed); err != nil {
		return fmt.Errorf("read the bill: %w", err)
	}
	named := map[string]bool{}
	for _, c := range parsed.Components {
		named[c.Name+"@"+c.Version] = true
	}
	var lacking []string
	for _, m := range modules {
		if m.Replace != nil {
			m = m.Replace
		}
		if at := m.Path + "@" + m.Version; !named[at] {
			lacking = append(lacking, at)
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("the bill does not name %s", strings.Join(lacking, ", "))
	}
	return nil
}
