package openapi

import "madoguchi/shared/policy"

// aroundAccess are the paths of the access records, the cookies and the statistics, and the pages of text.
var aroundAccess = func() []endpoint {
	view := []parameter{
		{name: "path", about: "Path of the page; what follows ? or # is cut off", required: true, schema: object{"type": "string", "pattern": "^/[a-z0-9/.-]{0,100}$"}},
		{name: "referrer", about: "Address of the page that led here; its domain is kept"},
		{name: "status", about: "Status of the page's answer", schema: object{"type": "integer", "minimum": 100, "maximum": 599}},
	}
	form := object{"application/x-www-form-urlencoded": object{"schema": object{"type": "object"}}}
	all := []endpoint{
		{method: "POST", path: "/access", summary: "Count a page view (navigator.sendBeacon sends it as text/plain)",
			body:    object{"application/json": asJSON("View")["application/json"], "text/plain": object{"schema": object{"type": "string"}}, "application/x-www-form-urlencoded": form["application/x-www-form-urlencoded"]},
			answers: answers{"204": nil}, failures: []string{"400", "413", "415", "422", "429", "503"}},
		{method: "GET", path: "/access.gif", summary: "Count a page view without JavaScript", query: view,
			answers: answers{"200": plain("image/gif")}, failures: []string{"400", "422", "429", "503"}},
		{method: "GET", path: "/cookies", summary: "The cookies and the switch", query: []parameter{language, {name: "saved", about: "Set after saving"}}, answers: answers{"200": page()}},
		{method: "POST", path: "/cookies", summary: "Choose whether visits are counted, and the language", query: []parameter{language}, body: form,
			answers: answers{"303": nil}, failures: []string{"400", "415", "422"}},
		{method: "GET", path: "/statistics", summary: "Released statistics", query: []parameter{language, {name: "cursor", about: "From next of the page before"}},
			answers: answers{"200": either("Releases")}, failures: []string{"400", "503"}},
		{method: "GET", path: "/statistics/{statistic}/{month}", summary: "One release", query: []parameter{language},
			answers: answers{"200": either("Release")}, failures: []string{"404", "503"}},
	}
	for path, summary := range map[string]string{
		"/privacy/request": "How to make a request about personal information", "/privacy/request/form": "The request form, for printing",
		"/security": "Measures that protect personal information", "/links": "External sites and services", "/accessibility": "Accessibility statement",
	} {
		all = append(all, endpoint{method: "GET", path: path, summary: summary, query: []parameter{language}, answers: answers{"200": page()}})
	}
	return all
}()

// accessSchemas are the shapes of the bodies of those paths.
func accessSchemas() object {
	text := object{"type": "string"}
	count := object{"type": []any{"integer", "null"}, "minimum": 5, "description": "null: not shown"}
	counts, texts := object{"type": "array", "items": count}, object{"type": "array", "items": text}
	table := object{"type": "object", "required": []string{"code", "rows", "columns", "cells", "row_totals", "column_totals", "total"}, "properties": object{
		"code": text, "rows": texts, "columns": texts, "cells": object{"type": "array", "items": counts}, "row_totals": counts, "column_totals": counts, "total": count}}
	statistic, period := object{"enum": []any{policy.Get(policy.Access).Statistics[0].Code}}, object{"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
	return object{
		"View": object{"type": "object", "required": []string{"path"}, "additionalProperties": false, "properties": object{
			"path": object{"type": "string", "pattern": "^/[a-z0-9/.-]{0,100}$"}, "referrer": object{"type": "string", "maxLength": 2000},
			"status": object{"type": "integer", "minimum": 100, "maximum": 599}}},
		"Release": object{"type": "object", "required": []string{"statistic", "period", "released_at", "figures", "tables"}, "properties": object{
			"statistic": statistic, "period": period, "released_at": text, "figures": object{"type": "object", "additionalProperties": object{"type": "integer", "minimum": 5}},
			"tables": object{"type": "array", "items": table}}},
		"Releases": object{"type": "object", "required": []string{"items", "next"}, "properties": object{
			"items": object{"type": "array", "items": object{"type": "object", "required": []string{"statistic", "period", "released_at", "total", "url"}, "properties": object{
				"statistic": statistic, "period": period, "released_at": text, "total": count, "url": text}}},
			"next": object{"type": []any{"string", "null"}}}},
	}
}
