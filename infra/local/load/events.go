package load

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"madoguchi/infra/local/stack"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
)

func init() {
	stack.RegisterLoader("events", events)
	stack.RegisterLoader("registrations", registrations)
}

// book opens the registrations and the events as the function of events sees them.
func book(in stack.LoadContext) (*registration.Book, error) {
	env := in.Environment("EventsFunction")
	cfg, err := config.Load[struct {
		Events        string     `env:"EVENTS_TABLE"`
		Registrations string     `env:"REGISTRATIONS_TABLE"`
		Guard         string     `env:"GUARD_TABLE"`
		AddressKey    config.Key `env:"ADDRESS_KEY"`
	}](config.Map(env))
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Events), config.Map(env))
	if err := errors.Join(err, periodsErr); err != nil {
		return nil, err
	}
	return &registration.Book{Client: in.DynamoDB, Table: cfg.Registrations, Periods: periods, Now: time.Now,
		Events: &event.Store{Client: in.DynamoDB, Table: cfg.Events, Now: time.Now},
		Guard:  guard.Store{Client: in.DynamoDB, Table: cfg.Guard, Key: cfg.AddressKey}}, nil
}

// events stores events: a list of definitions. An id that is there is replaced as a new version.
func events(ctx context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	b, err := book(in)
	if err != nil {
		return nil, err
	}
	parsed, err := parseEvents(ctx, b, content)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (int, error) {
		for _, e := range parsed {
			if _, err := b.Events.Save(ctx, e); err != nil {
				return 0, fmt.Errorf("save event %s: %w", e.ID, err)
			}
		}
		return len(parsed), nil
	}, nil
}

// parseEvents checks all definitions, each by itself and against the version that is there.
func parseEvents(ctx context.Context, b *registration.Book, content json.RawMessage) ([]*event.Event, error) {
	var list []json.RawMessage
	if json.Unmarshal(content, &list) != nil {
		return nil, &stack.LoadError{Reason: "must be a list of events"}
	}
	var parsed []*event.Event
	var wrong []error
	seen := map[string]bool{}
	for i, one := range list {
		place := fmt.Sprintf("[%d]", i)
		e, err := event.Parse(one)
		if err == nil && seen[e.ID] {
			err = event.Problems{{Place: ".id", Reason: "occurs twice"}}
		}
		if err == nil {
			seen[e.ID] = true
			before, readErr := b.Events.Fresh(ctx, e.ID)
			if readErr != nil && !errors.Is(readErr, event.ErrNotFound) {
				return nil, readErr
			}
			if problems := e.CheckAgainst(before); len(problems) > 0 {
				err = problems
			}
		}
		var problems event.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				wrong = append(wrong, &stack.LoadError{Place: place + p.Place, Reason: p.Reason})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, e)
	}
	return parsed, errors.Join(wrong...)
}

// loadedRegistration is one registration of a load, checked.
type loadedRegistration struct {
	event    string
	language policy.Language
	values   map[string]string
}

