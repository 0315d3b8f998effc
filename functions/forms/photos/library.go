package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"madoguchi/shared/desk"
	"madoguchi/shared/gallery"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// library serves the catalogue, the registration and the downloads.
type library struct {
	*desk.Desk
	persons   string // table of registrations
	downloads string // table of counts
	photos    *gallery.Store
	terms     string // of use, for all photos
}

const (
	// pageSize is how many photos a page of the catalogue shows: each is a request of its own for its thumbnail.
	pageSize = 12
	// linkLife is how long a link to a file opens it: long enough to begin a download on a slow line.
	linkLife = 5 * time.Minute
)

func (l *library) handler() http.Handler {
	mux := l.Site.NewMux()
	l.Engine.Register(mux, l.registerForm())
	mux.Handle("GET /photos", l.catalogue)
	mux.Handle("GET /photos/{photo}", l.photo)
	mux.Handle("GET /photos/{photo}/download", l.download)
	mux.Handle("GET /photos/{photo}/thumbnail.jpg", l.file(gallery.Thumbnail))
	mux.Handle("GET /photos/{photo}/web.jpg", l.file(gallery.Web))
	return mux
}

// ticket is the t of a request that opens the downloads, "" where it has none. A wrong or an expired one is an error: the page that
// was asked for would lack what its reader came for.
func (l *library) ticket(r *http.Request) (string, error) {
	if !r.URL.Query().Has("t") {
		return "", nil
	}
	if _, err := l.opened(r); err != nil {
		return "", err
	}
	return r.URL.Query().Get("t"), nil
}

// catalogue is GET /photos: albums and a page of photos. It changes nothing, with a link of ours as without (hard case 12).
func (l *library) catalogue(w http.ResponseWriter, r *http.Request) error {
	ctx, query := r.Context(), r.URL.Query()
	ticket, err := l.ticket(r)
	if err != nil {
		return l.closed(w, r, err)
	}
	albums, err := l.photos.Albums(ctx)
	if err != nil {
		return err
	}
	album := query.Get("album")
	if album != "" && title(albums, album) == "" {
		return web.ErrNotFound
	}
	photos, next, err := l.photos.Page(ctx, album, query.Get("cursor"), pageSize)
	switch {
	case errors.Is(err, gallery.ErrCursor):
		return &web.Error{Kind: web.BadRequest, Cause: err, Message: policy.Text{
			JA: "ページの指定が正しくありません。はじめのページからご覧ください。", EN: "There is no such page. Please begin with the first one."}}
	case err != nil:
		return err
	}
	items := make([]item, len(photos))
	for i, p := range photos {
		items[i] = newItem(p, albums, ticket)
	}
	if web.WantsJSON(r) {
		var cursor *string // null after the last page, as in every list
		if next != "" {
			cursor = &next
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", struct {
			Items []item  `json:"items"`
			Next  *string `json:"next"`
		}{items, cursor})
	}
	v := catalogueView{Ticket: ticket, Items: items, Terms: l.terms, Register: l.Service.Path}
	for _, a := range append([]gallery.Album{{Title: "すべて"}}, albums...) {
		v.Albums = append(v.Albums, choice{Path: place(ticket, "album", a.ID), Title: a.Title, Current: a.ID == album})
	}
	if next != "" {
		v.Next = place(ticket, "album", album, "cursor", next)
	}
	if query.Get("cursor") != "" {
		v.First = place(ticket, "album", album)
	}
	heading := "写真を見る"
	if ticket != "" {
		heading = "写真のダウンロード"
	}
	return l.show(w, r, http.StatusOK, heading, "catalogue", v)
}

// place is a page of the catalogue. Empty values are left out.
func place(ticket string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if ticket != "" {
		query.Set("t", ticket)
	}
	if len(query) == 0 {
		return "/photos"
	}
	return "/photos?" + query.Encode()
}

func title(albums []gallery.Album, id string) string {
	for _, a := range albums {
		if a.ID == id {
			return a.Title
		}
	}
	return ""
}

// photo is GET /photos/{photo}: one photo, larger.
func (l *library) photo(w http.ResponseWriter, r *http.Request) error {
	ticket, err := l.ticket(r)
	if err != nil {
		return l.closed(w, r, err)
	}
	p, err := l.find(r)
	if err != nil {
		return err
	}
	albums, err := l.photos.Albums(r.Context())
	if err != nil {
		return err
	}
	one := newItem(p, albums, ticket)
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", one)
	}
	return l.show(w, r, http.StatusOK, p.Caption, "photo", photoView{one, l.terms, l.Service.Path, place(ticket, "album", p.Album)})
}

func (l *library) find(r *http.Request) (gallery.Photo, error) {
	p, found, err := l.photos.Find(r.Context(), r.PathValue("photo"))
	if err == nil && !found {
		err = web.ErrNotFound
	}
	return p, err
}

// download is GET /photos/{photo}/download?t=: to the file, for who has registered. Each is counted, but not what only looks: HEAD,
// and a browser that fetches ahead.
func (l *library) download(w http.ResponseWriter, r *http.Request) error {
	registration, err := l.opened(r)
	if err != nil {
		return l.closed(w, r, err)
	}
	p, err := l.find(r)
	if err != nil {
		return err
	}
	size := gallery.Full
	switch r.URL.Query().Get("size") {
	case "", string(gallery.Full):
	case string(gallery.Web):
		size = gallery.Web
	default:
		return web.ErrNotFound
	}
	target, err := l.photos.Link(r.Context(), p, size, linkLife)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet && !strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		if err := l.used(r.Context(), registration, p.ID); err != nil {
			return l.closed(w, r, err)
		}
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
	return nil
}

// file serves a file that pages show, through our own address: pages load nothing from elsewhere, and it may be kept for ever, since
// its address names its version.
func (l *library) file(size gallery.Size) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := l.find(r)
		if err != nil {
			return err
		}
		tag := `"` + p.Version + `"`
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "public, max-age=300") // an address without the version, or with an old one
		if r.URL.Query().Get("v") == p.Version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		content, err := l.photos.Read(r.Context(), p, size)
		if errors.Is(err, objects.ErrNotFound) { // exchanged or taken out in this moment
			err = web.ErrNotFound
		}
		if err != nil {
			w.Header().Del("ETag")
			w.Header().Set("Cache-Control", "no-store")
			return err
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, err = w.Write(content) //nolint:gosec // a picture that we encoded ourselves, as image/jpeg with nosniff
		return err
	}
}

// closed answers a link that opens nothing: with the way to a registration for people, as an error for programs.
func (l *library) closed(w http.ResponseWriter, r *http.Request, err error) error {
	var shown *web.Error
	if !errors.As(err, &shown) || web.WantsJSON(r) || shown != errForged && shown != errExpired {
		return err
	}
	web.Note(r.Context(), err)
	return l.show(w, r, shown.Kind.Status(), shown.Kind.Title().JA, "closed", closedView{Message: shown.Message.JA, Register: l.Service.Path})
}
