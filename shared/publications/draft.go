package publications

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"madoguchi/shared/record"
	"madoguchi/shared/text"
)

// Draft is a publication as staff and the loading of content write it (contract: "/_local/load").
type Draft struct {
	ID        string `json:"id"`
	Title     Words  `json:"title"`
	Language  string `json:"language"` // "ja", or several with commas
	Stock     int    `json:"stock"`    // copies that can be asked for from now on; what is reserved or sent is apart
	Limit     int    `json:"limit"`    // copies that one request may ask for
	About     Words  `json:"about"`
	Pages     int    `json:"pages"`
	Withdrawn bool   `json:"withdrawn"`
	Thumbnail string `json:"thumbnail"` // picture of the cover as a data: address (PNG or JPEG)
}

// DraftError says what is wrong with drafts, and where: "[3].title.ja", "" for all of them.
type DraftError struct{ Place, Reason string }

func (e *DraftError) Error() string { return "publications" + e.Place + ": " + e.Reason }

const (
	mostDrafts = 150 // a form has at most 200 parameters
	mostCopies = 1_000_000
	mostLimit  = 1000
	mostPages  = 5000
	titleMax   = 120 // graphemes
	aboutMax   = 300
	idLetters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
)

// Check tells everything that is wrong with drafts before any of them is stored: *DraftErrors, joined.
func Check(drafts []Draft) error {
	var wrong []error
	say := func(place, format string, args ...any) {
		wrong = append(wrong, &DraftError{place, fmt.Sprintf(format, args...)})
	}
	if len(drafts) == 0 || len(drafts) > mostDrafts {
		say("", "1 to %d publications are allowed", mostDrafts)
	}
	seen := map[string]bool{}
	for i, d := range drafts {
		place := fmt.Sprintf("[%d]", i)
		switch {
		case d.ID == "" || len(d.ID) > 40 || strings.Trim(d.ID, idLetters) != "":
			say(place+".id", "1 to 40 letters, digits, _ and - are allowed")
		case seen[d.ID]:
			say(place+".id", "occurs twice")
		}
		seen[d.ID] = true
		line := func(member, value string, required bool, most int) {
			cleaned, err := text.Line(value)
			switch {
			case !required && value == "":
			case err != nil, cleaned == "", cleaned != value, text.TooLong(value, most, most*25):
				say(place+"."+member, "one line of 1 to %d characters is needed, without white space around", most)
			}
		}
		line("title.ja", d.Title.JA, true, titleMax)
		line("title.en", d.Title.EN, false, titleMax)
		line("about.ja", d.About.JA, false, aboutMax)
		line("about.en", d.About.EN, false, aboutMax)
		for code := range strings.SplitSeq(d.Language, ",") {
			if languages[strings.TrimSpace(code)] == "" {
				say(place+".language", "is not a language that is known here, such as ja, en or th; several stand with commas between")
				break
			}
		}
		for _, n := range []struct {
			member           string
			value, low, high int
		}{{"stock", d.Stock, 0, mostCopies}, {"limit", d.Limit, 1, mostLimit}, {"pages", d.Pages, 0, mostPages}} {
			if n.value < n.low || n.value > n.high {
				say(place+"."+n.member, "must be %d to %d", n.low, n.high)
			}
		}
		if _, _, err := readCover(d.Thumbnail); err != nil {
			say(place+".thumbnail", "%s", err.Error())
		}
	}
	return errors.Join(wrong...)
}

// Save stores drafts; what is there under the same id is replaced, its reserved and sent copies stay as they are. The error is
// Check's, or record.ErrUnavailable.
func (s *Store) Save(ctx context.Context, drafts []Draft) error {
	if err := Check(drafts); err != nil {
		return err
	}
	for i, d := range drafts {
		if err := s.save(ctx, d, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) save(ctx context.Context, d Draft, position int) error {
	p := Publication{Kind: publicationKind, ID: d.ID, Title: d.Title, About: d.About, Languages: d.Language, Pages: d.Pages, Limit: d.Limit,
		Withdrawn: d.Withdrawn, Order: position, Left: d.Stock}
	media, picture, err := readCover(d.Thumbnail)
	if err != nil {
		return err
	}
	if len(picture) > 0 {
		sum := sha256.Sum256(picture)
		p.Cover = hex.EncodeToString(sum[:6])
		if _, err := record.Put(ctx, s.Client, s.Catalogue, Cover{coverKind, d.ID, p.Cover, media, picture}, record.Condition{}); err != nil {
			return err
		}
	}
	for range rounds {
		var old Publication
		found, err := record.Get(ctx, s.Client, s.Catalogue, publicationKey(d.ID), s.Now(), &old)
		if err != nil {
			return err
		}
		condition := record.IfAbsent(s.Now())
		p.Reserved, p.Sent = 0, 0
		if found {
			// Nobody has reserved or sent a copy since it was read.
			condition = record.Condition{Expression: "n_left = :left AND n_reserved = :reserved AND n_sent = :sent",
				Values: record.Values{"left": old.Left, "reserved": old.Reserved, "sent": old.Sent}}
			p.Reserved, p.Sent = old.Reserved, old.Sent
		}
		p.Supplied = p.Left + p.Reserved + p.Sent
		if held, err := record.Put(ctx, s.Client, s.Catalogue, p, condition); held || err != nil {
			return err
		}
	}
	return errContended
}
