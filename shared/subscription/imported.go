package subscription

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// ChannelImport marks subscribers who came with a list that the office kept before (policy: channel "import").
const ChannelImport = "import"

// Evidence is what shows a consent that was not given on our form: where and when the person gave it, and to which words. When is
// a day (2019-05-01), or a month or a year where no more is known.
type Evidence struct {
	Where string `dynamodbav:"where" json:"where"`
	When  string `dynamodbav:"when" json:"when"`
	Words string `dynamodbav:"words" json:"words"`
}

// HereLimit is how many people Here looks up at once: each has three keys, and DynamoDB takes a hundred.
const HereLimit = 33

// Here is what is stored of a person, for an import: the zero value is nothing.
type Here struct {
	Subscriber Subscriber
	Found      bool   // there is a record
	Suppressed string // reason of the suppression, "" for none
	Moved      bool   // the person has another address by now
	Import     string // the import that the suppression came with
}

// Free reports whether nothing is known of a person: whoever is known in any state keeps it, whatever a file says.
func (h Here) Free() bool { return !h.Found && h.Suppressed == "" && !h.Moved }

// OptedOut is why a person must not be written to: unsubscribed, bounced or complained; "" for no reason.
func (h Here) OptedOut() string {
	switch {
	case h.Suppressed != "":
		return h.Suppressed
	case h.Found && (h.Subscriber.State == Unsubscribed || h.Subscriber.State == Bounced):
		return string(h.Subscriber.State)
	}
	return ""
}

// Fields are the fields of the list's form with the choices that it has now.
func (l *List) Fields(ctx context.Context) ([]form.Field, error) {
	var options []form.Option
	if slices.ContainsFunc(l.Service.Fields, func(f policy.Field) bool { return f.Options == policy.BusinessCategories }) {
		all, err := l.categories(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			options = append(options, form.Option{Value: c.Value, Label: policy.Text{JA: c.Label}})
		}
	}
	return declared(l.Service, options), nil
}

// Look reads what is stored of up to HereLimit people, in one call. The error is record.ErrUnavailable.
func (l *List) Look(ctx context.Context, people []string) (map[string]Here, error) {
	own, ours := record.Batch{}, record.Batch{}
	for _, person := range people {
		own.Keys = append(own.Keys, Key(person), record.Key(pointerKey(person)))
		ours.Keys = append(ours.Keys, record.Key(person, string(l.Service.Code)))
	}
	all := make(map[string]Here, len(people))
	err := record.GetAll(ctx, l.Client, map[string]record.Batch{l.Table: own, l.Suppression: ours}, l.Now(), func(table string, item record.Item) error {
		if table == l.Suppression {
			h := all[record.Text(item, "pk")]
			h.Suppressed, h.Import = record.Text(item, "reason"), record.Text(item, "import_id")
			all[record.Text(item, "pk")] = h
			return nil
		}
		person := record.Text(item, "sk")
		h := all[person]
		if record.Text(item, "state") == string(Moved) {
			h.Moved = true
		} else {
			h.Found = true
			if err := attributevalue.UnmarshalMap(item, &h.Subscriber); err != nil {
				return errors.New("decode subscriber") // the library's error may quote a value
			}
		}
		all[person] = h
		return nil
	})
	return all, err
}

// importRef is the reference of everybody who came with an import.
func importRef(id string) string { return "I" + id }

// Imported makes a confirmed subscriber of cleaned values and the evidence of the consent. The time to keep it counts from now, when
// the office has taken the list over: the evidence says when the consent was given.
func (l *List) Imported(values map[string]string, e Evidence, id string) (Subscriber, error) {
	to, err := address.Parse(values["email"])
	if err != nil {
		return Subscriber{}, errors.New("imported address does not parse")
	}
	now := l.Now()
	person := to.Key(l.AddressKey)
	s := Subscriber{PK: person[:2], Person: person, State: Confirmed, Email: values["email"], Fields: without(values, "email"),
		Proof: Proof{Ref: importRef(id), Policy: policy.Version, FormVersion: l.Service.FormVersion, Language: policy.Japanese,
			Channel: ChannelImport, OpenedAt: stamp(now), SubmittedAt: stamp(now), Evidence: &e},
		ConfirmedAt: stamp(now), ExpiresAt: l.Periods.Expiry(string(Confirmed), now).Unix()}
	s.Seal, s.Marks = s.seal(), l.marks(s)
	return s, nil
}

