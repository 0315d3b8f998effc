// Package gallery is the catalogue of the photo library (policy 3(5)): which photos there are, with captions, credit and terms, and
// the files of each. It holds nothing of persons: who registered and what was downloaded stand elsewhere, so that what looks after
// photos cannot read registrations. The pages, the command that adds photos and the staff pages share its store and its checks.
//
// How files are made of a photo is package picture, which the functions behind the pages do not need.
package gallery

import (
	"errors"
	"fmt"
	"strings"

	"madoguchi/shared/text"
)

// Size names one of the files of a photo.
type Size string

// The files of a photo.
const (
	Thumbnail Size = "thumbnail" // in lists
	Web       Size = "web"       // on the photo's own page, and to download for use on screens
	Full      Size = "full"      // as large as it came
)

// Sizes are all files, the smallest first.
var Sizes = []Size{Thumbnail, Web, Full}

// File is what the catalogue says of one file of a photo.
type File struct {
	Width  int `dynamodbav:"w"` // pixels
	Height int `dynamodbav:"h"`
	Bytes  int `dynamodbav:"b"`
}

// Album is a part of the library.
type Album struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Entry is a photo as somebody describes it who adds it.
type Entry struct {
	Album   Album
	Name    string // within the album, a-z 0-9 and hyphens; also the name of its file
	Caption string // what is seen; also the alternative text
	Credit  string // to be shown wherever the photo is used
	Terms   string // conditions beyond those of the library, may be empty
}

// ID is the photo's id: album and name. Ids sort by album, then by name, and that is the order of the catalogue.
func (e Entry) ID() string { return e.Album.ID + "-" + e.Name }

// Photo is a photo of the catalogue.
type Photo struct {
	ID      string        `dynamodbav:"sk"`
	Album   string        `dynamodbav:"album"` // its id
	Caption string        `dynamodbav:"caption"`
	Credit  string        `dynamodbav:"credit"`
	Terms   string        `dynamodbav:"terms,omitempty"`
	Version string        `dynamodbav:"version"` // of the picture: another one under the same id has another version
	Files   map[Size]File `dynamodbav:"files"`
	AddedAt string        `dynamodbav:"added_at"` // RFC 3339
}

// key is where a file of a photo lies in the bucket. It holds the version, so that a page never shows half of an exchange.
func (p Photo) key(s Size) string { return string(s) + "/" + p.ID + "/" + p.Version + ".jpg" }

// Picture is a photo's files with their contents, as package picture makes them.
type Picture struct {
	Version string
	Files   map[Size]PictureFile
}

// PictureFile is one file, a JPEG.
type PictureFile struct {
	Content       []byte
	Width, Height int
}

// EntryError says what is wrong with a description, for the person who wrote it.
type EntryError struct {
	Field  string // album, album_title, name, caption, credit, terms
	Reason string
}

func (e *EntryError) Error() string { return e.Field + ": " + e.Reason }

// most bytes of ids.
const (
	maxAlbum = 20
	maxName  = 40
)

// isWords tells text of a-z and 0-9 with single hyphens between its words. (A pattern would be compiled at each cold start.)
func isWords(s string) bool {
	for word := range strings.SplitSeq(s, "-") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			return false
		}
	}
	return true
}

func isAlbum(s string) bool { return len(s) <= maxAlbum && isWords(s) && !strings.Contains(s, "-") }

func isName(s string) bool { return len(s) <= maxName && isWords(s) }

// most characters (graphemes) of the texts.
const (
	maxTitle   = 60
	maxCaption = 200
	maxCredit  = 100
	maxTerms   = 300
)

// IsID tells what can be the id of a photo.
func IsID(id string) bool {
	album, name, ok := strings.Cut(id, "-")
	return ok && isAlbum(album) && isName(name)
}

// Check returns the description with its texts cleaned, or everything that is wrong with it: *EntryErrors, joined.
func (e Entry) Check() (Entry, error) {
	var wrong []error
	say := func(field, reason string) { wrong = append(wrong, &EntryError{field, reason}) }
	if !isAlbum(e.Album.ID) {
		say("album", "must be 1 to 20 of a-z and 0-9")
	}
	if !isName(e.Name) {
		say("name", fmt.Sprintf("must be at most %d of a-z and 0-9, with single hyphens between them", maxName))
	}
	for _, t := range []struct {
		field    string
		text     *string
		most     int
		optional bool
	}{
		{"album_title", &e.Album.Title, maxTitle, false}, {"caption", &e.Caption, maxCaption, false},
		{"credit", &e.Credit, maxCredit, false}, {"terms", &e.Terms, maxTerms, true},
	} {
		clean, err := text.Line(*t.text)
		var problem text.Problem
		switch {
		case err == nil && clean == "", errors.As(err, &problem) && problem == text.Empty:
			if !t.optional {
				say(t.field, "is missing")
			}
			clean = ""
		case err != nil:
			say(t.field, "cannot be used: "+err.Error())
		case text.TooLong(clean, t.most, t.most*bytesPerGrapheme):
			say(t.field, fmt.Sprintf("has more than %d characters", t.most))
		}
		*t.text = clean
	}
	return e, errors.Join(wrong...)
}

// bytesPerGrapheme bounds what one visible character may weigh.
const bytesPerGrapheme = 25
