package policy

import (
	"embed"
	"fmt"
	"strings"
)

// archive holds one file per form, form version and language: what a person saw above and on the form (R1: "old
// versions stay viewable"). It is written with the default organisation and periods; a deployment that sets others keeps
// its settings beside the submission's time. An event's own items and partners are frozen in its registrations (R32).
//
//go:embed shown/*.txt
var archive embed.FS

// Shown returns what a form showed in a version and language; ok is false for one that never existed.
func Shown(service Code, version int, l Language) (text string, ok bool) {
	b, err := archive.ReadFile("shown/" + shownName(service, version, l))
	return string(b), err == nil
}

func shownName(service Code, version int, l Language) string {
	return fmt.Sprintf("%s.%d.%s.txt", service, version, l)
}

// shows renders what the form of the service shows now; a test holds it to the archive.
func (s *Service) shows(l Language) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.Name.In(l))
	fmt.Fprintf(&b, "policy %s, form version %d, %s\n\n", Version, s.FormVersion, l)
	b.WriteString(s.Notice(DefaultOrganization(), DefaultPeriods(s), l).Text())
	b.WriteString("\n" + words.fields.In(l) + "\n")
	for _, f := range s.Fields {
		need := words.optional
		if f.Required {
			need = words.required
		}
		fmt.Fprintf(&b, "  %s %s", f.Label.In(l), need.In(l))
		if support := f.Support.In(l); support != "" {
			fmt.Fprintf(&b, " - %s", support)
		}
		b.WriteString("\n")
	}
	return b.String()
}
