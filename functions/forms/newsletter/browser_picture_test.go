package main_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"madoguchi/infra/browser"
	"madoguchi/infra/tools"
)

var updateImages = flag.Bool("update-images", false, "write docs/images/journey.png anew")

const (
	// maxPicture is the size that a README can ask of its readers, in bytes.
	maxPicture = 300 << 10
	// pictureGap is the room around and between the phones, in device pixels.
	pictureGap = 36
)

// testPicture makes the README's picture, so that it can be made at any time and shows what there is: the form, the check
// page, the mail in the inbox and the end, side by side on phones.
func (w *screen) testPicture(t *testing.T) {
	const email = "hanako@example.jp"
	size := browser.Phone
	size.Scale = 1.5
	p := w.chromium.Page(t, browser.Options{Size: size})
	var phones []image.Image
	w.check(t, p, email)
	p.Submit("button[value=edit]")
	browser.Eval[bool](p, "scroll to the fields", `document.querySelector("label").scrollIntoView(); scrollBy(0, -20); return true`)
	phones = append(phones, window(t, p))
	p.Submit("button[value=check]")
	phones = append(phones, window(t, p))
	p.Submit("button[value=submit]")
	confirm := w.sentLink(t, email, "/newsletter/confirm")
	p.Open(w.URL() + "/_local/mail/" + w.sent(t, email, confirm).ID + "?view=phone")
	phones = append(phones, window(t, p))
	p.Open(confirm)
	p.Submit("main button")
	phones = append(phones, window(t, p))

	picture := encode(t, fewColours(sideBySide(phones)))
	if len(picture) > maxPicture {
		t.Errorf("the picture has %d bytes, more than %d", len(picture), maxPicture)
	}
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "docs", "images", "journey.png")
	if *updateImages {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("the README's picture: %v (make it with -update-images)", err)
	}
	have, err := png.DecodeConfig(bytes.NewReader(kept))
	if err != nil {
		t.Fatalf("the README's picture: %v", err)
	}
	want, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if have.Width != want.Width || have.Height != want.Height || len(kept) > maxPicture {
		t.Errorf("the README's picture has %d × %d pixels and %d bytes, want %d × %d and at most %d: make it with -update-images",
			have.Width, have.Height, len(kept), want.Width, want.Height, maxPicture)
	}
}

// window takes a picture of what the window shows.
func window(t *testing.T, p *browser.Page) image.Image {
	t.Helper()
	var shot []byte
	p.Do("take a picture", chromedp.Func(func(ctx context.Context, target *chromedp.Target) (err error) {
		shot, err = chromedp.CaptureScreenshot()(ctx, target)
		return err
	}))
	m, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatalf("read a screenshot: %v", err)
	}
	return m
}

// sideBySide lays pictures in a row on a quiet ground.
func sideBySide(all []image.Image) *image.RGBA {
	whole := image.Point{X: pictureGap}
	for _, m := range all {
		whole.X += m.Bounds().Dx() + pictureGap
		whole.Y = max(whole.Y, m.Bounds().Dy()+2*pictureGap)
	}
	row := image.NewRGBA(image.Rectangle{Max: whole})
	draw.Draw(row, row.Bounds(), image.NewUniform(color.RGBA{0xd8, 0xdc, 0xe6, 0xff}), image.Point{}, draw.Src)
	at := image.Pt(pictureGap, pictureGap)
	for _, m := range all {
		draw.Draw(row, m.Bounds().Sub(m.Bounds().Min).Add(at), m, m.Bounds().Min, draw.Src)
		at.X += m.Bounds().Dx() + pictureGap
	}
	return row
}

// fewColours keeps the 256 commonest colours; each other one becomes the nearest of them. Text on plain grounds has few
// colours, and the file becomes a third as large.
func fewColours(m *image.RGBA) *image.Paletted {
	count := map[color.RGBA]int{}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			count[m.RGBAAt(x, y)]++
		}
	}
	common := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return cmp.Compare(count[b], count[a]) })
	var palette color.Palette
	for _, c := range common[:min(256, len(common))] {
		palette = append(palette, c)
	}
	nearest := make(map[color.RGBA]uint8, len(count))
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(m.Bounds(), palette)
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			out.SetColorIndex(x, y, nearest[m.RGBAAt(x, y)])
		}
	}
	return out
}

func encode(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
