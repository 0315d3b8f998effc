package main

import (
	"net/http"
	"path"
	"strings"

	"madoguchi/shared/inquiries"
)

// Limits of what is taken aside. The rest stays in the mail's source, listed with the reason.
const (
	maxFiles    = 20
	maxFileSize = 10 << 20 // bytes, decoded
	maxFileName = 200      // letters
)

// file is an attachment of a mail.
type file struct {
	name, mediaType string
	content         []byte
}

// mayKeep are the endings of files that are taken aside: documents, tables, slides, pictures, sound, archives, mails. None is run by
// opening it; documents with macros (.docm), pages (.html, .svg) and programs are not among them.
var mayKeep = func() map[string]bool {
	m := map[string]bool{}
	for _, ending := range strings.Fields(`pdf txt csv tsv rtf doc docx odt xls xlsx ods ppt pptx odp jtd hwp
		jpg jpeg png gif webp heic heif tif tiff bmp mp3 m4a wav mp4 mov zip eml ics vcf p7s asc dat`) {
		m["."+ending] = true
	}
	return m
}()

// programs begin so, whatever they are called.
var programs = []string{"MZ", "\x7fELF", "#!", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "L\x00\x00\x00\x01\x14\x02\x00"}

// held says why a file is not taken aside: "" where it is.
func (f file) held(position int) string {
	switch {
	case position >= maxFiles:
		return "number"
	case len(f.content) > maxFileSize:
		return "size"
	case !mayKeep[strings.ToLower(path.Ext(f.name))]:
		return "type"
	case strings.EqualFold(path.Ext(f.name), ".dat") && !f.isTNEF():
		return "type"
	}
	for _, magic := range programs {
		if strings.HasPrefix(string(f.content[:min(len(f.content), 16)]), magic) {
			return "type"
		}
	}
	if strings.HasPrefix(http.DetectContentType(f.content), "text/html") {
		return "type"
	}
	return ""
}

// isTNEF tells Outlook's winmail.dat by its first bytes. It is taken aside as it is: what is in it is for a program of the staff's.
func (f file) isTNEF() bool {
	return strings.HasPrefix(string(f.content[:min(len(f.content), 4)]), "\x78\x9f\x3e\x22")
}

// named lists the files of a mail. Those of a bin are in the mail's source alone.
func named(files []file, bin inquiries.State) []inquiries.Attachment {
	var all []inquiries.Attachment
	for i, f := range files {
		if i >= 5*maxFiles {
			break // a record has a size, too; the source holds the rest
		}
		held := f.held(i)
		if bin != "" {
			held = string(bin)
		}
		all = append(all, inquiries.Attachment{Name: f.name, Type: f.mediaType, Size: int64(len(f.content)), Held: held})
	}
	return all
}
