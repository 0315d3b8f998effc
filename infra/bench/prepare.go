package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/template"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
)

// prepared makes a sample's door over the database of the run.
func (b *bench) prepared(ctx context.Context, s sample, f template.Function, share int) (door, error) {
	if s.prepare == nil {
		return func(context.Context) (string, string, error) { return s.route, "", nil }, nil
	}
	data, err := b.data(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.prepare(ctx, f, data.client, share)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", s.name, err)
	}
	return d, nil
}

// loadPublications gives the form a catalogue that no run empties.
func loadPublications(ctx context.Context, f template.Function, client *ddb.Client, _ int) (door, error) {
	d, tables, err := desk.With[publications.Tables](config.Map(f.Environment), policy.Get(policy.Publications), client, time.Now)
	if err != nil {
		return nil, err
	}
	err = publications.Open(d, tables).Save(ctx, []publications.Draft{{ID: "map", Title: publications.Words{JA: "ASEANの地図"}, Language: "ja", Stock: 1_000_000, Limit: 5}})
	return func(context.Context) (string, string, error) { return "/publications", "", nil }, err
}

// mostSeats is what an event has at most.
const mostSeats = 10_000

// openEvents opens an event for every so many registrations. A registration draws its seat: in an event of mostSeats, the first
// sixty meet a taken one three times in a thousand, and the first never.
func openEvents(_ context.Context, f template.Function, client *ddb.Client, share int) (door, error) {
	store := &event.Store{Client: client, Table: f.Environment["EVENTS_TABLE"], Now: time.Now}
	run, n := strings.ToLower(rand.Text()[:8]), 0
	return func(ctx context.Context) (string, string, error) {
		id := fmt.Sprintf("%s-%d", run, n/share) // short enough to stay in repeated keys, long enough for a seat's to be fresh
		n++
		if (n-1)%share > 0 {
			return "/events/" + id, "", nil
		}
		return "/events/" + id, "", saveEvent(ctx, store, id, 30, mostSeats, "null")
	}, nil
}

// saveEvent saves an event that begins in so many days.
func saveEvent(ctx context.Context, store *event.Store, id string, days, seats int, questions string) error {
	at := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.RFC3339) }
	e, err := event.Parse(fmt.Appendf(nil, `{"id":%q,"title":{"ja":"計測"},"kind":"venue","starts_at":%q,"ends_at":%q,"closes_at":%q,"capacity":%d,"waiting_list":false,
		"questionnaire":%s}`, id, at(days), at(days+1), at(days-1), seats, questions))
	if err != nil {
		return err
	}
	_, err = store.Save(ctx, e)
	return err
}

// asked are the questions of a seminar, anonymous or not.
const asked = `{"anonymous":%t,"opens_after_hours":0,"questions":[
	{"name":"overall","label":{"ja":"全体の満足度"},"type":"rating","required":true,"options":[{"value":"1","label":{"ja":"不満"}},{"value":"2","label":{"ja":"やや不満"}},
		{"value":"3","label":{"ja":"ふつう"}},{"value":"4","label":{"ja":"やや満足"}},{"value":"5","label":{"ja":"満足"}}]},
	{"name":"parts","label":{"ja":"次の点はいかがでしたか"},"type":"matrix","required":true,"rows":[{"value":"content","label":{"ja":"内容"}},{"value":"length","label":{"ja":"長さ"}}],
		"options":[{"value":"good","label":{"ja":"よい"}},{"value":"fair","label":{"ja":"ふつう"}},{"value":"poor","label":{"ja":"よくない"}}]},
	{"name":"topics","label":{"ja":"関心のある分野"},"type":"choices","options":[{"value":"trade","label":{"ja":"貿易"}},{"value":"travel","label":{"ja":"観光"}}]},
	{"name":"again","label":{"ja":"またご参加になりますか"},"type":"boolean","required":true},
	{"name":"comment","label":{"ja":"ご意見・ご感想"},"type":"textarea"}]}`

// questionnaireTables are the tables of the function, as it names them.
type questionnaireTables struct {
	Answers     string `env:"ANSWERS_TABLE"`
	Invitations string `env:"INVITATIONS_TABLE"`
	Events      string `env:"EVENTS_TABLE"`
}

// invitations invites one person for each post to the questionnaire of an event that is over: an answer spends its invitation.
// What is given is the invitation's key.
func invitations(id string, anonymous bool) func(context.Context, template.Function, *ddb.Client, int) (door, error) {
	return func(ctx context.Context, f template.Function, client *ddb.Client, _ int) (door, error) {
		d, tables, err := desk.With[questionnaireTables](config.Map(f.Environment), policy.Get(policy.Questionnaire), client, time.Now)
		if err != nil {
			return nil, err
		}
		events := &event.Store{Client: client, Table: tables.Events, Now: time.Now}
		e, err := events.Fresh(ctx, id)
		if errors.Is(err, event.ErrNotFound) { // it is saved once: another version would be another questionnaire
			if err := saveEvent(ctx, events, id, -3, 100, fmt.Sprintf(asked, anonymous)); err != nil {
				return nil, err
			}
			e, err = events.Fresh(ctx, id)
		}
		if err != nil {
			return nil, err
		}
		q, asks := questionnaire.Of(e, d.Periods)
		if !asks {
			return nil, fmt.Errorf("event %s asks nothing", id)
		}
		store := questionnaire.Store{Client: client, Answers: tables.Answers, Invitations: tables.Invitations, Key: d.AddressKey, Links: d.Links}
		return func(ctx context.Context) (string, string, error) {
			ref := rand.Text()
			var tx record.Transaction
			address := store.Invite(&tx, q, ref, d.Guard.Hash("person", ref), questionnaire.ByClock, time.Now())
			return address, store.IDOf(id, ref), tx.Commit(ctx, client)
		}, nil
	}
}
