package main

import (
	"net/http"

	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
)

// sending is the form by which a file comes (fill); columns and evidence are JSON in it.
type sending struct {
	File     []byte                `json:"file"`
	List     policy.Code           `json:"list"`
	What     roster.What           `json:"what"`
	Columns  map[string]string     `json:"columns"`
	Evidence subscription.Evidence `json:"evidence"`
}

// describeRoutes says what the routes take and answer (/staff/openapi.json).
func describeRoutes(mux *staff.Mux) {
	mux.Enum([]policy.Code{policy.Newsletter, policy.Press}, []roster.What{roster.Subscribers, roster.OptOuts},
		[]roster.Status{roster.Checking, roster.Checked, roster.Applying, roster.Applied, roster.Undone, roster.Refused})
	one := base + "/{id}"
	list := staff.Parameter{Name: "list", About: "Of the two lists", Values: []string{"newsletter", "press"}}
	mux.Describe("GET "+base, staff.Operation{Summary: "Imports of a list, the newest first", Answer: staff.List[answer]{}, Query: []staff.Parameter{list, {Name: "cursor", About: "Opaque; from the page before"}}})
	mux.Describe("POST "+base, staff.Operation{Summary: "Send a file: a dry run begins", Form: sending{}, Status: http.StatusAccepted, Answer: answer{}, Failures: []int{400, 413, 415, 422}})
	mux.Describe("GET "+one, staff.Operation{Summary: "Where an import stands", Answer: answer{}, Failures: []int{404}})
	mux.Describe("POST "+one+"/columns", staff.Operation{Summary: "Say which columns hold what: heading by field", Body: map[string]string{}, Status: http.StatusAccepted, Answer: answer{}, Failures: []int{400, 404, 409, 413, 422}})
	mux.Describe("POST "+one+"/apply", staff.Operation{Summary: "Import what was checked", Status: http.StatusAccepted, Answer: answer{}, Failures: []int{404, 409}})
	mux.Describe("POST "+one+"/undo", staff.Operation{Summary: "Take it back", Status: http.StatusAccepted, Answer: answer{}, Failures: []int{404, 409}})
	mux.Describe("GET "+one+"/report.csv", staff.Operation{Summary: "The result, row by row", Media: "text/csv", Failures: []int{404, 409}})
}
