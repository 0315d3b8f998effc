package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"strings"

	"madoguchi/shared/gallery"
)

// found is what is read of a JPEG's head. Everything else in it is left behind.
type found struct {
	orientation int    // EXIF 0x0112; 0: none
	profile     []byte // ICC profile of RGB colours, without which they would be shown wrongly; nil: none
}

// Markers of JPEG (ITU-T T.81, table B.1), without the leading FF.
const (
	markerScan = 0xDA
	markerAPP1 = 0xE1
	markerAPP2 = 0xE2
)

var (
	exifName    = []byte("Exif\x00\x00")
	profileName = []byte("ICC_PROFILE\x00")
	xmpName     = []byte("http://ns.adobe.com/xap/1.0/\x00")
)

// look reads the segments before the picture itself. The file has been decoded already; what is odd in its head is passed over.
func look(file []byte) found {
	var f found
	rest := file
	if len(rest) < 2 {
		return f
	}
	rest = rest[2:]
	for len(rest) >= 4 && rest[0] == 0xFF {
		marker := rest[1]
		if marker == 0xFF { // filling
			rest = rest[1:]
			continue
		}
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if marker == markerScan || length < 2 || 2+length > len(rest) {
			break
		}
		body := rest[4 : 2+length]
		switch {
		case marker == markerAPP1 && bytes.HasPrefix(body, exifName) && f.orientation == 0:
			f.orientation = orientation(body[len(exifName):])
		case marker == markerAPP2 && bytes.HasPrefix(body, profileName) && len(body) > len(profileName)+2:
			f.profile = append(f.profile, body[len(profileName)+2:]...) // parts come in order
		}
		rest = rest[2+length:]
	}
	if !isRGBProfile(f.profile) {
		f.profile = nil
	}
	return f
}

// isRGBProfile tells a profile of RGB from one of grey or of print, whose pictures come out as RGB here.
func isRGBProfile(profile []byte) bool {
	const most = 1 << 20 // so that it fits in 255 parts again; those of cameras have some kB
	return len(profile) > 128 && len(profile) <= most && int(binary.BigEndian.Uint32(profile)) == len(profile) && string(profile[16:20]) == "RGB "
}

// orientation reads tag 0x0112 of the first directory of a TIFF block; 0 where there is none.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:2]) {
	case "II":
		order = binary.LittleEndian
	case "MM":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	directory := tiff[at:]
	const entry, tag, short = 12, 0x0112, 3
	for i := range int(order.Uint16(directory)) {
		from := 2 + i*entry
		if from+entry > len(directory) {
			return 0
		}
		e := directory[from : from+entry]
		if order.Uint16(e) == tag && order.Uint16(e[2:]) == short {
			return int(order.Uint16(e[8:]))
		}
	}
	return 0
}

// head is what stands in every file of ours: caption, credit and terms as XMP, and the colours' profile.
func head(e gallery.Entry, profile []byte) []byte {
	var out bytes.Buffer
	segment(&out, markerAPP1, append(bytes.Clone(xmpName), xmp(e)...))
	// A segment has at most 65 533 bytes; a profile may come in up to 255 parts, each with its number and how many there are.
	const part = 65_000
	parts := (len(profile) + part - 1) / part
	for i := range parts {
		chunk := profile[i*part : min(len(profile), (i+1)*part)]
		body := append(bytes.Clone(profileName), byte(i+1), byte(parts)) //nolint:gosec // a profile came in at most 255 segments of about that size
		segment(&out, markerAPP2, append(body, chunk...))
	}
	return out.Bytes()
}

func segment(out *bytes.Buffer, marker byte, body []byte) {
	out.Write([]byte{0xFF, marker})
	_ = binary.Write(out, binary.BigEndian, uint16(len(body)+2)) //nolint:gosec // the caller keeps to the limit; a Buffer never fails
	out.Write(body)
}

// xmp is the packet that picture programs read the credit from (XMP; IPTC's "credit line" and "rights usage terms").
func xmp(e gallery.Entry) []byte {
	var b strings.Builder
	lang := func(property, value string) {
		if value != "" {
			b.WriteString("<" + property + `><rdf:Alt><rdf:li xml:lang="x-default">` + escaped(value) + "</rdf:li></rdf:Alt></" + property + ">")
		}
	}
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"` +
		` xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">`)
	lang("dc:description", e.Caption)
	lang("dc:rights", e.Credit)
	b.WriteString("<photoshop:Credit>" + escaped(e.Credit) + "</photoshop:Credit>")
	lang("xmpRights:UsageTerms", e.Terms)
	b.WriteString(`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`)
	return []byte(b.String())
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
