package openapi

import "madoguchi/shared/policy"

// archives are what the two lists were sent, for everybody to read.
func archives() []endpoint {
	var all []endpoint
	for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
		path := policy.Get(code).Path + "/archive"
		all = append(all,
			endpoint{method: "GET", path: path, summary: "What the list was sent, the newest first", query: []parameter{{name: "cursor", about: "Opaque; from the page before"}},
				answers: answers{"200": either("IssueList")}, failures: []string{"400", "503"}},
			endpoint{method: "GET", path: path + ".atom", summary: "The newest of it as a feed (RFC 4287)", answers: answers{"200": plain("application/atom+xml")}, failures: []string{"503"}},
			endpoint{method: "GET", path: path + "/{issue}", summary: "One of it; a press release appears when its embargo has ended", answers: answers{"200": page()}, failures: []string{"404", "503"}})
	}
	return all
}

// archiveSchemas are the shapes of the archives.
func archiveSchemas() object {
	text := object{"type": "string"}
	issue := object{"type": "object", "required": []string{"id", "title", "published_at", "page"},
		"properties": object{"id": text, "title": text, "published_at": object{"type": "string", "format": "date-time"}, "page": text}}
	return object{"IssueList": object{"type": "object", "required": []string{"items", "next"}, "properties": object{
		"items": object{"type": "array", "items": issue}, "next": object{"type": []any{"string", "null"}, "description": "Cursor of the next page; null after the last"}}}}
}
