package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"madoguchi/shared/gallery"
)

var described = gallery.Entry{Album: gallery.Album{ID: "laos", Title: "ラオス"}, Name: "market", Caption: "市場 <朝> & 夕", Credit: "撮影：山田", Terms: "要連絡"}

// quarters is a picture whose corner tells how it is turned: red at the top left, else white, with a blue stripe along the top.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case x < w/4 && y < h/4:
				c = color.RGBA{255, 0, 0, 255}
			case y < h/4:
				c = color.RGBA{0, 0, 255, 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withHead puts segments into a JPEG.
func withHead(file []byte, segments ...[]byte) []byte {
	return bytes.Join(append(append([][]byte{file[:2]}, segments...), file[2:]), nil)
}

func part(marker byte, body []byte) []byte {
	var out bytes.Buffer
	segment(&out, marker, body)
	return out.Bytes()
}

// exif is what a camera writes: the orientation, and further on where it was.
func exif(order binary.ByteOrder, orientation uint16) []byte {
	var b bytes.Buffer
	if order == binary.LittleEndian {
		b.WriteString("II*\x00")
	} else {
		b.WriteString("MM\x00*")
	}
	put := func(v any) { _ = binary.Write(&b, order, v) }
	put(uint32(8))
	put(uint16(2))
	for _, e := range []struct {
		tag, kind uint16
		count     uint32
		value     uint16
	}{{0x010F, 2, 4, 0}, {0x0112, 3, 1, orientation}} {
		put(e.tag)
		put(e.kind)
		put(e.count)
		put(e.value)
		put(uint16(0))
	}
	put(uint32(0))
	b.WriteString("GPS N35.6895 E139.6917 SECRET-PLACE")
	return part(markerAPP1, append(bytes.Clone(exifName), b.Bytes()...))
}

func profile(space string, size int) []byte {
	p := make([]byte, size)
	binary.BigEndian.PutUint32(p, uint32(size))
	copy(p[16:], space)
	copy(p[size-8:], "THE-END!")
	return p
}

func profileParts(p []byte, size int) (segments [][]byte) {
	n := (len(p) + size - 1) / size
	for i := range n {
		body := append(bytes.Clone(profileName), byte(i+1), byte(n))
		segments = append(segments, part(markerAPP2, append(body, p[i*size:min(len(p), (i+1)*size)]...)))
	}
	return segments
}

func decode(t *testing.T, file []byte) image.Image {
	t.Helper()
	m, format, err := image.Decode(bytes.NewReader(file))
	if err != nil || format != "jpeg" {
		t.Fatalf("%s, %v", format, err)
	}
	return m
}

func TestAPhotoIsMadeInThreeSizes(t *testing.T) {
	made, err := Make(asPNG(t, quarters(2000, 1500)), described)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[gallery.Size]image.Point{gallery.Thumbnail: {480, 360}, gallery.Web: {1280, 960}, gallery.Full: {2000, 1500}} {
		file := made.Files[size]
		got := decode(t, file.Content).Bounds().Size()
		if got != want || file.Width != want.X || file.Height != want.Y {
			t.Errorf("%s: %v, said to be %d×%d, want %v", size, got, file.Width, file.Height, want)
		}
		for _, text := range []string{"撮影：山田", "市場 &lt;朝&gt; &amp; 夕", "要連絡"} {
			if !bytes.Contains(file.Content, []byte(text)) {
				t.Errorf("%s does not carry %q", size, text)
			}
		}
	}
	small, err := Make(asJPEG(t, quarters(400, 300)), described)
	if err != nil || small.Files[gallery.Web].Width != 400 || small.Files[gallery.Thumbnail].Width != 400 {
		t.Errorf("a small photo is enlarged: %v, %v", small.Files[gallery.Web].Width, err)
	}
	other := described
	other.Credit = "撮影：鈴木"
	if again, err := Make(asJPEG(t, quarters(400, 300)), other); err != nil || again.Version == small.Version {
		t.Errorf("another credit has the same version (%v)", err)
	}
}

// EXIF: where the photo was taken goes, how the camera was held is applied.
func TestTheCamerasNotesAreAppliedAndLeftBehind(t *testing.T) {
	file := asJPEG(t, quarters(400, 320))
	notes := [][]byte{
		part(markerAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x>SECRET-PLACE</x>")), part(0xED, []byte("Photoshop 3.0\x00SECRET-PLACE")),
		part(0xFE, []byte("SECRET-PLACE")),
	}
	for orientation, corner := range map[uint16]image.Point{
		0: {0, 0}, 1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}, 9: {0, 0},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			made, err := Make(withHead(file, append([][]byte{exif(order, orientation)}, notes...)...), described)
			if err != nil {
				t.Fatal(err)
			}
			for size, f := range made.Files {
				if bytes.Contains(f.Content, []byte("SECRET-PLACE")) || bytes.Contains(f.Content, exifName) {
					t.Errorf("%s holds what the camera wrote", size)
				}
			}
			m := decode(t, made.Files[gallery.Full].Content)
			b := m.Bounds()
			if turned := orientation >= 5 && orientation <= 8; turned != (b.Dx() == 320) {
				t.Errorf("orientation %d: %v", orientation, b)
			}
			at := image.Point{10 + corner.X*(b.Dx()-20), 10 + corner.Y*(b.Dy()-20)}
			if r, g, _, _ := m.At(at.X, at.Y).RGBA(); r < 0xC000 || g > 0x4000 {
				t.Errorf("orientation %d: the red corner is not at %v", orientation, at)
			}
		}
	}
}

