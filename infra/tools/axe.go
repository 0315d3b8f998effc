package tools

import (
	"context"
	"io"
)

var axePackage = npmPackage{
	tool:      "axe-core",
	name:      "axe-core",
	version:   "4.14.1",
	integrity: "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
	file:      "axe.min.js",
	mode:      0o644,
}

// Axe returns the path of axe.min.js, the accessibility checker that browser tests put into a page. It comes from the cache
// or from npm; the error is a *Missing where npm is absent or fails.
func Axe(ctx context.Context, progress io.Writer) (string, error) {
	return axePackage.install(ctx, progress)
}
