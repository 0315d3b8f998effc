package main

import (
	_ "embed"
	"io"
	"net/http"
	"strings"
	"sync"
)

//go:embed embed.js
var embedSource string

// embedScript is the script that puts a form of ours into a page of another website, without its comments and indentation:
// what is read is written for people, what is sent stays under 10 kB.
var embedScript = sync.OnceValue(func() string {
	var out strings.Builder
	comment := false
	for line := range strings.Lines(embedSource) {
		line = strings.TrimSpace(line)
		comment = comment || strings.HasPrefix(line, "/*")
		if !comment && line != "" && !strings.HasPrefix(line, "//") {
			out.WriteString(line + "\n")
		}
		comment = comment && !strings.HasSuffix(line, "*/")
	}
	return out.String()
})

// script serves it. Any website may load it; the forms themselves answer listed origins only.
func script(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", cacheable)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, err := io.WriteString(w, embedScript())
	return err
}
