package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"madoguchi/shared/form"
	"madoguchi/shared/gallery"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

//go:embed pages.html
var pagesSource string

// pages are parsed at first use, not at start.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("pages").Parse(pagesSource)) })

// item is a photo as pages and programs see it.
type item struct {
	ID        string        `json:"id"`
	Album     gallery.Album `json:"album"`
	Caption   string        `json:"caption"`
	Credit    string        `json:"credit"`
	Terms     string        `json:"terms,omitempty"`
	Width     int           `json:"width"` // of the largest file, pixels
	Height    int           `json:"height"`
	Bytes     int           `json:"bytes"`
	Thumbnail image         `json:"thumbnail"`
	Web       image         `json:"web"`
	Page      string        `json:"page"`
	Download  string        `json:"download,omitempty"` // only with a link that opens it
}

// image is a file that pages show.
type image struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func newItem(p gallery.Photo, albums []gallery.Album, ticket string) item {
	show := func(size gallery.Size) image {
		f := p.Files[size]
		return image{"/photos/" + p.ID + "/" + string(size) + ".jpg?v=" + p.Version, f.Width, f.Height}
	}
	full := p.Files[gallery.Full]
	i := item{ID: p.ID, Album: gallery.Album{ID: p.Album, Title: title(albums, p.Album)}, Caption: p.Caption, Credit: p.Credit, Terms: p.Terms,
		Width: full.Width, Height: full.Height, Bytes: full.Bytes, Thumbnail: show(gallery.Thumbnail), Web: show(gallery.Web), Page: "/photos/" + p.ID}
	if ticket != "" {
		i.Page += "?t=" + url.QueryEscape(ticket)
		i.Download = "/photos/" + p.ID + "/download?t=" + url.QueryEscape(ticket)
	}
	return i
}

// Weight is how large the file is, for people.
func (i item) Weight() string {
	const mega = 1_000_000
	if i.Bytes < mega {
		return fmt.Sprintf("%dKB", max(1, i.Bytes/1000))
	}
	return fmt.Sprintf("%.1fMB", float64(i.Bytes)/mega)
}

type choice struct {
	Path, Title string
	Current     bool
}

type catalogueView struct {
	Ticket, Terms, Register, Next, First string
	Albums                               []choice
	Items                                []item
}

type photoView struct {
	item
	LibraryTerms, Register, Back string
}

type closedView struct{ Message, Register string }

// show writes a page. The library exists in Japanese only (R34).
func (l *library) show(w http.ResponseWriter, r *http.Request, status int, heading, name string, view any) error {
	var content bytes.Buffer
	if err := pages().ExecuteTemplate(&content, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	sentence := ""
	if web.WantsEnglish(r) {
		sentence = "This service is available in Japanese only."
	}
	return l.Site.Write(w, status, web.Page{Language: policy.Japanese, Title: heading, Service: l.Service.Name.JA, Sentence: sentence,
		Wrong: status >= http.StatusBadRequest, Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
}

func registerWords() form.Words {
	return form.Words{
		Title: policy.Text{JA: "デジタルフォトライブラリーの利用登録"},
		Lead: policy.Text{JA: "下の項目をご登録いただくと、すぐに写真をダウンロードしていただけます。後からお使いいただけるように、ダウンロード用のリンクをメールでもお送りします。" +
			"すでにご登録の方は、お送りしたメールのリンクをお使いください。見当たらないときは、もう一度ご登録ください。"},
		Button:    policy.Text{JA: "この内容で登録する"},
		DoneTitle: policy.Text{JA: "登録しました"},
		Done: policy.Text{JA: "ご登録ありがとうございます。下のボタンから、写真をダウンロードしていただけます。後からお使いいただけるリンクをメールでもお送りしました。" +
			"同じアドレスにお送りするのは1日3通までです。"},
		Next: form.Help{Path: "/photos", Label: policy.Text{JA: "写真のダウンロードへ進む"}},
	}
}
