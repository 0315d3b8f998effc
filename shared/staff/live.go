package staff

import (
	_ "embed"
	"html/template"
)

//go:embed live.js
var live string

// LiveScript keeps the page of something that takes its time up to date, for StaffPage.Script. The page works without: a link reloads
// it. It has an element of id "live" with data-progress (the path that answers {status, total, finished, text, …} as JSON) and
// data-status (the page is loaded anew when it has changed); in it a progress bar of id "live-bar", a sentence of id "live-text", and
// numbers with data-live, which names them in the answer.
func LiveScript() template.JS { return template.JS(live) } //nolint:gosec // our own file
