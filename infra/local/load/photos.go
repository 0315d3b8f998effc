package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"madoguchi/infra/local/stack"
	"madoguchi/infra/photos/sample"
	"madoguchi/shared/gallery"
	"madoguchi/shared/gallery/picture"
)

func init() { stack.RegisterLoader("photos", photos) }

// photos adds photos to the library, each with its picture as base64 or the name of one that this project draws itself:
// [{album: {id, title}, name, caption, credit, terms?, image | sample}].
func photos(_ context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	var wanted []struct {
		Album   gallery.Album `json:"album"`
		Name    string        `json:"name"`
		Caption string        `json:"caption"`
		Credit  string        `json:"credit"`
		Terms   string        `json:"terms"`
		Image   []byte        `json:"image"`
		Sample  string        `json:"sample"`
	}
	if err := strict(content, &wanted); err != nil {
		return nil, &stack.LoadError{Reason: "must be a list of {album: {id, title}, name, caption, credit, terms, image (base64) or sample} and nothing else"}
	}
	type photo struct {
		entry gallery.Entry
		made  gallery.Picture
	}
	var ready []photo
	var wrong []error
	seen := map[string]bool{}
	for i, w := range wanted {
		say := func(field, reason string) {
			wrong = append(wrong, &stack.LoadError{Place: fmt.Sprintf("[%d].%s", i, field), Reason: reason})
		}
		entry, err := gallery.Entry{Album: w.Album, Name: w.Name, Caption: w.Caption, Credit: w.Credit, Terms: w.Terms}.Check()
		for _, e := range entryErrors(err) {
			say(e.Field, e.Reason)
		}
		if seen[entry.ID()] {
			say("name", "stands here twice")
		}
		seen[entry.ID()] = true
		file, field := w.Image, "image"
		if w.Sample != "" {
			field = "sample"
			var known bool
			if file, known = sample.Draw(w.Sample); !known {
				say(field, fmt.Sprintf("is none of %v", sample.Names()))
				continue
			}
		}
		if (w.Sample == "") == (len(w.Image) == 0) {
			say(field, "give either an image or a sample")
			continue
		}
		made, err := picture.Make(file, entry)
		if err != nil {
			say(field, err.Error())
		}
		ready = append(ready, photo{entry, made})
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	env := in.Environment("PhotosFunction")
	files := in.Bucket(env["PHOTOS_BUCKET"])
	store := &gallery.Store{Client: in.DynamoDB, Table: env["PHOTO_CATALOGUE_TABLE"], Files: files, Shelf: files, Now: time.Now}
	return func(ctx context.Context) (int, error) {
		for i, p := range ready {
			if err := store.Save(ctx, p.entry, p.made); err != nil {
				return i, err
			}
		}
		return len(ready), nil
	}, nil
}

// entryErrors takes the *gallery.EntryErrors out of a joined error.
func entryErrors(err error) []*gallery.EntryError {
	var out []*gallery.EntryError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			var one *gallery.EntryError
			if errors.As(e, &one) {
				out = append(out, one)
			}
		}
	}
	return out
}
