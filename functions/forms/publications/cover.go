package main

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"madoguchi/shared/publications"
	"madoguchi/shared/web"
)

// figure is the picture beside a publication: its cover from our own address, or a drawn one. It says nothing that the title and the
// facts do not say, so that a screen reader passes it by.
func figure(path string, p publications.Publication) template.HTML {
	if p.Cover != "" {
		return template.HTML(fmt.Sprintf(`<div class="figure"><img src="%s/%s/cover?v=%s" alt="" width="80" loading="lazy"></div>`, //nolint:gosec // id and version are letters and digits (publications.Check)
			path, p.ID, p.Cover))
	}
	ground := [...]string{"#00379a", "#0b6623", "#7a2e00", "#5c2d91", "#00565c", "#8a1538"}
	colour := 0 // always the same for the same publication
	for _, letter := range p.ID {
		colour += int(letter)
	}
	code, _, _ := strings.Cut(p.Languages, ",")
	return template.HTML(fmt.Sprintf(`<div class="figure"><svg viewBox="0 0 60 84" width="80" height="112" aria-hidden="true" focusable="false">`+ //nolint:gosec // a colour of ours and the code of a language
		`<rect width="60" height="84" fill="%s"/><rect x="5" width="1.5" height="84" fill="#fff" opacity=".5"/>`+
		`<path d="M16 22h32M16 29h32M16 36h20" stroke="#fff" stroke-width="2.5"/><text x="48" y="74" fill="#fff" font-size="9" text-anchor="end">%s</text></svg></div>`,
		ground[colour%len(ground)], strings.ToUpper(code)))
}

// cover answers with the picture of a cover. Its address changes with the picture, so that browsers may keep it.
func (c *counter) cover(w http.ResponseWriter, r *http.Request) error {
	picture, found, err := c.store.FindCover(r.Context(), r.PathValue("publication"), r.URL.Query().Get("v"))
	if err != nil {
		return err
	}
	if !found {
		return web.ErrNotFound
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", picture.Media)
	_, err = w.Write(picture.Picture)
	return err
}
