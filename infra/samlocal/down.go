package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"madoguchi/infra/tools"
)

// downLimit bounds the wait for a run to end by itself.
const downLimit = 2 * time.Minute

// removeContainers removes the containers whose code lies in our build folder: those of sam local, whatever became of it.
func removeContainers(ctx context.Context, e *engine, folder string) error {
	functions, err := os.ReadDir(filepath.Join(folder, "build"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove containers: %w", err)
	}
	for _, f := range functions {
		if !f.IsDir() {
			continue
		}
		ids, err := e.run(ctx, nil, "ps", "--all", "--quiet", "--filter", "volume="+filepath.Join(folder, "build", f.Name()))
		if err != nil {
			return fmt.Errorf("remove containers: %w", err)
		}
		for _, id := range strings.Fields(ids) {
			if _, err := e.run(ctx, nil, "rm", "--force", "--volumes", id); err != nil {
				return fmt.Errorf("remove containers: %w", err)
			}
		}
	}
	return nil
}

// down ends a run that is up, in another terminal, and clears away what a run left that was killed.
func down(ctx context.Context, progress io.Writer) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	w := &world{folder: folder(root)}
	err = w.hold()
	if errors.Is(err, errRunning) {
		_, _ = fmt.Fprintln(progress, "ending the run that is up …")
		err = endRun(ctx, w)
	}
	if err != nil {
		return err
	}
	defer func() { _ = w.lock.Close() }()
	return sweep(ctx, w, progress)
}

// endRun asks the process that holds the lock to end, and takes the lock from it.
func endRun(ctx context.Context, w *world) error {
	note, err := os.ReadFile(filepath.Join(w.folder, "lock"))
	if err != nil {
		return fmt.Errorf("find the run that is up: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(note)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("find the run that is up: %q is no process id", note)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, downLimit)
	defer cancel()
	for {
		if err := w.hold(); !errors.Is(err, errRunning) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d does not end: %w", pid, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// sweep removes what a killed run left: its engine's containers go when an engine starts on the same folder, and the local
// template with the run's secrets. Where there was no such engine, the machine's own is asked.
func sweep(ctx context.Context, w *world, progress io.Writer) error {
	file := filepath.Join(w.folder, "build", "local.yaml")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil // the last run has ended by itself
	}
	_, _ = fmt.Fprintln(progress, "clearing away what a killed run has left …")
	e, err := openEngine(ctx, filepath.Join(w.folder, "engine"), progress)
	if err != nil {
		return err
	}
	return errors.Join(removeContainers(ctx, e, w.folder), e.stop(), os.Remove(file))
}
