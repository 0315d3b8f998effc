package main

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"strings"

	"madoguchi/infra/tools"
)

// steps is everything that is checked, in the order of the report. Light steps run two at a time, heavy ones alone.
var steps = []step{
	{name: "tools", about: "find or install the outside tools", run: outsideTools},
	{name: "gofmt", about: "compare every Go file with gofmt", run: goFormat},
	{name: "vet", about: "go vet ./...", run: command("see above", "go", "vet", "./...")},
	{name: "tidy", about: "go mod tidy -diff", run: command("run: go mod tidy", "go", "mod", "tidy", "-diff")},
	{name: "lint", about: "golangci-lint run", heavy: true, run: lint},
	{name: "template", about: "sam validate --lint of the stack and of its edge", run: validate},
	{name: "build", about: "sam build, twice; the packages and their flags", run: packages},
	{name: "vulnerable", about: "govulncheck ./...", run: vulnerabilities},
	{name: "sbom", about: "write a bill of materials of each function to " + billFolder, run: bills},
	{name: "samlocal", about: "the newsletter's journey through sam local start-api", run: samLocal},
	{name: "test", about: "go test ./...", heavy: true, run: goTest},
	{name: "api", about: "schemathesis against /openapi.json on the local stack", heavy: true, run: publicAPI},
	{name: "race", about: "go test -race " + strings.Join(racePackages, " "), heavy: true, run: goTestRace},
	{name: "fuzz", about: fmt.Sprintf("each fuzz target with %d inputs", fuzzRuns), heavy: true, run: fuzz},
}

// command is a step that passes when the program's exit status is 0. The remedy is told where it is not.
func command(remedy, name string, args ...string) func(context.Context, *world) result {
	return func(ctx context.Context, w *world) result {
		out, err := w.output(ctx, name, args...)
		if err != nil {
			return fail(fmt.Sprintf("%v; %s", err, remedy), out)
		}
		return pass("")
	}
}

// outsideTools brings in what the tests need, so that they find it. Tests of a missing tool skip themselves with the same
// words; this step then says so once.
func outsideTools(ctx context.Context, w *world) result {
	progress := stepWriter{step: "tools", out: w.out}
	finders := []func() (string, error){
		func() (string, error) { return tools.Dynoxide(ctx, progress) },
		func() (string, error) { return tools.Axe(ctx, progress) },
		func() (string, error) { return tools.Chromium(ctx, progress, true) },
		func() (string, error) { return tools.CCompiler(ctx, progress, true) },
		func() (string, error) { return tools.Python(ctx, progress, true) },
		func() (string, error) { return tools.SAM(ctx, progress) },
	}
	var r result
	for _, find := range finders {
		path, err := find()
		var missing *tools.Missing
		switch {
		case err == nil:
			r.passed++
			w.out.say("tools", "%s", path)
		case errors.As(err, &missing) && missing.Tool == tools.CCompilerName:
			r.skipped++
			r.skips = append(r.skips, skip{name: missing.Tool, reason: noCompiler + ": " + err.Error()})
		case errors.As(err, &missing):
			r.skipped++
			r.skips = append(r.skips, skip{name: missing.Tool, reason: err.Error()})
		default:
			r.failed++
			r.output += err.Error() + "\n"
		}
	}
	return r.judged()
}

// judged sets the outcome and the reason from the counts: one failure fails, and only skips means skipped.
func (r result) judged() result {
	switch {
	case r.failed > 0:
		r.outcome, r.reason = failed, fmt.Sprintf("%d failed", r.failed)
	case r.passed == 0 && r.skipped > 0:
		r.outcome, r.reason = skipped, fmt.Sprintf("all %d skipped, see above", r.skipped)
	case r.skipped > 0:
		r.outcome, r.reason = passed, fmt.Sprintf("%d skipped, see above", r.skipped)
	default:
		r.outcome = passed
	}
	return r
}

// goFormat compares each file with what gofmt would write, without the program gofmt, which some Go packages lack.
func goFormat(_ context.Context, w *world) result {
	var wrong []string
	files, err := goFiles(w.root)
	if err != nil {
		return fail(err.Error(), "")
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return fail(err.Error(), "")
		}
		formatted, err := format.Source(source)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", file, err))
		} else if string(formatted) != string(source) {
			wrong = append(wrong, file+": not formatted; run: gofmt -w "+file)
		}
	}
	if len(wrong) > 0 {
		return fail(fmt.Sprintf("%d of %d files", len(wrong), len(files)), strings.Join(wrong, "\n"))
	}
	return pass(fmt.Sprintf("%d files", len(files)))
}

// lint runs golangci-lint with .golangci.yml.
func lint(ctx context.Context, w *world) result {
	path, err := tools.GolangciLint(ctx, stepWriter{step: "lint", out: w.out})
	var missing *tools.Missing
	if errors.As(err, &missing) {
		return skipStep(err.Error())
	}
	if err != nil {
		return fail(err.Error(), "")
	}
	out, err := w.output(ctx, path, "run", "--allow-parallel-runners", "./...")
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return fail(issues(out), out)
	case err != nil:
		return fail(err.Error(), out)
	}
	return pass("")
}

// issues returns golangci-lint's summary in one line: "3 issues: errcheck: 1 revive: 2". It is empty where the linter ended
// for another reason, which then stands in its output.
func issues(output string) string {
	count, list, found := strings.Cut(output, " issues:\n")
	if !found {
		return ""
	}
	count = count[strings.LastIndexByte(count, '\n')+1:]
	return count + " issues: " + strings.Join(strings.Fields(strings.ReplaceAll(list, "* ", "")), " ")
}
