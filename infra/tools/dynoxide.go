package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// dynoxideVersion is the version that the tests ran with. A newer 1.x on PATH is used as it is.
const dynoxideVersion = "1.2.1"

// dynoxidePackages are the platforms whose tarball has a pinned digest. The binaries are static: one serves every Linux.
// A platform that is not listed is not installed without a digest: the error says where a person gets the program.
var dynoxidePackages = map[string]npmPackage{
	"linux/amd64": {
		tool:      "Dynoxide",
		name:      "@dynoxide/linux-x64",
		version:   dynoxideVersion,
		integrity: "sha512-sBHqlxJ9ANkLluFkYRfd5r8Y0ApFew4FhOrlhgRAgD4XzEoFOukEo1nuBTQ1+jTtofqwn4NWQ2k0Tn5mNTjgUg==",
		file:      "dynoxide",
		mode:      0o755,
	},
}

// Dynoxide returns the path of the local DynamoDB server. In this order: the environment variable DYNOXIDE, PATH (if the
// version fits), the cache, npm. progress gets a line when something is installed and may be nil.
// The error is a *Missing where the machine has none and cannot install it.
func Dynoxide(ctx context.Context, progress io.Writer) (string, error) {
	if path := os.Getenv("DYNOXIDE"); path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("find Dynoxide: the environment variable DYNOXIDE: %w", err)
		}
		return found, nil
	}
	if path, err := exec.LookPath("dynoxide"); err == nil {
		version, err := dynoxideVersionOf(ctx, path)
		if err == nil && fits(version, dynoxideVersion) {
			return path, nil
		}
		say(progress, "%s is not used: version %q, wanted %s or a newer one with the same first number", path, version, dynoxideVersion)
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	pkg, ok := dynoxidePackages[platform]
	if !ok {
		return "", &Missing{
			Tool:    "Dynoxide",
			Reason:  "no package with a pinned digest for " + platform,
			Command: "get Dynoxide " + dynoxideVersion + " (npm scope @dynoxide, or the crate dynoxide-rs) and set DYNOXIDE to the program's path",
		}
	}
	return pkg.install(ctx, progress)
}

// dynoxideVersionOf runs "dynoxide --version", which prints "dynoxide 1.2.1".
func dynoxideVersionOf(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return "", fmt.Errorf("ask %s for its version: it printed nothing", path)
	}
	return fields[len(fields)-1], nil
}

// fits says whether version is wanted or newer, with the same major number. Anything that is not three numbers does not fit.
func fits(version, wanted string) bool {
	v, vok := numbers(version)
	w, wok := numbers(wanted)
	if !vok || !wok || v[0] != w[0] {
		return false
	}
	return v[1] > w[1] || v[1] == w[1] && v[2] >= w[2]
}

func numbers(version string) ([3]int, bool) {
	var n [3]int
	parts := strings.Split(version, ".")
	if len(parts) != len(n) {
		return n, false
	}
	for i, part := range parts {
		value, err := strconv.Atoi(part)
		if err != nil || value < 0 {
			return n, false
		}
		n[i] = value
	}
	return n, true
}
