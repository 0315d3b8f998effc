package registration

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/event"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

const (
	// tries bounds how often a registration looks for a seat: each try draws among the seats that were free a moment before,
	// so that only a crowd as large as what is left needs several.
	tries = 10
	// noticesPerDay is how many registrations of one event one address may make a day: an office registers its people, a
	// robot does not fill a stranger's mailbox.
	noticesPerDay = 30
	// remindersPerDay is how many times a day an address is told that it is registered already.
	remindersPerDay = 3
)

// Names of the actions of transactions.
const (
	actRegistration = "registration"
	actSeat         = "seat"
	actMark         = "mark"
	actCap          = "cap"
	actNext         = "next"
)

// Application is what somebody asks for: the cleaned values of the event's form.
type Application struct {
	Event     *event.Event
	Reference string
	Values    map[string]string
	Language  policy.Language
	Channel   string
	Opened    time.Time // zero where no form was opened
	At        time.Time
	// Spend joins the transaction that stores the registration, and is told how it fares; nil where nothing is to be spent.
	Spend func(tx *record.Transaction, as State)
	// Silent leaves out mail and limits: content that staff load.
	Silent bool
}

// Errors for the person, both with what to do.
var (
	ErrFull = &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "申し訳ありません。満席になったため、登録できませんでした。取り消しが出た場合は登録いただけるようになりますので、しばらくしてからもう一度お確かめください。",
		EN: "We are sorry: the last seat has gone, so you could not be registered. If somebody cancels, you can register then; please try again later."}}
	ErrTooMany = &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "このメールアドレスでは、今日はこれ以上登録できません。続けて登録される場合は、明日お試しいただくか、お問い合わせ先までご連絡ください。",
		EN: "No more people can be registered with this address today. Please try again tomorrow, or write to our contact."}}
	// ErrAlready says that the same person is registered already: told to staff, never to a visitor.
	ErrAlready = errors.New("the same person is registered already")
)

// errContended says that the seats were fought over in every try; the person may try again.
var errContended = errors.Join(errors.New("every try met another registration"), record.ErrUnavailable)

// Register stores a registration in one transaction without a read: record, seat, mark of the person, spent token, mail. Only
// where that is cancelled does it ask which seats are free. It returns how the person stands as far as the page may say: the
// same person a second time takes no seat, is told by mail, and sees what anybody would.
//
// Errors: a *web.Error (ErrFull, ErrTooMany), a *record.Cancelled by the spent token, ErrAlready for silent ones,
// record.ErrUnavailable.
func (b *Book) Register(ctx context.Context, a Application) (State, error) {
	fresh, briefs, err := b.build(a)
	if err != nil {
		return "", err
	}
	mode, n := fresh.Mode, 0
	if n, err = b.draw(ctx, a.Event, mode, contended.was(a.Event.ID+"/"+mode)); err != nil {
		return "", err
	}
	already, capped := "", false // reference of the registration that stands, if the person has one
	for range tries {
		as := Registered
		if n == 0 {
			if as = Waiting; !a.Event.WaitingList {
				return "", ErrFull
			}
		}
		var tx record.Transaction
		switch {
		case already != "":
			b.tellAlready(&tx, a, fresh, already, as, capped)
		default:
			b.put(&tx, a, fresh, briefs, as, n)
		}
		err := tx.Commit(ctx, b.Client)
		if err == nil {
			return as, nil
		}
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return "", err
		}
		if _, spent := cancelled.Failed[guard.TokenAction]; spent {
			return "", err
		}
		if _, full := cancelled.Failed[actCap]; full {
			if already == "" {
				return "", ErrTooMany
			}
			capped = true
		}
		var known mark
		switch known, err = knownMark(cancelled); {
		case err != nil:
			return "", err
		case known.Ref != "" && a.Silent:
			return "", ErrAlready
		case known.Ref != "":
			already = known.Ref
		}
		if _, taken := cancelled.Failed[actSeat]; taken {
			contended.note(a.Event.ID+"/"+mode, true)
			if n, err = b.draw(ctx, a.Event, mode, true); err != nil {
				return "", err
			}
		}
	}
	return "", errContended
}

func knownMark(cancelled *record.Cancelled) (mark, error) {
	var known mark
	_, err := cancelled.Old(actMark, &known)
	return known, err
}

// build makes the registration of an application, and the items with values of shorter periods.
func (b *Book) build(a Application) (Registration, []brief, error) {
	to, err := address.Parse(a.Values["email"])
	if err != nil {
		return Registration{}, nil, errors.New("an application's address did not parse twice") // it was cleaned before
	}
	r := Registration{Event: a.Event.ID, Ref: a.Reference, Person: to.Key(b.Guard.Key), CreatedAt: stamp(a.At), Email: a.Values["email"],
		Fields: map[string]string{}, EventVersion: a.Event.Version, Policy: policy.Version, FormVersion: policy.Get(policy.Events).FormVersion,
		Language: a.Language, Channel: a.Channel, Mode: a.Event.Mode(a.Values[event.Attendance]), Joined: a.At.UnixMilli(), Told: a.Event.Sequence}
	if !a.Opened.IsZero() {
		r.OpenedAt = stamp(a.Opened)
	}
	r.Mark = b.markKey(r, a.Values["name"])
	briefs := b.split(a.Event, &r, a.Values, a.At)
	return r, briefs, nil
}