func TestColoursKeepTheirProfile(t *testing.T) {
	file := asJPEG(t, quarters(400, 320))
	rgb := profile("RGB ", 150_000)
	made, err := Make(withHead(file, profileParts(rgb, 40_000)...), described)
	if err != nil {
		t.Fatal(err)
	}
	for size, f := range made.Files {
		if got := look(f.Content).profile; !bytes.Equal(got, rgb) {
			t.Errorf("%s: a profile of %d bytes, want %d", size, len(got), len(rgb))
		}
		decode(t, f.Content)
	}
	for name, other := range map[string][]byte{"grey": profile("GRAY", 500), "cut off": profile("RGB ", 500)[:400], "endless": profile("RGB ", 2<<20)} {
		made, err := Make(withHead(file, profileParts(other, 60_000)...), described)
		if err != nil || bytes.Contains(made.Files[gallery.Full].Content, profileName) {
			t.Errorf("a profile that is %s is kept (%v)", name, err)
		}
	}
}

func TestTransparencyBecomesPaper(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 400, 400))
	made, err := Make(asPNG(t, m), described)
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := decode(t, made.Files[gallery.Full].Content).At(200, 200).RGBA(); min(r, g, b) < 0xF000 {
		t.Errorf("what shines through is %x %x %x", r, g, b)
	}
}

// bomb is a PNG of some bytes that says that it has billions of pixels.
func bomb(width, height uint32) []byte {
	head := []byte("IHDR\x00\x00\x00\x00\x00\x00\x00\x00\x08\x02\x00\x00\x00")
	binary.BigEndian.PutUint32(head[4:], width)
	binary.BigEndian.PutUint32(head[8:], height)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestWhatIsNoPhotoIsRefused(t *testing.T) {
	var moving bytes.Buffer
	if err := gif.Encode(&moving, quarters(400, 400), nil); err != nil {
		t.Fatal(err)
	}
	file := asJPEG(t, quarters(400, 320))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":            {nil, ErrFormat},
		"a text":             {[]byte(strings.Repeat("text ", 1000)), ErrFormat},
		"a page":             {[]byte("<!doctype html><svg onload=alert(1)>"), ErrFormat},
		"a GIF":              {moving.Bytes(), ErrFormat},
		"cut off":            {file[:len(file)/2], ErrDamaged},
		"only a beginning":   {file[:3], ErrDamaged},
		"a bomb":             {bomb(19_999, 19_999), ErrTooLarge},
		"a bomb in one line": {bomb(1<<31-1, 1), ErrTooLarge},
		"too many bytes":     {append(bytes.Clone(file), make([]byte, MaxBytes)...), ErrTooLarge},
		"a stamp":            {asPNG(t, quarters(300, 319)), ErrTooSmall},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Make(c.file, described); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for file, want := range map[string]string{"Market 01.JPG": "market-01", "a_b.jpeg": "a-b", "a.b.png": "a-b", "市場.jpg": "市場", ".jpg": "jpg"} {
		if got := Name(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// Whatever stands in a file's head, reading it ends, and what is kept of it is bounded.
func FuzzLook(f *testing.F) {
	file := asJPEG(f, quarters(8, 8))
	f.Add(withHead(file, exif(binary.BigEndian, 6)))
	f.Add(withHead(file, profileParts(profile("RGB ", 300), 100)...))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x02"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got := look(file)
		if len(got.profile) > len(file) {
			t.Errorf("%d bytes of profile in %d", len(got.profile), len(file))
		}
		if again := look(withHead([]byte{0xFF, 0xD8}, head(described, got.profile))); !bytes.Equal(again.profile, got.profile) {
			t.Error("the profile is not written as it was read")
		}
	})
}
