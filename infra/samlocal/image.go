package main

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// architecture is the template's parameter Architecture for this machine: containers run without emulation.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// The image that the SAM CLI runs functions of provided.al2023 in, and the one that it makes of it by adding the runtime
// interface emulator that it ships.
func baseImage() string  { return "public.ecr.aws/lambda/provided:al2023-" + architecture() }
func rapidImage() string { return "public.ecr.aws/lambda/provided:al2023-rapid-" + architecture() }

const (
	standInLabel = "madoguchi.stand-in"
	// pullLimit is for some 100 MB over a slow line; where no registry answers at all the pull ends at once.
	pullLimit = 4 * time.Minute
)

// prepareImage sees to it that the engine has the base image: there already, pulled, or, where no registry answers, a
// stand-in. standIn says which. A stand-in that an earlier run left does not count as the image.
func prepareImage(ctx context.Context, e *engine, progress io.Writer) (standIn bool, err error) {
	label, err := e.run(ctx, nil, "image", "inspect", baseImage(), "--format", `{{index .Config.Labels "`+standInLabel+`"}}`)
	if err == nil && label == "" {
		return false, nil
	}
	_, _ = fmt.Fprintf(progress, "pulling %s …\n", baseImage())
	pull, cancel := context.WithTimeout(ctx, pullLimit)
	defer cancel()
	_, err = e.run(pull, nil, "pull", "--quiet", baseImage())
	if err == nil {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	_, _ = fmt.Fprintf(progress, "%v\nNO REGISTRY ANSWERS: a stand-in takes the place of AWS's base image: busybox and the SAM CLI's runtime emulator, nothing of Amazon Linux\n", err)
	return true, buildStandIn(ctx, e, progress)
}

// buildStandIn makes an image under AWS's name that has what the SAM CLI and a static Go binary need, and no more.
func buildStandIn(ctx context.Context, e *engine, progress io.Writer) error {
	path, err := staticBusybox(ctx, progress)
	if err != nil {
		return fmt.Errorf("build the stand-in of the base image: %w", err)
	}
	busybox, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("build the stand-in of the base image: %w", err)
	}
	var archive bytes.Buffer
	if err := standInFiles(&archive, busybox); err != nil {
		return fmt.Errorf("build the stand-in of the base image: %w", err)
	}
	_, err = e.run(ctx, &archive, "import",
		"--change", `ENTRYPOINT ["/lambda-entrypoint.sh"]`, "--change", "ENV PATH=/bin LAMBDA_TASK_ROOT=/var/task",
		"--change", "WORKDIR /var/task", "--change", "LABEL "+standInLabel+"=true", "-", baseImage())
	if err != nil {
		return fmt.Errorf("build the stand-in of the base image: %w", err)
	}
	return nil
}

// removeStandIn takes the stand-in away again: nobody shall find it under AWS's name and take it for the real one.
func removeStandIn(ctx context.Context, e *engine) error {
	var failed error
	for _, image := range []string{rapidImage(), baseImage()} {
		if _, err := e.run(ctx, nil, "image", "rm", "--force", image); err != nil && !strings.Contains(err.Error(), "No such image") {
			failed = errors.Join(failed, fmt.Errorf("remove the stand-in: %w", err))
		}
	}
	return failed
}

// standInFiles writes the stand-in's file system as a tar archive.
func standInFiles(w io.Writer, busybox []byte) error {
	archive := tar.NewWriter(w)
	add := func(h tar.Header, content string) error {
		h.Size = int64(len(content))
		if err := archive.WriteHeader(&h); err != nil {
			return err
		}
		_, err := io.WriteString(archive, content)
		return err
	}
	for _, dir := range []string{"bin/", "var/", "var/rapid/", "var/runtime/", "var/task/", "opt/"} {
		if err := add(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}, ""); err != nil {
			return err
		}
	}
	if err := add(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, ""); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"bin/busybox":           string(busybox),
		"var/runtime/bootstrap": "#!/bin/sh\nexec /var/task/bootstrap\n",
		"lambda-entrypoint.sh":  "#!/bin/sh\nexec /var/rapid/aws-lambda-rie /var/runtime/bootstrap\n",
	} {
		if err := add(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755}, content); err != nil {
			return err
		}
	}
	for _, name := range []string{"sh", "mv", "chmod", "cp", "rm", "cat"} {
		if err := add(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: "busybox", Mode: 0o777}, ""); err != nil {
			return err
		}
	}
	return archive.Close()
}

// static says whether a program needs no loader, so that it runs in an empty file system.
func static(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}