// split sorts the cleaned values into the registration, the consents, and items of their own for what expires earlier.
func (b *Book) split(e *event.Event, r *Registration, values map[string]string, at time.Time) []brief {
	days := map[string]int{}
	for _, f := range e.Fields {
		days[f.Name] = f.ExpiresAfterDays
	}
	byDays := map[int]map[string]string{}
	r.Consents, r.Brief = nil, nil
	for _, f := range e.FormFields() {
		value := values[f.Name]
		partner, isConsent := strings.CutPrefix(f.Name, event.ConsentPrefix)
		switch {
		case f.Name == "email", value == "":
		case isConsent:
			r.Consents = append(r.Consents, Consent{Partner: partner, Given: value == "true", Text: f.Label.In(r.Language), At: stamp(at)})
		case days[f.Name] > 0:
			if byDays[days[f.Name]] == nil {
				byDays[days[f.Name]] = map[string]string{}
			}
			byDays[days[f.Name]][f.Name] = value
		default:
			r.Fields[f.Name] = value
		}
	}
	var briefs []brief
	for _, n := range slices.Sorted(maps.Keys(byDays)) {
		pk, sk := briefKey(r.Event, r.Ref, n)
		briefs = append(briefs, brief{PK: pk, SK: sk, Fields: byDays[n]})
		r.Brief = append(r.Brief, n)
	}
	return briefs
}

// briefExpiry is when values expire that are kept for some days after the event, never later than the registration.
func (b *Book) briefExpiry(e *event.Event, s State, days int) int64 {
	return min(e.EndsAt.AddDate(0, 0, days).Unix(), b.expiry(e, s).Unix())
}

// markKey is the key by which the same person is known again for an event: address and name, as people would compare them.
// A secretary may register several people from one address.
func (b *Book) markKey(r Registration, name string) string {
	return "mark#" + b.Guard.Hash("registrant", r.Event+"\x00"+r.Person+"\x00"+strings.ReplaceAll(text.SearchKey(name), " ", ""))
}

// put adds a registration to a transaction: on seat n, or on the waiting list where n is 0.
func (b *Book) put(tx *record.Transaction, a Application, r Registration, briefs []brief, as State, n int) {
	if a.Spend != nil {
		a.Spend(tx, as)
	}
	r.State, r.Seat = as, n
	expires := b.expiry(a.Event, as)
	r.ExpiresAt = expires.Unix()
	r.todo(a.Event, a.At)
	tx.Put(actRegistration, b.Table, r, record.Condition{Expression: "attribute_not_exists(pk)"})
	tx.Put(actMark, b.Table, mark{r.Mark, markSort, r.Ref, r.ExpiresAt}, record.IfAbsent(a.At))
	if n > 0 {
		pk, sk := seatKey(r.Event, r.Mode, n)
		tx.Put(actSeat, b.Table, seat{pk, sk, r.Ref, r.ExpiresAt}, record.IfAbsent(a.At))
	}
	for _, values := range briefs {
		values.ExpiresAt = b.briefExpiry(a.Event, as, r.Brief[slices.IndexFunc(briefs, func(x brief) bool { return x.SK == values.SK })])
		tx.Put("brief "+values.SK, b.Table, values, record.Condition{})
	}
	if a.Silent {
		return
	}
	b.Guard.Cap(tx, actCap, "mail/events/"+r.Event, r.Person, noticesPerDay, a.At)
	if as == Waiting {
		b.enqueue(tx, a.Event, r, policy.EventWaiting)
	} else {
		b.enqueue(tx, a.Event, r, policy.EventRegistered)
	}
}

// tellAlready adds to a transaction that a person who is registered is told so by mail. It holds nothing of what was typed.
func (b *Book) tellAlready(tx *record.Transaction, a Application, r Registration, ref string, as State, capped bool) {
	if a.Spend != nil {
		a.Spend(tx, as)
	}
	if capped {
		return
	}
	b.Guard.Cap(tx, actCap, "mail/events_already/"+r.Event, r.Person, remindersPerDay, a.At)
	r.Ref = ref
	b.enqueue(tx, a.Event, r, policy.EventAlready)
}

// draw returns the number of a seat to try, 0 where none is free. At first any will do: most events are far from full when
// people register. Where that met a taken one, it asks which are free.
func (b *Book) draw(ctx context.Context, e *event.Event, mode string, ask bool) (int, error) {
	capacity := e.Capacity.Of(mode)
	switch {
	case !slices.Contains(e.Capacity.Modes(), mode):
		return 0, errors.New("an application for seats that the event does not have")
	case capacity == 0:
		return 0, nil // no seats yet
	case !ask:
		return 1 + rand.N(capacity), nil //nolint:gosec // a seat's number is no secret
	}
	free, err := b.some(ctx, e, mode)
	if err == nil && len(free) == 0 {
		free, err = b.free(ctx, e, mode)
	}
	if err != nil || len(free) == 0 {
		return 0, err
	}
	return free[rand.N(len(free))], nil //nolint:gosec // a seat's number is no secret
}

// contention remembers of which seats the last first draw met a taken one: there it is cheaper to ask at once. That is a way
// to go about it, not the state of seats, which no process keeps.
type contention struct {
	mu    sync.Mutex
	known map[string]bool
}

var contended = &contention{known: map[string]bool{}}

func (c *contention) was(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[key]
}

func (c *contention) note(key string, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !yes || len(c.known) > 1000 {
		delete(c.known, key)
		return
	}
	c.known[key] = true
}
