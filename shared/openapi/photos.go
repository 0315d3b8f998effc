package openapi

// photos are the catalogue of the photo library and its downloads; its registration is a form.
var photos = []endpoint{
	{method: "GET", path: "/photos", summary: "The photo library: a page of the catalogue; with a link's token, with downloads",
		query:   []parameter{language, linked, {name: "album", about: "Only this album"}, {name: "cursor", about: "Opaque; from the page before"}},
		answers: answers{"200": either("PhotoList")}, failures: []string{"400", "404", "410", "503"}},
	{method: "GET", path: "/photos/{photo}", summary: "One photo", query: []parameter{language, linked}, answers: answers{"200": either("Photo")},
		failures: []string{"400", "404", "410", "503"}},
	{method: "GET", path: "/photos/{photo}/download", summary: "Download a photo: to an address that is valid for minutes; only with a live registration",
		query:   []parameter{linked, {name: "size", about: "As large as it came, or for use on screens", schema: object{"type": "string", "enum": []any{"full", "web"}}}},
		answers: answers{"302": nil}, failures: []string{"400", "404", "410", "503"}},
	{method: "GET", path: "/photos/{photo}/thumbnail.jpg", summary: "A small picture of a photo", query: []parameter{version},
		answers: answers{"200": plain("image/jpeg"), "304": nil}, failures: []string{"404", "503"}},
	{method: "GET", path: "/photos/{photo}/web.jpg", summary: "A picture of a photo for screens", query: []parameter{version},
		answers: answers{"200": plain("image/jpeg"), "304": nil}, failures: []string{"404", "503"}},
}

var version = parameter{name: "v", about: "Version of the picture: with it the answer may be kept for ever"}

// photoSchemas are the shapes of the catalogue.
func photoSchemas() object {
	text, number := object{"type": "string"}, object{"type": "integer", "minimum": 1}
	required := func(properties object, names ...string) object {
		return object{"type": "object", "properties": properties, "required": names}
	}
	picture := required(object{"url": text, "width": number, "height": number}, "url", "width", "height")
	return object{
		"Photo": required(object{
			"id": text, "album": required(object{"id": text, "title": text}, "id", "title"), "caption": text, "credit": text, "terms": text,
			"width": number, "height": number, "bytes": number, "thumbnail": picture, "web": picture, "page": text,
			"download": object{"type": "string", "description": "Only with a link's token"},
		}, "id", "album", "caption", "credit", "width", "height", "bytes", "thumbnail", "web", "page"),
		"PhotoList": required(object{"items": object{"type": "array", "items": object{"$ref": "#/components/schemas/Photo"}},
			"next": object{"type": []any{"string", "null"}, "description": "Cursor of the next page; null after the last"}}, "items", "next"),
	}
}
