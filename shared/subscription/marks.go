package subscription

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"madoguchi/shared/record"
	"madoguchi/shared/text"
)

// Marks are what staff find a subscriber by, beside the keyed hash of the address: keys of sparse indexes, and so nothing of the
// person. Every writer of subscribers goes through put, or adds marked or beginnings to its update.
type Marks struct {
	Listed       string `dynamodbav:"listed,omitempty"`                 // state and shard, key of the index "state"
	ListedAt     string `dynamodbav:"listed_at,omitempty"`              // since when, and the person: nobody shares a place
	Name         string `dynamodbav:"name_beginning,omitempty"`         // keyed hash of how the name begins, key of the index "name"
	Organization string `dynamodbav:"organization_beginning,omitempty"` // likewise, key of the index "organization"
	Ending       string `dynamodbav:"ending,omitempty"`                 // whom the clock asks to stay, key of the index "ending" (ask.go)
	Initial      string `dynamodbav:"name_initial,omitempty"`           // keyed hash of the first character and shard, key of the index "initial"
}

// Names of the indexes of a list's table.
const (
	indexState        = "state"
	indexName         = "name"
	indexOrganization = "organization"
	indexInitial      = "initial"
)

// shards are the partitions of a state in its index, by the first digit of the hash: most of a list is in one state, and an import
// writes faster than one partition takes.
const shards = "0123456789abcdef"

// put adds to a transaction that a subscriber is written with its marks.
func (l *List) put(tx *record.Transaction, s Subscriber, condition record.Condition) {
	s.Marks = l.marks(s)
	tx.Put(actSubscriber, l.Table, s, condition)
}

func (l *List) marks(s Subscriber) Marks {
	m := Marks{Name: l.beginning("name", nameKey(s.Fields["name"])),
		Organization: l.beginning("organization", organizationKey(s.Fields["organization"])), Initial: l.initial(s.Fields["name"], s.Person)}
	m.Listed, m.ListedAt = place(s.State, s.Since(), s.Person)
	m.Ending = ending(s)
	return m
}

// place is where a subscriber stands in the index of states.
func place(state State, since, person string) (listed, at string) {
	return string(state) + "#" + person[:1], since + "#" + person
}

// marked adds to an update that a subscriber is in another state from now on. Only who is confirmed can be asked to stay.
func marked(update string, values record.Values, state State, at time.Time, person string) string {
	values["listed"], values["listed_at"] = place(state, stamp(at), person)
	if set, remove, removes := strings.Cut(update, " REMOVE "); state != Confirmed && removes {
		update = set + " REMOVE ending, " + remove
	} else if state != Confirmed {
		update += " REMOVE ending"
	}
	return strings.Replace(update, "SET ", "SET listed = :listed, listed_at = :listed_at, ", 1)
}

// beginnings adds to an update that a person has other fields; it returns what stands behind SET, and what behind REMOVE.
func (l *List) beginnings(person string, fields map[string]string, values record.Values) (set, remove string) {
	for _, one := range []struct{ attribute, value string }{
		{"name_beginning", l.beginning("name", nameKey(fields["name"]))},
		{"organization_beginning", l.beginning("organization", organizationKey(fields["organization"]))},
		{"name_initial", l.initial(fields["name"], person)},
	} {
		if one.value == "" { // a key of an index is never empty
			remove += ", " + one.attribute
			continue
		}
		values[one.attribute] = one.value
		set += ", " + one.attribute + " = :" + one.attribute
	}
	return set, remove
}

// Since is when the subscriber came into its state, as RFC 3339.
func (s Subscriber) Since() string {
	switch s.State {
	case Confirmed, Pending:
		return s.ConfirmedAt
	case Unsubscribed:
		return s.UnsubscribedAt
	case Bounced:
		return s.BouncedAt
	}
	return s.SubmittedAt
}

// beginningLength is how many characters of a name the index knows. Two leave some hundred people of a long list to be looked
// through, and tell who knew the key as good as nothing.
const beginningLength = 2

// beginning is the keyed hash of how a key begins, "" for none. The label keeps it apart from hashes of addresses, and those of
// one list and field from those of others.
func (l *List) beginning(field, key string) string {
	if key == "" || len(l.AddressKey) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, l.AddressKey)
	mac.Write([]byte("beginning\x00" + string(l.Service.Code) + "\x00" + field + "\x00" + begin(key)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// initial is the keyed hash of the character that a name begins with, and the shard of the person: family names of one character (林,
// 森) are looked for by it. Only Chinese characters are such names. It is sharded because some begin three names in a hundred.
func (l *List) initial(name, person string) string {
	letter, ok := familyLetter(nameKey(name))
	if !ok || len(l.AddressKey) == 0 {
		return ""
	}
	return l.initialKey(letter, person[:1])
}

func (l *List) initialKey(letter, shard string) string {
	return l.beginning("initial", letter) + "#" + shard
}

// familyLetter is the first character of a key where it may be a family name by itself.
func familyLetter(key string) (string, bool) {
	first, _ := utf8.DecodeRuneInString(key)
	return string(first), unicode.Is(unicode.Han, first)
}

func begin(key string) string {
	letters := []rune(key)
	return string(letters[:min(len(letters), beginningLength)])
}

// nameKey is a name as it is searched: without case and width, and without the space between family and given name, which half of
// the people type.
func nameKey(name string) string { return strings.ReplaceAll(text.SearchKey(name), " ", "") }

// organizationKey is nameKey without the legal forms that stand before half of the names.
func organizationKey(name string) string {
	key := nameKey(name)
	for {
		rest := key
		for _, form := range legalForms {
			if after, found := strings.CutPrefix(rest, form); found && after != "" {
				rest = after
				break
			}
		}
		if rest == key {
			return key
		}
		key = rest
	}
}

// legalForms as SearchKey leaves them: ㈱ becomes (株). Longer ones stand before those that they begin with.
var legalForms = []string{
	"株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "一般社団法人", "一般財団法人", "公益社団法人", "公益財団法人", "社団法人", "財団法人",
	"特定非営利活動法人", "npo法人", "認定npo法人", "地方独立行政法人", "独立行政法人", "国立研究開発法人", "国立大学法人", "公立大学法人", "大学共同利用機関法人",
	"学校法人", "社会福祉法人", "医療法人社団", "医療法人財団", "医療法人", "宗教法人", "特殊法人", "認可法人", "相互会社",
	"(株)", "(有)", "(合)", "(一社)", "(一財)", "(公社)", "(公財)", "(社)", "(財)", "(特非)", "(独)", "(学)", "(福)", "(医)", "(宗)",
}
