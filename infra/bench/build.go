package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"madoguchi/infra/local/build"
)

// host builds one folder for this machine, with the flags of the deployment, and remembers the outcome. Each is built by itself:
// a function that does not compile costs its own rows only.
func (b *bench) host(ctx context.Context, folder string) (string, error) {
	if known, ok := b.hosts[folder]; ok {
		return known.path, known.err
	}
	b.say("building %s", folder)
	binaries, err := build.Functions(ctx, b.root, filepath.Join(b.cache, "host", flat(folder)), []string{folder})
	b.hosts[folder] = built{binaries[folder], err}
	return binaries[folder], err
}

// arm64 builds one folder as it is deployed and returns the path of the program.
func (b *bench) arm64(ctx context.Context, folder string) (string, error) {
	b.say("building %s for arm64", folder)
	out := filepath.Join(b.cache, "arm64", flat(folder), "bootstrap")
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", out}, build.Flags...), "./"+folder)...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if message, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("go build: %w:\n%s", err, strings.TrimSpace(string(message)))
	}
	return out, nil
}

// flat makes one name of a folder: forms/photos and staff/photos are two functions.
func flat(folder string) string { return strings.ReplaceAll(folder, "/", "-") }

// megabyte is 10^6 bytes, the unit of the budget.
const megabyte = 1e6

// zipBudget is the largest deployment package of a form function, in megabytes (design, "Budgets").
const zipBudget = 6.0

// zipSizes measures the deployment package of each function: the program for arm64, deflated under the name bootstrap. SAM's
// zip is made by another implementation of the same algorithm at its default level; the two differ by about a hundredth.
func zipSizes(ctx context.Context, b *bench) ([]Row, error) {
	var rows []Row
	for _, f := range b.template.Functions {
		const part, figure = "zip", "arm64 package, 10^6 bytes"
		program, err := b.arm64(ctx, f.CodeURI)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var size int64
		if err == nil {
			size, err = zipped(program)
		}
		if err != nil {
			rows = append(rows, notMeasured(part, short(f.Name), figure, err))
			continue
		}
		row := Row{Part: part, Subject: short(f.Name), Figure: figure, Value: float64(size) / megabyte, Unit: "MB"}
		if strings.HasPrefix(f.CodeURI, "functions/forms/") {
			row.Budget = atMost(zipBudget, "value")
		}
		rows = append(rows, row.judged())
	}
	return rows, nil
}

// zipped returns the size in bytes of a zip with one program in it.
func zipped(program string) (int64, error) {
	in, err := os.Open(program)
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.Close() }()
	var size counter
	archive := zip.NewWriter(&size)
	out, err := archive.CreateHeader(&zip.FileHeader{Name: "bootstrap", Method: zip.Deflate})
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(out, in)
	return int64(size), errors.Join(err, archive.Close())
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
