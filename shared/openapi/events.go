package openapi

// eventEndpoints are the paths around the registration forms: the list, and what a registrant does with the link in the mail.
func eventEndpoints() []endpoint {
	own := []parameter{linked, language, {name: "did", about: "Set after an action"}}
	return []endpoint{
		{method: "GET", path: "/events", summary: "Events: those to come, then the past ones",
			query:   []parameter{language, {name: "cursor", about: "Where the page begins: \"next\" of the page before"}},
			answers: answers{"200": either("Events")}, failures: []string{"400", "503"}},
		{method: "GET", path: "/events/{event}/registration", summary: "A registration, by the link in its mail: shown and not acted upon", query: own,
			answers: answers{"200": either("Registration")}, failures: []string{"400", "404", "410", "503"}},
		{method: "POST", path: "/events/{event}/registration", summary: "A registration, by the link in its mail: action=cancel, accept or edit", query: own,
			body:    object{"application/json": object{"schema": object{"type": "object"}}, "application/x-www-form-urlencoded": object{"schema": object{"type": "object"}}},
			answers: answers{"200": asJSON("Registration"), "303": nil}, failures: []string{"400", "404", "409", "410", "413", "415", "422", "503"}},
		{method: "GET", path: "/events/{event}/calendar.ics", summary: "The calendar entry of a registration", query: own,
			answers: answers{"200": plain("text/calendar")}, failures: []string{"400", "404", "409", "410", "503"}},
	}
}

// eventSchemas are their JSON bodies.
func eventSchemas() object {
	text := object{"type": "string"}
	status := func(values ...any) object { return object{"type": "string", "enum": values} }
	item := object{"type": "object", "required": []string{"id", "title", "kind", "status", "starts_at", "ends_at"}, "properties": object{
		"id": text, "title": object{"type": "object", "required": []string{"ja"}, "properties": object{"ja": text, "en": text}},
		"kind": status("venue", "online", "hybrid"), "status": status("open", "full", "waiting", "closed", "past", "cancelled"),
		"starts_at": object{"type": "string", "format": "date-time"}, "ends_at": object{"type": "string", "format": "date-time"},
		"seats_left": object{"type": "integer", "minimum": 0},
	}}
	return object{
		"Events": object{"type": "object", "required": []string{"items", "next"}, "properties": object{
			"items": object{"type": "array", "items": item}, "next": object{"type": []any{"string", "null"}}}},
		"Registration": object{"type": "object", "required": []string{"reference", "status"}, "properties": object{
			"reference": text, "status": status("registered", "waiting", "offered", "cancelled", "lapsed"), "email": text,
			"values": object{"type": "object", "additionalProperties": text}}},
	}
}
