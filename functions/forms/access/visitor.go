package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
)

const (
	countingCookie = "madoguchi_count"
	countingAge    = 30 * 24 * time.Hour
	// countingPath is where browsers send the counting cookie: to the beacon and nowhere else, so never with a form (R99).
	// /access.gif is no part of /access (RFC 6265, section 5.1.4): the picture sets no cookie and gets none.
	countingPath = "/access"
)

// objects tells whether the visitor does not want to be followed: by Global Privacy Control, by Do Not Track, or by the
// choice on /cookies. Then there is no cookie, no mark and no address in the record; the view itself is counted (R103).
func objects(r *http.Request) bool {
	return r.Header.Get("Sec-GPC") == "1" || r.Header.Get("DNT") == "1" || web.PreferenceOf(r).Uncounted
}

// visitor tells how many visitors the view adds to the day's: 1 for the first view of a visitor on that day, else 0.
//
// The counting cookie holds the day of the last view and nothing else: it says whether this is the first view of the day, and
// of whom, nobody can say. Where there is none, because it is a visitor's first or because cookies are blocked, the
// mark of the day's salted hash decides. So visitors who come back are counted exactly, new ones and those without cookies
// estimated: two with the same browser behind the same address count as one, one whose address changes as two.
//
// The cookie that it returns is to be set once the view is counted; nil for none.
func (a *access) visitor(r *http.Request, now time.Time) (int, *http.Cookie, error) {
	today, last := statistics.Day(now), lastDay(r)
	if objects(r) {
		if last != "" {
			return 0, a.countingCookie("", -1), nil
		}
		return 0, nil, nil
	}
	if last == today {
		return 0, nil, nil
	}
	first := true
	if day, err := time.Parse(time.DateOnly, last); err != nil || last > today || now.Sub(day) > countingAge+48*time.Hour {
		if first, err = a.visitors.first(r.Context(), today, guard.Network(r.RemoteAddr)+"\x00"+r.UserAgent(), now); err != nil {
			return 0, nil, err
		}
	}
	var cookie *http.Cookie
	if r.URL.Path == countingPath {
		cookie = a.countingCookie(today, int(countingAge/time.Second))
	}
	if first {
		return 1, cookie, nil
	}
	return 0, cookie, nil
}

// countingCookie is the cookie as it is set. SameSite=Lax: pages of the organisation's own domain send it along; pages of
// another domain do not, and are counted by the hash. SameSite=None would let it follow people over websites.
func (a *access) countingCookie(value string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever there is https
		Name: countingName(a.site.Secure()), Value: value, Path: countingPath, MaxAge: age, Secure: a.site.Secure(), HttpOnly: true,
		SameSite: http.SameSiteLaxMode}
}

func countingName(secure bool) string {
	if secure {
		return "__Secure-" + countingCookie
	}
	return countingCookie
}

// lastDay is what the counting cookie holds, "" where there is none.
func lastDay(r *http.Request) string {
	for _, secure := range []bool{true, false} {
		if c, err := r.Cookie(countingName(secure)); err == nil {
			return strings.TrimSpace(c.Value)
		}
	}
	return ""
}

// visitors remembers for one day who was counted, without knowing who it was: by the hash of network and browser with a
// salt that is drawn at random each day. The salt and the marks stand in the guard table, of which no copies are kept,
// and go after the day; without the salt a mark leads back to nobody.
type visitors struct {
	client *dynamodb.Client
	table  string
	random func() string

	mu   sync.Mutex
	day  string
	salt string
}

// mark is a visitor who was counted today, or the day's salt.
type mark struct {
	PK        string `dynamodbav:"pk"`
	Salt      string `dynamodbav:"salt,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// first reports whether a browser in a network is seen for the first time today, and marks it. The error is
// record.ErrUnavailable.
func (v *visitors) first(ctx context.Context, day, who string, now time.Time) (bool, error) {
	salt, err := v.saltOf(ctx, day, now)
	if err != nil {
		return false, err
	}
	h := hmac.New(sha256.New, []byte(salt))
	h.Write([]byte(who))
	return record.Put(ctx, v.client, v.table, mark{PK: "visit#" + hex.EncodeToString(h.Sum(nil)[:16]), ExpiresAt: endOf(now)}, record.IfAbsent(now))
}

// saltOf returns the day's salt: the first process that needs it draws it, all others read it once.
func (v *visitors) saltOf(ctx context.Context, day string, now time.Time) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.day == day {
		return v.salt, nil
	}
	drawn := mark{PK: "salt#" + day, Salt: v.random() + v.random(), ExpiresAt: endOf(now)}
	put, err := record.Put(ctx, v.client, v.table, drawn, record.IfAbsent(now))
	if err != nil {
		return "", err
	}
	if !put {
		if _, err := record.Get(ctx, v.client, v.table, record.Key(drawn.PK, ""), now, &drawn); err != nil {
			return "", err
		}
	}
	v.day, v.salt = day, drawn.Salt
	return v.salt, nil
}

// endOf is the end of the day in Japan, in epoch seconds.
func endOf(now time.Time) int64 {
	t := now.In(policy.JapanTime)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, policy.JapanTime).Unix()
}
