package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"madoguchi/infra/tools"
)

const (
	// packageLimit ends the tests of one package that hang; the slowest need about a third of it on two cores.
	packageLimit = 12 * time.Minute
	// fuzzRuns is how many inputs one target gets: enough to leave the seeds behind, few enough to run with every change. It is a
	// number, not a time: on a busy machine go test takes the end of a time for a failure ("context deadline exceeded").
	fuzzRuns = 10_000
	// noCompiler begins the reason for which the race detector is skipped.
	noCompiler = "no C compiler"
	// noEngine begins the reason for which the journey through the SAM CLI's emulation is skipped (infra/samlocal says it).
	noEngine = "no Docker engine"
)

// racePackages are the packages whose code runs in several goroutines and whose tests are quick; the detector slows a test
// about tenfold.
var racePackages = []string{"./shared/..."}

// goTest runs every test. -count=1: a check reports what ran, not what ran some other day.
func goTest(ctx context.Context, w *world) result {
	return w.testJSON(ctx, "test", "./...").judged()
}

// goTestRace repeats some tests under the race detector. It counts as one check, since "test" has counted its tests.
func goTestRace(ctx context.Context, w *world) result {
	if _, err := tools.CCompiler(ctx, nil, false); err != nil {
		return skipStep(fmt.Sprintf("%s: %v", noCompiler, err))
	}
	r := w.testJSON(ctx, "race", append([]string{"-race"}, racePackages...)...)
	if r.failed > 0 {
		return fail(fmt.Sprintf("%d of %d tests failed", r.failed, r.failed+r.passed), r.output)
	}
	return pass(fmt.Sprintf("%d tests ran again under the race detector", r.passed))
}

// samLocal runs the test that has a build tag of its own, because it starts a Docker engine and takes minutes. It mostly waits
// for the SAM CLI and its containers, so it is no heavy step.
func samLocal(ctx context.Context, w *world) result {
	return w.testJSON(ctx, "samlocal", "-tags=samlocal", "-run=^TestSAMLocal$", "./infra/samlocal").judged()
}

// testJSON runs "go test -json" with more arguments, with progress by package, and returns the counts.
func (w *world) testJSON(ctx context.Context, name string, args ...string) result {
	all := append([]string{"test", "-json", "-count=1", "-timeout=" + packageLimit.String()}, args...)
	cmd := w.command(ctx, "go", all...)
	run := &testRun{module: module, onPackage: func(line string) { w.out.say(name, "%s", line) }}
	if w.verbose {
		run.echo = stepWriter{step: name, out: w.out}
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fail(err.Error(), "")
	}
	var stderr strings.Builder // only read after Wait: the go command's own words, when no package could be loaded
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return fail(err.Error(), "")
	}
	readErr := run.read(stdout)
	waitErr := cmd.Wait()
	r := run.result()
	// Nothing failed in the stream and yet the command failed: a pattern without packages, a broken go.mod.
	if r.failed == 0 && (readErr != nil || waitErr != nil) {
		r.failed = 1
		r.output = fmt.Sprintf("go %s: %v %v\n%s", strings.Join(all, " "), readErr, waitErr, stderr.String()+run.stray.String())
	}
	return r
}

// module is the path in go.mod.
const module = "madoguchi"

// fuzzTarget is one fuzz function.
type fuzzTarget struct {
	folder string // relative to the top, with slashes
	name   string
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// fuzz runs each target for a moment. A failing input stays in the package's testdata/fuzz, to be committed as a seed.
func fuzz(ctx context.Context, w *world) result {
	targets, err := fuzzTargets(w.root)
	if err != nil {
		return fail(err.Error(), "")
	}
	var r result
	for _, t := range targets {
		w.out.say("fuzz", "%s %s", t.folder, t.name)
		cmd := w.command(ctx, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", fmt.Sprintf("-fuzztime=%dx", fuzzRuns), "-fuzzminimizetime=100x", "./"+t.folder)
		if err := r.add(t, cmd); err != nil {
			return fail(err.Error(), r.output)
		}
	}
	return r.judged()
}

// add runs the command for one target and counts it.
func (r *result) add(t fuzzTarget, cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err == nil {
		r.passed++
		return nil
	}
	if cmd.ProcessState == nil {
		return fmt.Errorf("fuzz %s in %s: %w", t.name, t.folder, err)
	}
	r.failed++
	r.output += fmt.Sprintf("── %s %s\n%s", t.folder, t.name, out)
	return nil
}