// registrations registers people for events, also for past ones: [{event, lang?, ...fields}]. They pass the checks of the
// event's form; no mail is promised. An event may come in the same load.
func registrations(ctx context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	b, err := book(in)
	if err != nil {
		return nil, err
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(content, &list) != nil {
		return nil, &stack.LoadError{Reason: "must be a list of {event, ...fields}"}
	}
	c := &registrationCheck{book: b, coming: map[string]*event.Event{}, known: map[string]*event.Event{}, seats: map[string]int{}, people: map[string]bool{}}
	if brought, there := in.Content["events"]; there {
		parsed, _ := parseEvents(ctx, b, brought) // what is wrong with them is told by their own loader
		for _, e := range parsed {
			c.coming[e.ID] = e
		}
	}
	var all []loadedRegistration
	var wrong []error
	for i, members := range list {
		one, problems, err := c.check(ctx, members)
		if err != nil {
			return nil, err
		}
		for _, p := range problems {
			wrong = append(wrong, &stack.LoadError{Place: fmt.Sprintf("[%d]%s", i, p.Place), Reason: p.Reason})
		}
		all = append(all, one)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return func(ctx context.Context) (int, error) {
		for i, one := range all {
			if err := apply(ctx, b, one); err != nil {
				return 0, fmt.Errorf("registration [%d]: %w", i, err)
			}
		}
		return len(all), nil
	}, nil
}

// registrationCheck checks registrations before any of them is stored.
type registrationCheck struct {
	book          *registration.Book
	coming, known map[string]*event.Event // events of this load, and of the store
	seats         map[string]int          // left, by event and mode
	people        map[string]bool
}

func (c *registrationCheck) event(ctx context.Context, id string) (*event.Event, error) {
	if e := c.coming[id]; e != nil {
		return e, nil
	}
	if e := c.known[id]; e != nil {
		return e, nil
	}
	e, err := c.book.Events.Fresh(ctx, id)
	if err == nil {
		c.known[id] = e
	}
	return e, err
}

func (c *registrationCheck) check(ctx context.Context, members map[string]json.RawMessage) (loadedRegistration, event.Problems, error) {
	one := loadedRegistration{language: policy.Japanese}
	if json.Unmarshal(members["event"], &one.event) != nil {
		return one, event.Problems{{Place: ".event", Reason: "must name an event"}}, nil
	}
	e, err := c.event(ctx, one.event)
	if errors.Is(err, event.ErrNotFound) {
		return one, event.Problems{{Place: ".event", Reason: "there is no such event"}}, nil
	}
	if err != nil {
		return one, nil, err
	}
	if raw, there := members["lang"]; there {
		if json.Unmarshal(raw, &one.language) != nil || one.language == policy.English && e.Title.EN == "" || one.language != policy.English && one.language != policy.Japanese {
			return one, event.Problems{{Place: ".lang", Reason: "must be a language of the event's form"}}, nil
		}
	}
	post := form.Post{JSON: true, Values: map[string]string{}, Repeated: map[string][]string{}, NoText: map[string]string{}}
	for name, raw := range members {
		if name == "event" || name == "lang" {
			continue
		}
		value := ""
		if json.Unmarshal(raw, &value) != nil {
			post.NoText[name] = string(raw)
		}
		post.Values[name] = value
	}
	values, wrong := form.Validate(e.FormFields(), post, policy.English)
	var problems event.Problems
	for _, w := range wrong {
		problems = append(problems, event.Problem{Place: "." + w.Field, Reason: w.Message})
	}
	if len(problems) > 0 {
		return one, problems, nil
	}
	one.values = values
	person := e.ID + "\x00" + strings.ToLower(values["email"]) + "\x00" + values["name"]
	if c.people[person] {
		return one, event.Problems{{Place: ".name", Reason: "the same person is registered twice"}}, nil
	}
	c.people[person] = true
	return one, c.seat(ctx, e, e.Mode(values[event.Attendance])), nil
}

// seat takes a seat for one registration, in thought.
func (c *registrationCheck) seat(ctx context.Context, e *event.Event, mode string) event.Problems {
	key := e.ID + "/" + mode
	if _, counted := c.seats[key]; !counted {
		left, err := c.book.Left(ctx, e)
		if err != nil {
			return event.Problems{{Place: ".event", Reason: "its seats cannot be counted: " + err.Error()}}
		}
		c.seats[key] = left[mode]
	}
	if c.seats[key]--; c.seats[key] < 0 && !e.WaitingList {
		return event.Problems{{Place: ".event", Reason: "the event is full"}}
	}
	return nil
}

func apply(ctx context.Context, b *registration.Book, one loadedRegistration) error {
	e, err := b.Events.Fresh(ctx, one.event)
	if err != nil {
		return err
	}
	now := b.Now()
	_, err = b.Register(ctx, registration.Application{Event: e, Reference: "E" + now.In(policy.JapanTime).Format("060102") + "-" + rand.Text()[:9],
		Values: one.values, Language: one.language, Channel: string(policy.ChannelStaff), At: now, Silent: true})
	if errors.Is(err, registration.ErrAlready) {
		return nil // loaded before: a load may be repeated
	}
	return err
}
