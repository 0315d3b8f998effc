package main

import (
	"net/http"

	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
)

// describe says what the routes take and answer (/staff/openapi.json).
func describe(mux *staff.Mux) {
	mux.Enum(subscription.States())
	var states []string
	for _, s := range subscription.States() {
		states = append(states, string(s))
	}
	list := staff.Parameter{Name: "list", About: "Of the two lists", Values: []string{"newsletter", "press"}}
	one := base + "/{id}"
	changes := []int{400, 404, 409, 413, 415, 422}
	add := mux.Describe
	add("GET "+base, staff.Operation{Summary: "Find people on a list: by one of email, q and state", Answer: staff.List[row]{}, Failures: []int{400, 422}, Query: []staff.Parameter{list,
		{Name: "email", About: "Address"}, {Name: "q", About: "Beginning of a name or an organisation"}, {Name: "state", About: "All in a state", Values: states},
		{Name: "cursor", About: "Opaque; from the page before"}}})
	add("POST "+base, staff.Operation{Summary: "Add somebody", Body: body{}, Only: []string{"list", "fields", "channel", "evidence"}, Required: []string{"list", "fields", "channel"},
		Status: http.StatusCreated, Answer: row{}, Failures: changes})
	add("POST "+base+"/find", staff.Operation{Summary: "Find, with nothing of a person in an address", Body: body{}, Only: []string{"list", "email", "q", "cursor"}, Answer: staff.List[row]{},
		Failures: []int{400, 413, 415, 422}})
	for _, name := range []string{"approve", "refuse"} {
		add("POST "+base+"/"+name, staff.Operation{Summary: "Decide on several requests", Body: body{}, Only: []string{"list", "ids"}, Required: []string{"ids"}, Answer: struct {
			Items []struct {
				ID     string `json:"id"`
				Result string `json:"result"`
			} `json:"items"`
		}{}, Failures: changes})
		add("POST "+one+"/"+name, staff.Operation{Summary: "Decide on a request", Query: []staff.Parameter{list}, Body: body{}, Only: []string{"list"}, Answer: row{}, Failures: changes})
	}
	add("GET "+one, staff.Operation{Summary: "Everything of a person", Query: []staff.Parameter{list}, Answer: whole{}, Failures: []int{404, 422}})
	add("GET "+one+"/export", staff.Operation{Summary: "Everything of a person, for printing", Query: []staff.Parameter{list}, Answer: whole{}, Failures: []int{404, 422}})
	for name, only := range map[string][]string{"correct": {"fields"}, "optout": {"channel"}, "restore": {"reason"}, "resend": nil} {
		summary := map[string]string{"correct": "Put a typing error right", "optout": "Unsubscribe at the person's wish", "restore": "Put back whoever bounced wrongly",
			"resend": "Send the confirmation again"}[name]
		add("POST "+one+"/"+name, staff.Operation{Summary: summary, Query: []staff.Parameter{list}, Body: body{}, Only: append([]string{"list"}, only...), Required: only, Answer: row{}, Failures: changes})
	}
}
