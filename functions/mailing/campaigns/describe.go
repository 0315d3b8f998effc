package main

import (
	"net/http"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// kept is the answer to a campaign that was handed in.
type kept struct {
	ID       string           `json:"id"`
	Version  int              `json:"version"`
	Status   campaign.State   `json:"status"`
	Warnings []web.FieldError `json:"warnings"`
}

// outcomes are the results of a campaign.
type outcomes struct {
	ID       string          `json:"id"`
	Status   campaign.State  `json:"status"`
	Counts   campaign.Counts `json:"counts"`
	Timeline []minute        `json:"timeline"`
}

type minute struct {
	At       string `json:"at"`
	Accepted int    `json:"accepted"`
	Failed   int    `json:"failed"`
	Excluded int    `json:"excluded"`
	Unknown  int    `json:"unknown"`
}

// rendered is a preview.
type rendered struct {
	Language policy.Language `json:"language"`
	Version  int             `json:"version"`
	Subject  string          `json:"subject"`
	HTML     string          `json:"html"`
	Text     string          `json:"text"`
}

// fates are what became of a person: of an event's registrations there may be several to an address.
type fates struct {
	Items []fate `json:"items"`
}

// trial is where a test goes; "" is the own address.
type trial struct {
	To string `json:"to"`
}

// asking is whom to look for: an address; for events also a registration's reference.
type asking struct {
	Who string `json:"who"`
}

// JSONShape says that a campaign follows another by its ID, or by more.
func (follows) JSONShape() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"anyOf": []any{text, map[string]any{"type": "object", "required": []string{"campaign"}, "additionalProperties": false, "properties": map[string]any{
		"campaign": text, "whom": map[string]any{"type": "string", "enum": []string{campaign.ToAccepted, campaign.ToFailed, campaign.ToUnsent}}, "correction": text}}}}
}

// JSONShape says that an instant may be null.
func (instant) JSONShape() map[string]any {
	return map[string]any{"type": []string{"string", "null"}, "format": "date-time", "description": "null: now, after SEND_DELAY_MINUTES"}
}

// describe says what the routes take and answer (/staff/openapi.json).
func describe(mux *staff.Mux) {
	mux.Enum(states(), campaign.Kinds(), []policy.Language{policy.Japanese, policy.English},
		[]action{actSubmit, actApprove, actReturn, actSchedule, actRecall, actPause, actResume, actCancel},
		[]campaign.Class{campaign.ClassPending, campaign.ClassAccepted, campaign.ClassFailed, campaign.ClassExcluded, campaign.ClassUnknown})
	var kindNames, stateNames []string
	for _, k := range campaign.Kinds() {
		kindNames = append(kindNames, string(k))
	}
	for _, s := range states() {
		stateNames = append(stateNames, string(s))
	}
	cursor := staff.Parameter{Name: "cursor", About: "Opaque; from the page before"}
	one := base + "/{id}"
	add := mux.Describe
	add("GET "+base, staff.Operation{Summary: "Campaigns of the caller's kinds, the newest first", Answer: staff.List[summary]{}, Failures: []int{400},
		Query: []staff.Parameter{{Name: "kind", About: "Only of a kind", Values: kindNames}, {Name: "status", About: "Only in a state", Values: stateNames}, cursor}})
	add("POST "+base, staff.Operation{Summary: "Write a campaign", Body: draft{}, Required: []string{"kind", "content"}, Status: http.StatusCreated, Answer: kept{}, Failures: []int{400, 413, 415, 422}})
	add("GET "+one, staff.Operation{Summary: "A campaign", Answer: whole{}, Failures: []int{404}})
	add("POST "+one, staff.Operation{Summary: "Save a new version; 409 where version is not the last any more, or the state does not allow it", Body: draft{}, Required: []string{"content"},
		Answer: kept{}, Failures: []int{400, 404, 409, 413, 415, 422}})
	for a, words := range map[action]string{actSubmit: "Ask for an approval", actApprove: "Approve", actRecall: "Recall what is scheduled", actPause: "Pause", actResume: "Resume", actCancel: "Cancel"} {
		add("POST "+one+"/"+string(a), staff.Operation{Summary: words, Body: decision{}, Answer: summary{}, Failures: []int{400, 404, 409, 415, 422}})
	}
	add("POST "+one+"/return", staff.Operation{Summary: "Return to draft, with the reason", Body: returning{}, Answer: summary{}, Failures: []int{400, 404, 409, 415, 422}})
	add("POST "+one+"/schedule", staff.Operation{Summary: "Schedule", Body: scheduling{}, Required: []string{"at"}, Status: http.StatusAccepted, Answer: summary{},
		Failures: []int{400, 404, 409, 415, 422}})
	add("POST "+one+"/copy", staff.Operation{Summary: "A new draft that says the same", Status: http.StatusCreated, Answer: kept{}, Failures: []int{404}})
	add("POST "+one+"/test", staff.Operation{Summary: "Send a test", Body: trial{}, Status: http.StatusAccepted, Answer: summary{}, Failures: []int{400, 404, 409, 415, 422}})
	add("GET "+one+"/preview", staff.Operation{Summary: "What arrives", Answer: rendered{}, Failures: []int{404, 422}, Query: []staff.Parameter{
		{Name: "language", About: "Of the content", Values: []string{"ja", "en"}}, {Name: "version", About: "An earlier one"},
		{Name: "person", About: "0: invented; 1 to 5: of the audience, which is recorded"}, {Name: "part", About: "The part alone", Values: []string{"html", "text"}}}})
	add("GET "+one+"/results", staff.Operation{Summary: "What became of it", Answer: outcomes{}, Failures: []int{404}})
	add("GET "+one+"/results.csv", staff.Operation{Summary: "The numbers as a file; machine names with lang=en", Media: "text/csv", Failures: []int{404},
		Query: []staff.Parameter{{Name: "lang", About: "Before Accept-Language", Values: []string{"ja", "en"}}}})
	add("GET "+one+"/progress", staff.Operation{Summary: "How far it is", Answer: live{}, Failures: []int{404}})
	add("POST "+one+"/recipient", staff.Operation{Summary: "Did this person get it?", Body: asking{}, Required: []string{"who"}, Answer: fates{}, Failures: []int{400, 404, 415, 422}})
}
