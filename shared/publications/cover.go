package publications

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"

	"madoguchi/shared/record"
)

// Cover is the picture of a publication's cover.
type Cover struct {
	Kind    string `dynamodbav:"pk"` // coverKind
	ID      string `dynamodbav:"sk"`
	Version string `dynamodbav:"version"` // of the picture: part of its address
	Media   string `dynamodbav:"media"`   // image/png or image/jpeg
	Picture []byte `dynamodbav:"picture"`
}

const (
	mostCoverBytes = 60_000
	mostCoverSide  = 800 // pixels
)

// readCover takes a picture out of a data: address; nothing for none. The picture's size is looked at before it is decoded.
func readCover(address string) (media string, picture []byte, err error) {
	if address == "" {
		return "", nil, nil
	}
	head, encoded, _ := strings.Cut(address, ",")
	readers := map[string]struct {
		size   func([]byte) (image.Config, error)
		decode func([]byte) error
	}{
		"image/png": {func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := png.Decode(bytes.NewReader(b)); return err }},
		"image/jpeg": {func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
			func(b []byte) error { _, err := jpeg.Decode(bytes.NewReader(b)); return err }},
	}
	media = strings.TrimSuffix(strings.TrimPrefix(head, "data:"), ";base64")
	read, known := readers[media]
	if !known || head != "data:"+media+";base64" {
		return "", nil, errors.New("must be a data: address of a PNG or JPEG in base64")
	}
	if len(encoded) > base64.StdEncoding.EncodedLen(mostCoverBytes) {
		return "", nil, fmt.Errorf("at most %d bytes are allowed", mostCoverBytes)
	}
	if picture, err = base64.StdEncoding.DecodeString(encoded); err != nil {
		return "", nil, errors.New("is not base64")
	}
	size, err := read.size(picture)
	if err != nil {
		return "", nil, errors.New("is not such a picture")
	}
	if size.Width > mostCoverSide || size.Height > mostCoverSide {
		return "", nil, fmt.Errorf("is larger than %d by %d pixels", mostCoverSide, mostCoverSide)
	}
	if read.decode(picture) != nil {
		return "", nil, errors.New("is a broken picture")
	}
	return media, picture, nil
}

// FindCover reads the picture of a publication in that version; false where there is none. The error is record.ErrUnavailable.
func (s *Store) FindCover(ctx context.Context, id, version string) (Cover, bool, error) {
	var c Cover
	found, err := record.Get(ctx, s.Client, s.Catalogue, record.Key(coverKind, id), s.Now(), &c)
	return c, found && version != "" && c.Version == version, err
}
