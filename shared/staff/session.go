package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"madoguchi/shared/ledger"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// CookieName is the name of the session's cookie.
const CookieName = web.StaffCookie

// session is one signed-in browser. The table keeps the hash of the cookie's value only: whoever reads the table cannot sign in.
type session struct {
	PK        string   `dynamodbav:"pk"` // SESSION#hash
	SK        string   `dynamodbav:"sk"`
	Subject   string   `dynamodbav:"subject"`
	Name      string   `dynamodbav:"name"`
	Email     string   `dynamodbav:"email"`
	Roles     []string `dynamodbav:"roles"`
	Language  string   `dynamodbav:"language,omitempty"`
	StartedAt int64    `dynamodbav:"started_at"`
	SeenAt    int64    `dynamodbav:"seen_at"`
	EndsAt    int64    `dynamodbav:"ends_at"`    // whatever is done
	ExpiresAt int64    `dynamodbav:"expires_at"` // the earlier of EndsAt and the end of idleness
}

func (s *session) person() Person {
	return Person{ID: s.Subject, Name: s.Name, Email: s.Email, Roles: s.Roles}
}

const sessionSK = "SESSION"

func sessionPK(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "SESSION#" + hex.EncodeToString(sum[:])
}

// resume finds the session of a request's cookie and keeps it from falling idle. Errors: errNobody, or the store's.
func (d *Desk) resume(r *http.Request) (*session, error) {
	id := cookieOf(r)
	if id == "" {
		return nil, errNobody
	}
	now := d.Now()
	var s session
	found, err := record.Get(r.Context(), d.Client, d.table, record.Key(sessionPK(id), sessionSK), now, &s)
	if err != nil {
		return nil, fmt.Errorf("resume session: %w", err)
	}
	if !found || s.EndsAt <= now.Unix() {
		return nil, errNobody
	}
	language := r.URL.Query().Get("lang")
	if language != string(policy.Japanese) && language != string(policy.English) {
		language = s.Language
	}
	// Once in a twelfth of the idle time is enough: most requests write nothing.
	if time.Duration(now.Unix()-s.SeenAt)*time.Second < d.idle/12 && language == s.Language {
		return &s, nil
	}
	s.SeenAt, s.Language, s.ExpiresAt = now.Unix(), language, min(s.EndsAt, now.Add(d.idle).Unix())
	// A session that was ended meanwhile does not come back.
	held, err := record.Update(r.Context(), d.Client, d.table, record.Key(s.PK, s.SK),
		"SET seen_at = :seen, #language = :language, expires_at = :expires",
		record.Values{"seen": s.SeenAt, "language": s.Language, "expires": s.ExpiresAt},
		record.Condition{Expression: "attribute_exists(pk)"}, nil, "language")
	if err != nil {
		return nil, fmt.Errorf("keep session: %w", err)
	}
	if !held {
		return nil, errNobody
	}
	return &s, nil
}

// ErrReplayed says that a sign-in was completed before: its state opens no second session.
var ErrReplayed = fmt.Errorf("this sign-in was used already")

// Begin starts a session for a person whom the provider has just named, sets the cookie and notes the account. The browser's
// session before it ends, and the new one has an id of its own, so that nobody can plant one (session fixation). state is the
// sign-in's: used twice, it is ErrReplayed.
func (d *Desk) Begin(ctx context.Context, w http.ResponseWriter, r *http.Request, p Person, state string) error {
	now, id := d.Now(), rand.Text()
	s := session{PK: sessionPK(id), SK: sessionSK, Subject: p.ID, Name: p.Name, Email: p.Email, Roles: policy.KnownRoles(p.Roles),
		StartedAt: now.Unix(), SeenAt: now.Unix(), EndsAt: now.Add(d.session).Unix(), ExpiresAt: now.Add(min(d.idle, d.session)).Unix()}
	var tx record.Transaction
	sum := sha256.Sum256([]byte(state))
	tx.Put("state", d.table, map[string]any{"pk": "STATE#" + hex.EncodeToString(sum[:]), "sk": "STATE", "expires_at": now.Add(time.Hour).Unix()},
		record.IfAbsent(now))
	tx.Put("session", d.table, s, record.IfAbsent(now))
	tx.Put("of person", d.table, map[string]any{"pk": personPK(p.ID), "sk": s.PK, "expires_at": s.EndsAt}, record.Condition{})
	if old := cookieOf(r); old != "" {
		tx.Delete("session before", d.table, record.Key(sessionPK(old), sessionSK), record.Condition{})
	}
	d.noteAccount(&tx, p, now)
	if err := d.Ledger.Commit(ctx, &tx, ledger.Entry{Who: p.ID, What: "staff.signin", Outcome: ledger.Done, Request: web.RequestID(ctx)}); err != nil {
		if spent(err) {
			return ErrReplayed
		}
		return fmt.Errorf("begin session: %w", err)
	}
	http.SetCookie(w, sessionCookie(id, int(d.session/time.Second)))
	return nil
}

// End ends the browser's session here, if there is one, and takes its cookie away.
func (d *Desk) End(w http.ResponseWriter, r *http.Request) error {
	id := cookieOf(r)
	if id == "" {
		return nil
	}
	http.SetCookie(w, sessionCookie("", -1))
	var s session
	key := record.Key(sessionPK(id), sessionSK)
	found, err := record.Get(r.Context(), d.Client, d.table, key, d.Now(), &s)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if !found {
		return nil
	}
	var tx record.Transaction
	tx.Delete("session", d.table, key, record.Condition{})
	tx.Delete("of person", d.table, record.Key(personPK(s.Subject), s.PK), record.Condition{})
	e := ledger.Entry{Who: s.Subject, What: "staff.signout", Outcome: ledger.Done, Request: web.RequestID(r.Context())}
	if err := d.Ledger.Commit(r.Context(), &tx, e); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// cookieOf is the session's id that a browser brings, "" for none.
func cookieOf(r *http.Request) string {
	if cookie, err := r.Cookie(CookieName); err == nil {
		return cookie.Value
	}
	return ""
}

func personPK(subject string) string { return "PERSON#" + subject }

func sessionCookie(id string, age int) *http.Cookie {
	return &http.Cookie{Name: CookieName, Value: id, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
