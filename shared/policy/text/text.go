// Package text holds the organisation's published privacy policy, every version in every language, as it stands on the
// page (R1: "old versions stay viewable").
//
// It is the organisation's own text: names and addresses in it stay as they were published and do not follow the
// settings. An organisation that adopts the program puts its own files here, named VERSION.LANGUAGE.txt; parse.go says
// how they are written. A published file is never changed: a new version is a new file.
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"madoguchi/shared/policy"
)

//go:embed *.txt
var published embed.FS

// Document is one version of the policy in one language.
type Document struct {
	Version  string // the day of the version, "2022-09-08", as in policy.Version
	Language policy.Language
	Title    string
	Date     string // the day as people write it
	// Provisional says that the text is a translation which the organisation has not published as its own.
	Provisional bool
	Sections    []Section // numbered from 1
}

// Section is one numbered part of the policy.
type Section struct {
	Number  int
	Heading string
	Blocks  []Block
}

// ID is the anchor of the section: "section-7".
func (s Section) ID() string { return fmt.Sprintf("section-%d", s.Number) }

// Block is a paragraph or, where List is set, a list.
type Block struct {
	Paragraph []Span
	List      *List
}

// Span is a piece of a paragraph: text, or a mail address to write to.
type Span struct {
	Text string
	Mail bool
}

// Style is how the items of a list are marked.
type Style string

// The styles of the policy.
const (
	Clauses Style = "clauses" // (1) (2) (3)
	Roman   Style = "roman"   // i. ii. iii.
	Bullets Style = "bullets" // ・
)

// List is a list whose items count from 1.
type List struct {
	Style Style
	Items []Item
}

// Item is one item of a list.
type Item struct {
	ID     string // anchor: "section-7-1-iv" is 7(1)iv; bullets have none
	Marker string // "(1)", "iv.", "・"
	Text   []Span
	Blocks []Block // what stands below it
}

// Version is one version of the policy in all languages of the public pages.
type Version struct {
	ID        string
	Documents map[policy.Language]*Document
}

// Versions are the versions of the policy, the newest first.
type Versions []Version

// Find returns the version with that id.
func (v Versions) Find(id string) (Version, bool) {
	i := slices.IndexFunc(v, func(one Version) bool { return one.ID == id })
	if i < 0 {
		return Version{}, false
	}
	return v[i], true
}

// Published returns the versions that are built into the program.
func Published() (Versions, error) { return Load(published) }

// Load reads versions from the files VERSION.LANGUAGE.txt of a folder. The error names the file and the line that is
// wrong, or the language that a version lacks.
func Load(folder fs.FS) (Versions, error) {
	names, err := fs.Glob(folder, "*.txt")
	if err != nil {
		return nil, fmt.Errorf("list policy texts: %w", err)
	}
	var versions Versions
	for _, name := range names {
		source, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read policy text: %w", err)
		}
		id, language, _ := strings.Cut(strings.TrimSuffix(name, ".txt"), ".")
		document, err := parse(string(source))
		if err != nil {
			return nil, fmt.Errorf("policy text %s: %w", name, err)
		}
		document.Version, document.Language = id, policy.Language(language)
		// Names come sorted, so the languages of a version follow each other.
		if len(versions) == 0 || versions[len(versions)-1].ID != id {
			versions = append(versions, Version{ID: id, Documents: map[policy.Language]*Document{}})
		}
		versions[len(versions)-1].Documents[document.Language] = document
	}
	for _, v := range versions {
		for _, l := range []policy.Language{policy.Japanese, policy.English} {
			if v.Documents[l] == nil {
				return nil, fmt.Errorf("policy text of %s is missing in %q", v.ID, l)
			}
		}
	}
	slices.Reverse(versions)
	return versions, nil
}
