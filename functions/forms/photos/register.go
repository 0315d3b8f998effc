package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// registered is the only state of a registration; absent and expired are the same.
const registered = "registered"

// mailsPerDay is how many access mails one address gets a day, whoever asks.
const mailsPerDay = 3

// registration is one registration. Each is an item of its own under the keyed hash of its address: nobody has shown yet whose the
// address is, so a stranger's post must neither change nor prolong what somebody else registered with it, and each link opens, and
// is counted by, the very registration that it came from. All of one person are one partition.
type registration struct {
	Person      string            `dynamodbav:"pk"` // keyed hash of the address
	Ref         string            `dynamodbav:"sk"` // reference of the submission
	Email       string            `dynamodbav:"email"`
	Fields      map[string]string `dynamodbav:"fields"`
	Policy      string            `dynamodbav:"policy_version"`
	FormVersion int               `dynamodbav:"form_version"`
	Language    policy.Language   `dynamodbav:"lang"`
	Channel     string            `dynamodbav:"channel"`
	OpenedAt    string            `dynamodbav:"opened_at"`
	SubmittedAt string            `dynamodbav:"submitted_at"`
	UsedOn      string            `dynamodbav:"used_on"` // day in Japan of the last download, or of the registration
	ExpiresAt   int64             `dynamodbav:"expires_at"`
}

// names of the actions of transactions.
const (
	actRegistration = "registration"
	actCap          = "cap"
	actCount        = "count"
	actUse          = "use"
)

func (l *library) registerForm() *form.Form {
	return &form.Form{
		ID: string(l.Service.Code), Path: l.Service.Path, Service: l.Service, Periods: l.Periods, Prefix: "D", Status: registered, State: registered,
		Words:  registerWords(),
		Fields: func(context.Context) ([]form.Field, error) { return form.Declared(l.Service), nil },
		Submit: l.register,
		Ticket: func(values map[string]string, reference string) string {
			to, err := address.Parse(values["email"])
			if err != nil {
				return "" // it was cleaned before
			}
			return l.token(to.Key(l.AddressKey), reference)
		},
	}
}

// register stores a registration and promises its mail, in one transaction without a read. Only where the address has had its mails of
// the day a second one follows without the mail: the registration counts all the same, and the page opens it.
func (l *library) register(ctx context.Context, s *form.Submission) error {
	to, err := address.Parse(s.Values["email"])
	if err != nil {
		return errors.New("a submission's address did not parse twice") // its text is not for the log
	}
	person := to.Key(l.AddressKey)
	expires := l.Periods.Expiry(registered, s.At)
	values := map[string]string{}
	for _, f := range l.Service.Fields {
		if f.Name != "email" {
			values[f.Name] = s.Values[f.Name]
		}
	}
	r := registration{Person: person, Ref: s.Reference, Email: s.Values["email"], Fields: values, Policy: policy.Version, FormVersion: s.Version,
		Language: s.Language, Channel: s.Channel, OpenedAt: stamp(s.Opened), SubmittedAt: stamp(s.At), UsedOn: day(s.At), ExpiresAt: expires.Unix()}
	commit := func(mailed bool) error {
		var tx record.Transaction
		s.Spend(&tx)
		tx.Put(actRegistration, l.persons, r, record.IfAbsent(s.At))
		if mailed {
			l.Guard.Cap(&tx, actCap, "mail/"+string(l.Service.Code), person, mailsPerDay, s.At)
			l.Enqueue(&tx, policy.PhotosAccess, policy.Japanese, to, map[string]string{
				"link": "/photos?t=" + l.token(person, s.Reference), "reference": s.Reference, "deleted_on": stamp(expires)})
		}
		return tx.Commit(ctx, l.Client)
	}
	err = commit(true)
	var cancelled *record.Cancelled
	if !errors.As(err, &cancelled) {
		return err
	}
	_, spent := cancelled.Failed[guard.TokenAction]
	if _, capped := cancelled.Failed[actCap]; capped && !spent {
		return commit(false)
	}
	return err
}

// token is the t of the link that opens the downloads of one registration.
func (l *library) token(person, reference string) string {
	return l.Links.Token(link.Token{Service: string(l.Service.Code), Purpose: link.Download, Person: person, Ref: reference, Issued: l.Now()})
}

// The answers to links that open nothing.
var (
	errForged = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "リンクが正しくありません。メールに記載されたリンクの全体がコピーされているかご確認ください。写真のダウンロードには、デジタルフォトライブラリーへの登録が必要です。",
		EN: "This link is not valid. Please check that you copied the whole link from the mail. Downloads need a registration."}}
	errExpired = &web.Error{Kind: web.Gone, Message: policy.Text{
		JA: "登録の保存期間が過ぎたため、このリンクではダウンロードできません。お手数ですが、デジタルフォトライブラリーにもう一度ご登録ください。",
		EN: "Your registration has expired, so this link opens no downloads any more. Please register again."}}
)

// opened reads the registration that a request's link belongs to. Errors: errForged, errExpired, record.ErrUnavailable.
func (l *library) opened(r *http.Request) (registration, error) {
	t, err := l.Links.Read(string(l.Service.Code), link.Download, r.URL.Query().Get("t"))
	if err != nil {
		return registration{}, errForged
	}
	return l.live(r.Context(), t.Person, t.Ref)
}

func (l *library) live(ctx context.Context, person, reference string) (registration, error) {
	var found registration
	switch ok, err := record.Get(ctx, l.Client, l.persons, record.Key(person, reference), l.Now(), &found); {
	case err != nil:
		return registration{}, err
	case !ok:
		return registration{}, errExpired
	}
	return found, nil
}

// rounds bounds how often a use is written again because another download was faster.
const rounds = 5

// used counts a download by photo, day and prefecture, and moves the end of the registration, at most once a day. Both happen or
// neither. Errors: errExpired where the registration ended in this moment, record.ErrUnavailable.
func (l *library) used(ctx context.Context, r registration, photo string) error {
	for range rounds {
		now := l.Now()
		var tx record.Transaction
		tx.Update(actCount, l.downloads, record.Key(photo, day(now)+"#"+r.Fields["prefecture"]), "ADD n :one", record.Values{"one": 1}, record.Condition{})
		if r.UsedOn != day(now) {
			tx.Update(actUse, l.persons, record.Key(r.Person, r.Ref), "SET used_on = :today, expires_at = :expires",
				record.Values{"today": day(now), "expires": l.Periods.Expiry(registered, now).Unix()},
				record.Condition{Expression: "used_on = :was AND expires_at > :now", Values: record.Values{"was": r.UsedOn, "now": now.Unix()}})
		}
		err := tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if r, err = l.live(ctx, r.Person, r.Ref); err != nil {
			return err
		}
	}
	return errors.Join(errors.New("registration changed under every attempt"), record.ErrUnavailable)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// day is the day in Japan.
func day(t time.Time) string { return t.In(policy.JapanTime).Format(time.DateOnly) }