// seal is a hash of what the person can change by the link in the mail: an undo takes back only what nobody has changed.
func (s Subscriber) seal() string {
	text, err := json.Marshal([]any{s.Email, s.Fields}) // keys of a map are sorted
	if err != nil {
		panic(err) // texts can be written as JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// byImport counts on one item, whoever comes and goes: a transaction of many people has room for no more.
func (l *List) byImport() *List {
	apart := *l
	apart.tallied = "import"
	return &apart
}

// AddActions is how many actions of a transaction Add takes for one person.
const AddActions = 4

// Add adds to a transaction that an imported subscriber is on the list, if nothing at all is known of the person: no record in
// any state, no suppression, no other address. Nothing is mailed.
func (l *List) Add(tx *record.Transaction, s Subscriber) {
	l = l.byImport()
	l.put(tx, s, record.IfAbsent(l.Now()))
	l.tally(tx, s.Person, countImported, 1, l.Now())
	l.keepConsent(tx, actConsent, s, s.ExpiresAt+int64(l.Periods.Of("consent").Seconds()), "")
	tx.Check(actSuppression, l.Suppression, record.Key(s.Person, string(l.Service.Code)), record.Condition{Expression: "attribute_not_exists(pk)"})
	tx.Check("pointer", l.Table, record.Key(pointerKey(s.Person)), record.IfAbsent(l.Now()))
}

// Remove adds to a transaction that a subscriber who came with an import is gone again, with the evidence. It reports false, and
// adds nothing, where somebody has changed anything since.
func (l *List) Remove(tx *record.Transaction, s Subscriber, id string) bool {
	l = l.byImport()
	if s.State != Confirmed || s.Ref != importRef(id) || s.Change != nil || s.Seal == "" || s.Seal != s.seal() {
		return false
	}
	condition := unchanged(s)
	condition.Expression += " AND attribute_not_exists(#change) AND email = :was_email AND #fields = :was_fields"
	condition.Values["was_email"], condition.Values["was_fields"] = s.Email, s.Fields
	condition.Names = append(condition.Names, "change", "fields")
	tx.Delete(actSubscriber, l.Table, Key(s.Person), condition)
	l.settle(tx, s)
	l.tally(tx, s.Person, countImported, -1, l.Now())
	tx.Delete(actConsent, l.Table, record.Key(consentKey(s.Person, s.Ref)), record.Condition{})
	return true
}

// OptOut is an old wish or an old failure that an office brings along.
type OptOut struct {
	Person string
	Reason string    // unsubscribed, bounced or complained
	Since  time.Time // zero where the file does not say
	Import string
}

// OptOutReasons are the reasons that an opt-out can have.
func OptOutReasons() []string { return []string{string(Unsubscribed), string(Bounced), complained} }

// Outdone reports whether an opt-out is older than a consent that the person gave here by a click: the newer wish counts. A consent that
// was imported, or that staff added with its evidence, is never newer: it was given elsewhere, and which of the two came first cannot be
// told. Nor is one that nobody gave.
func (o OptOut) Outdone(h Here) bool {
	s := h.Subscriber
	clicked := h.Found && s.Evidence == nil && s.Channel != ChannelImport && s.Channel != ChannelSynthetic
	return clicked && (s.State == Confirmed || s.State == Pending) && !o.Since.IsZero() && s.consentedAfter(o.Since.Add(24*time.Hour))
}

// OptOutActions is how many actions of a transaction Leave takes for one person at most.
const OptOutActions = 4

// Leave adds to a transaction that a person must not be written to, and that a subscription ends. h is what was read of the
// person. It reports false, and adds nothing, where that is so already.
func (l *List) Leave(tx *record.Transaction, o OptOut, h Here) bool {
	l = l.byImport()
	s, now := h.Subscriber, l.Now()
	subscribed := h.Found && (s.State == Confirmed || s.State == Pending)
	if h.Suppressed != "" && !subscribed {
		return false
	}
	if h.Suppressed == "" {
		since := now
		if !o.Since.IsZero() {
			since = o.Since
		}
		tx.Put(actSuppression, l.Suppression, suppression{Person: o.Person, List: string(l.Service.Code), Reason: o.Reason, Since: stamp(since), Import: o.Import},
			record.Condition{Expression: "attribute_not_exists(pk)"})
	}
	switch {
	case !h.Found:
		tx.Check(actSubscriber, l.Table, Key(o.Person), record.IfAbsent(now))
	case !subscribed:
		// A click that confirms in this moment is not lost, and a subscriber never suppressed as well.
		tx.Check(actSubscriber, l.Table, Key(o.Person), unchanged(s))
	case o.Reason == string(Bounced):
		l.bounce(tx, s)
	default:
		kept := s.ExpiresAt
		if s.State == Pending || o.Reason == complained {
			kept = 0
		}
		values := record.Values{"state": Unsubscribed, "at": stamp(now), "kept": kept, "expires": l.Periods.Expiry(string(Unsubscribed), now).Unix(), "import": o.Import}
		update := marked("SET #state = :state, unsubscribed_at = :at, kept_until = :kept, expires_at = :expires, left_by = :import REMOVE #change",
			values, Unsubscribed, now, o.Person)
		tx.Update(actSubscriber, l.Table, Key(o.Person), update, values, unchanged(s), "change")
		l.settle(tx, s)
		if s.State == Confirmed {
			l.tally(tx, s.Person, countLeft, 1, now)
		}
		l.endConsent(tx, actConsent, s, now)
	}
	return true
}

// Return adds to a transaction that an opt-out of an import is taken back: the suppression goes, and a subscription that it ended
// stands again while its profile is kept. It reports false, and adds nothing, where anything has changed since.
func (l *List) Return(tx *record.Transaction, h Here, person, id string) bool {
	l = l.byImport()
	if h.Import != id {
		return false
	}
	s := h.Subscriber
	tx.Delete(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)),
		record.Condition{Expression: "import_id = :import", Values: record.Values{"import": id}})
	if h.Found && s.State == Unsubscribed && s.LeftBy == id && s.KeptUntil > l.Now().Unix() {
		l.put(tx, l.again(tx, s), unchanged(s))
	}
	return true
}
