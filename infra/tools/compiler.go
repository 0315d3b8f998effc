package tools

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// CCompilerName is the Tool of the Missing that CCompiler returns.
const CCompilerName = "a C compiler"

// CCompiler returns the C compiler that Go's race detector links with ("go env CC"). Nothing else in the project needs one.
// With install set, root on Debian gets gcc from apt. Otherwise the error is a *Missing that names the command.
func CCompiler(ctx context.Context, progress io.Writer, install bool) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "CC").Output()
	if err != nil {
		return "", fmt.Errorf("ask go for the C compiler: %w", err)
	}
	name, _, _ := strings.Cut(string(bytes.TrimSpace(out)), " ") // CC may carry arguments
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if err := aptInstall(ctx, progress, install, CCompilerName, []string{"gcc", "libc6-dev"}); err != nil {
		return "", err
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find the C compiler: apt-get installed gcc, but go wants %s: %w", name, err)
	}
	return path, nil
}
