package registration

import (
	"context"
	"errors"
	"maps"
	"slices"

	"madoguchi/shared/event"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// fixed are the items that an edit leaves as they are: another address would have to be proven first, another way of
// attending needs another seat. Both are a cancellation and a new registration.
func fixed(name string) bool { return name == "email" || name == event.Attendance }

// EditFields are the fields that the owner of a registration may change: those of the version that it was made under.
func EditFields(made *event.Event) []form.Field {
	var fields []form.Field
	for _, f := range made.FormFields() {
		if !fixed(f.Name) {
			fields = append(fields, f)
		}
	}
	return fields
}

// EditValues are the values of those fields as they are.
func (r Registration) EditValues() map[string]string {
	values := map[string]string{}
	maps.Copy(values, r.Fields)
	maps.Copy(values, r.BriefFields)
	for _, c := range r.Consents {
		values[event.ConsentPrefix+c.Partner] = "false"
		if c.Given {
			values[event.ConsentPrefix+c.Partner] = "true"
		}
	}
	return values
}

// ErrNameTaken says that the name after the change is that of another registration from the same address.
var ErrNameTaken = errors.New("another registration has that name")

// Edit stores changed values; where none has changed it writes nothing and mails nobody, so that a button pressed twice is one
// change. made is the event as it was in the version of the registration, e as it is. Errors: ErrGone,
// ErrNameTaken, record.ErrUnavailable.
func (b *Book) Edit(ctx context.Context, e, made *event.Event, ref string, values map[string]string) error {
	for range tries {
		r, found, err := b.Find(ctx, e.ID, ref)
		switch {
		case err != nil:
			return err
		case !found || !r.State.Live() || !e.Takes(b.Now()):
			return ErrGone
		}
		if now := r.EditValues(); !slices.ContainsFunc(EditFields(made), func(f form.Field) bool { return now[f.Name] != values[f.Name] }) {
			return nil
		}
		was := r
		r.Fields = map[string]string{}
		all := map[string]string{event.Attendance: was.Fields[event.Attendance]}
		maps.Copy(all, values)
		briefs := b.split(made, &r, all, b.Now())
		r.Mark = b.markKey(r, values["name"])
		var tx record.Transaction
		b.change(&tx, actRegistration, r, was)
		if r.Mark != was.Mark {
			tx.Delete("old mark", b.Table, record.Key(was.Mark, markSort), absentOr(held(r.Ref)))
			tx.Put(actMark, b.Table, mark{r.Mark, markSort, r.Ref, r.ExpiresAt}, record.IfAbsent(b.Now()))
		}
		for i, item := range briefs {
			item.ExpiresAt = b.briefExpiry(e, r.State, r.Brief[i])
			tx.Put("brief "+item.SK, b.Table, item, record.Condition{})
		}
		for _, days := range was.Brief {
			if !slices.Contains(r.Brief, days) {
				tx.Delete("brief gone", b.Table, record.Key(briefKey(r.Event, r.Ref, days)), record.Condition{})
			}
		}
		b.enqueue(&tx, e, r, policy.EventChanged)
		err = tx.Commit(ctx, b.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, taken := cancelled.Failed[actMark]; taken {
			return ErrNameTaken
		}
	}
	return errContended
}
