package main

import (
	"context"
	"os/exec"
	"time"
)

// patience is how long a stopped command may take to end by itself.
const patience = 10 * time.Second

// command prepares a program that runs at the top of the module. When the context ends, the whole group of processes
// that it started is ended, since "go test" does not hand a signal on to the tests.
func (w *world) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = w.root
	cmd.WaitDelay = patience
	ownGroup(cmd)
	return cmd
}

// output runs a command and returns what it printed on both streams.
func (w *world) output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := w.command(ctx, name, args...).CombinedOutput()
	return string(out), err
}
