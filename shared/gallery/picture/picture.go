// Package picture makes the files of a photo that the library keeps: upright, in three sizes, without anything that the camera or a
// program wrote into them - where the photo was taken above all - but with the credit. It decodes what people hand in, so it looks at
// the size that a file announces before it decodes it.
//
// Scaling is golang.org/x/image/draw, which the Go project maintains; the libraries built on top of it (disintegration/imaging and
// its like) have had no release in years. No function of the public pages imports this package.
package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // the other format that is taken
	"strings"

	"golang.org/x/image/draw"

	"madoguchi/shared/gallery"
)

// Limits of what is taken in.
const (
	MaxBytes  = 40 << 20   // of a file
	maxPixels = 50_000_000 // decoded, some 200 MB
	maxSide   = 20_000     // pixels
	minLong   = 320        // pixels of the longer side: less is no photo to download
)

// Errors of Make, each for the person who handed the file in.
var (
	ErrFormat   = errors.New("is no JPEG or PNG picture")
	ErrDamaged  = errors.New("is damaged: it cannot be decoded")
	ErrTooLarge = fmt.Errorf("is too large: at most %d MB, %d megapixels and %d pixels on a side", MaxBytes>>20, maxPixels/1_000_000, maxSide)
	ErrTooSmall = fmt.Errorf("is too small: the longer side must have at least %d pixels", minLong)
	ErrCMYK     = errors.New("is made for print (CMYK): save it in RGB")
)

// longest side of the files, in pixels, and quality of the JPEG, 1 to 100.
var (
	longest = map[gallery.Size]int{gallery.Thumbnail: 480, gallery.Web: 1280, gallery.Full: maxSide}
	quality = map[gallery.Size]int{gallery.Thumbnail: 80, gallery.Web: 85, gallery.Full: 92}
)

// Make returns the files of a photo. The entry's texts are written into the files, so another credit makes another version. The
// error is one of those above.
func Make(content []byte, e gallery.Entry) (gallery.Picture, error) {
	if len(content) > MaxBytes {
		return gallery.Picture{}, ErrTooLarge
	}
	announced, format, err := image.DecodeConfig(bytes.NewReader(content))
	switch {
	case errors.Is(err, image.ErrFormat), err == nil && format != "jpeg" && format != "png": // another package may know more formats
		return gallery.Picture{}, ErrFormat
	case err != nil:
		return gallery.Picture{}, ErrDamaged
	case announced.Width > maxSide || announced.Height > maxSide || announced.Width*announced.Height > maxPixels:
		return gallery.Picture{}, ErrTooLarge
	case max(announced.Width, announced.Height) < minLong || min(announced.Width, announced.Height) < 1:
		return gallery.Picture{}, ErrTooSmall
	case announced.ColorModel == color.CMYKModel:
		return gallery.Picture{}, ErrCMYK
	}
	decoded, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return gallery.Picture{}, ErrDamaged
	}
	var kept found
	if format == "jpeg" {
		kept = look(content)
	}
	upright := turn(flat(decoded), kept.orientation)
	head := head(e, kept.profile)
	made := gallery.Picture{Version: version(content, head), Files: map[gallery.Size]gallery.PictureFile{}}
	for _, size := range gallery.Sizes {
		scaled := scale(upright, longest[size])
		file, err := encode(scaled, quality[size], head)
		if err != nil {
			return gallery.Picture{}, err
		}
		made.Files[size] = gallery.PictureFile{Content: file, Width: scaled.Bounds().Dx(), Height: scaled.Bounds().Dy()}
	}
	return made, nil
}

// version names a picture by what goes into its files.
func version(content, head []byte) string {
	h := sha256.New()
	h.Write(head)
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// flat returns a picture without transparency: what shines through becomes white, as paper would.
func flat(m image.Image) image.Image {
	if opaque, ok := m.(interface{ Opaque() bool }); ok && opaque.Opaque() {
		return m
	}
	out := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Over)
	return out
}

// turn applies an orientation of EXIF: the camera's record of how it was held, 1 being upright.
func turn(m image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return m
	}
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation > 4 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			out.Set(tx, ty, m.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// scale makes the longer side at most that long. A picture is never enlarged.
func scale(m image.Image, most int) image.Image {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	if w <= most && h <= most {
		return m
	}
	if w >= h {
		w, h = most, max(1, (h*most+w/2)/w)
	} else {
		w, h = max(1, (w*most+h/2)/h), most
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), m, m.Bounds(), draw.Src, nil)
	return out
}

// encode writes a JPEG with our head behind its first marker.
func encode(m image.Image, quality int, head []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	const start = 2 // FF D8
	file := out.Bytes()
	return bytes.Join([][]byte{file[:start], head, file[start:]}, nil), nil
}

// Name proposes the name of a photo from the name of its file: "Market 01.JPG" gives "market-01". What no name can be made of gives
// one that the check refuses.
func Name(file string) string {
	if dot := strings.LastIndexByte(file, '.'); dot > 0 {
		file = file[:dot]
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(file), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '.' }), "-")
}
