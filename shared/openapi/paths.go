package openapi

import (
	"slices"

	"madoguchi/shared/policy"
)

// formOf is a form: a service's own, or a help within a service (sending a confirmation again), which asks for some of its
// fields only.
type formOf struct {
	service *policy.Service
	path    string
	only    []string // names of the fields; nil for all
	name    string
}

func (f formOf) schema() string { return f.name + "Submission" }

func (f formOf) fields() []policy.Field {
	if f.only == nil {
		return f.service.Fields
	}
	return slices.DeleteFunc(slices.Clone(f.service.Fields), func(field policy.Field) bool { return !slices.Contains(f.only, field.Name) })
}

// forms are all forms.
func forms() []formOf {
	var all []formOf
	names := map[policy.Code]string{policy.Newsletter: "Newsletter", policy.Press: "Press", policy.Events: "Registration", policy.Questionnaire: "Questionnaire",
		policy.Photos: "PhotoUser", policy.Inquiry: "Inquiry", policy.Publications: "PublicationRequest"}
	for _, s := range policy.Services() {
		if s.Path == "" || s.Table == "" {
			continue
		}
		service := policy.Get(s.Code)
		all = append(all, formOf{service, s.Path, nil, names[s.Code]})
		if isList(s.Code) {
			all = append(all, formOf{service, s.Path + "/resend", []string{"email"}, names[s.Code] + "Resend"})
		}
	}
	return all
}

func isList(c policy.Code) bool { return c == policy.Newsletter || c == policy.Press }

var (
	language = parameter{name: "lang", about: "Language of the page, before Accept-Language", schema: object{"type": "string", "enum": []any{"ja", "en"}}}
	linked   = parameter{name: "t", about: "The signed token of a link in a mail", schema: object{"type": "string", "maxLength": 400}}
)

// endpoints are all operations of the public interface.
func endpoints() []endpoint {
	all := slices.Concat(around, aroundAccess, photos, archives(), eventEndpoints())
	for _, f := range forms() {
		all = append(all, f.endpoints()...)
		if isList(f.service.Code) && f.only == nil {
			all = append(all, linksOf(f.path)...)
		}
		if f.service.Code == policy.Publications {
			all = append(all, besidePublications(f.path)...)
		}
	}
	return all
}

// endpoints are the three routes of every form.
func (f formOf) endpoints() []endpoint {
	query := []parameter{language}
	if f.service.Code == policy.Questionnaire {
		query = append(query, linked)
	}
	name := f.service.Name.EN
	return []endpoint{
		{method: "GET", path: f.path, summary: name + ": the form, or its description", query: query,
			answers: answers{"200": either("Form")}, failures: f.failures("404", "503")},
		{method: "POST", path: f.path, summary: name + ": send the form; a page may ask for action=check, edit or submit", query: query,
			body:     object{"application/json": asJSON(f.schema())["application/json"], "application/x-www-form-urlencoded": object{"schema": object{"type": "object"}}},
			answers:  answers{"200": page(), "201": asJSON("Accepted"), "303": nil},
			failures: f.failures("400", "404", "409", "413", "415", "422", "429", "503")},
		{method: "GET", path: f.path + "/done", summary: name + ": thanks, and what is kept until when", failures: []string{"404", "503"},
			query: []parameter{language, {name: "ref", about: "Reference of the submission"}}, answers: answers{"200": page()}},
	}
}

// failures leaves out what cannot befall this form, and adds what only some meet.
func (f formOf) failures(statuses ...string) []string {
	switch f.service.Code {
	case policy.Questionnaire:
		return append(statuses, "400", "409", "410")
	case policy.Events:
		return append(statuses, "409")
	case policy.Publications:
		return append(statuses, "409") // nothing can be asked for
	}
	return statuses
}

// linksOf are the links in the mail of a list.
func linksOf(path string) []endpoint {
	var all []endpoint
	for _, page := range []struct{ name, summary string }{
		{"confirm", "confirm a sign-up or a new address"}, {"unsubscribe", "leave, also by RFC 8058, and come back within a week"},
		{"preferences", "see and change the own data"}, {"stay", "stay on the list before the period is over"},
	} {
		all = append(all,
			endpoint{method: "GET", path: path + "/" + page.name, summary: "A link in a mail, shown and not acted upon: " + page.summary,
				query: []parameter{linked, {name: "saved", about: "Set after saving"}}, answers: answers{"200": pageOnly}, failures: []string{"400", "410", "503"}},
			endpoint{method: "POST", path: path + "/" + page.name, summary: "A link in a mail, acted upon: " + page.summary, query: []parameter{linked},
				body:    object{"application/x-www-form-urlencoded": object{"schema": object{"type": "object"}}},
				answers: answers{"200": either("Form"), "303": nil}, failures: []string{"400", "410", "413", "415", "422", "503"}})
	}
	return all
}

// besidePublications are the helps beside the form for publications.
func besidePublications(path string) []endpoint {
	places := object{"type": "object", "required": []string{"items", "source"}, "properties": object{"source": object{"type": "string"},
		"items": object{"type": "array", "items": object{"type": "object", "required": []string{"prefecture", "address"},
			"properties": object{"prefecture": object{"type": "string"}, "address": object{"type": "string"}}}}}}
	code := object{"type": "object", "required": []string{"postal_code"}, "properties": object{"postal_code": object{"type": "string"}}}
	return []endpoint{
		{method: "POST", path: path + "/postal-code", summary: "The places of a postal code; a POST, so that the code stands in no address", query: []parameter{language},
			body:    object{"application/json": object{"schema": code}, "application/x-www-form-urlencoded": object{"schema": code}},
			answers: answers{"200": object{"application/json": object{"schema": places}}}, failures: []string{"400", "413", "415", "422"}},
		{method: "GET", path: path + "/{publication}/cover", summary: "The picture of a publication's cover", failures: []string{"404", "503"},
			query: []parameter{{name: "v", about: "Version of the picture"}}, answers: answers{"200": object{"image/png": object{}, "image/jpeg": object{}}}},
	}
}

var pageOnly = page()

// around are the paths that are no form.
var around = []endpoint{
	{method: "GET", path: "/", summary: "The front page", query: []parameter{language}, answers: answers{"200": page()}},
	{method: "GET", path: "/health", summary: "Whether the functions answer", answers: answers{"200": plain("text/plain")}},
	{method: "GET", path: "/embed.js", summary: "The script that puts a form into a page of another website", answers: answers{"200": plain("text/javascript")}},
	{method: "GET", path: "/openapi.json", summary: "This document", answers: answers{"200": object{"application/json": object{"schema": object{"type": "object"}}}}},
	{method: "GET", path: "/privacy", summary: "The privacy policy", query: []parameter{language}, answers: answers{"200": page()}},
	{method: "GET", path: "/privacy/{version}", summary: "The privacy policy as it was", query: []parameter{language}, answers: answers{"200": page()}, failures: []string{"404"}},
}
