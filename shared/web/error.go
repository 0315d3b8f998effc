package web

import (
	"errors"
	"net/http"
	"time"

	"madoguchi/shared/policy"
)

// Kind is what went wrong, for machines. Each kind has one HTTP status.
type Kind string

// The kinds of error.
const (
	BadRequest       Kind = "bad_request"        // malformed, forged, not UTF-8
	Unauthorized     Kind = "unauthorized"       // not signed in
	Forbidden        Kind = "forbidden"          // signed in, but not for this
	NotFound         Kind = "not_found"          //
	MethodNotAllowed Kind = "method_not_allowed" //
	Conflict         Kind = "conflict"           // full, closed, none left
	Gone             Kind = "gone"               // an expired link
	TooLarge         Kind = "too_large"          //
	UnsupportedMedia Kind = "unsupported_media"  //
	Invalid          Kind = "invalid"            // fields that need a correction
	RateLimited      Kind = "rate_limited"       //
	Internal         Kind = "internal"           // a defect of ours
	Unavailable      Kind = "unavailable"        // try again later
)

var statuses = map[Kind]int{
	BadRequest: http.StatusBadRequest, Unauthorized: http.StatusUnauthorized, Forbidden: http.StatusForbidden, NotFound: http.StatusNotFound, MethodNotAllowed: http.StatusMethodNotAllowed,
	Conflict: http.StatusConflict, Gone: http.StatusGone, TooLarge: http.StatusRequestEntityTooLarge,
	UnsupportedMedia: http.StatusUnsupportedMediaType, Invalid: http.StatusUnprocessableEntity,
	RateLimited: http.StatusTooManyRequests, Internal: http.StatusInternalServerError, Unavailable: http.StatusServiceUnavailable,
}

// Status is the HTTP status of the kind.
func (k Kind) Status() int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

var titles = map[Kind]policy.Text{
	BadRequest:       {JA: "リクエストを処理できませんでした", EN: "We could not process the request"},
	Unauthorized:     {JA: "サインインが必要です", EN: "Please sign in"},
	Forbidden:        {JA: "この操作は許可されていません", EN: "You may not do this"},
	NotFound:         {JA: "ページが見つかりません", EN: "Page not found"},
	MethodNotAllowed: {JA: "この方法では利用できません", EN: "This address cannot be used that way"},
	Conflict:         {JA: "受け付けできませんでした", EN: "We could not accept this"},
	Gone:             {JA: "リンクの有効期限が切れています", EN: "This link has expired"},
	TooLarge:         {JA: "送信された内容が大きすぎます", EN: "What was sent is too large"},
	UnsupportedMedia: {JA: "この形式では受け付けできません", EN: "This format is not accepted"},
	Invalid:          {JA: "入力内容をご確認ください", EN: "Please check what you entered"},
	RateLimited:      {JA: "しばらくしてからもう一度お試しください", EN: "Please try again later"},
	Internal:         {JA: "エラーが発生しました", EN: "Something went wrong"},
	Unavailable:      {JA: "ただいま受け付けができません", EN: "The service is not available at the moment"},
}

// Title is the kind's heading for people.
func (k Kind) Title() policy.Text { return titles[k] }

// FieldError is one field that needs a correction. Code is stable for machines, Message tells the person what to do; an
// empty one stands for the message of the whole error.
type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is an error as the outside may see it: the kind, what the person can do, and the cause for the log only.
type Error struct {
	Kind       Kind
	Message    policy.Text
	Fields     []FieldError
	RetryAfter time.Duration  // for RateLimited and Unavailable
	Allow      string         // for MethodNotAllowed
	Members    map[string]any // extension members of the problem body (RFC 9457, section 3.2)
	Cause      error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return string(e.Kind) + ": " + e.Cause.Error()
	}
	return string(e.Kind)
}

func (e *Error) Unwrap() error { return e.Cause }

// Shown is the error as Fail would show it: for pages in another layout.
func Shown(err error) *Error { return asError(err) }

// asError makes any error one that may be shown: an unreachable store is Unavailable, everything unknown is Internal.
func asError(err error) *Error {
	var shown *Error
	if errors.As(err, &shown) {
		return shown
	}
	var passing interface{ Unavailable() bool } // a store out of reach; not named, so that pages need no DynamoDB
	if errors.As(err, &passing) && passing.Unavailable() {
		return &Error{Kind: Unavailable, RetryAfter: time.Minute, Cause: err, Message: policy.Text{
			JA: "システムが混み合っているか、一時的に利用できません。内容は保存されていません。数分後にもう一度お試しください。",
			EN: "The system is busy or out of service for the moment. Nothing was saved. Please try again in a few minutes."}}
	}
	return &Error{Kind: Internal, Cause: err, Message: policy.Text{
		JA: "システムの不具合により、処理を完了できませんでした。お手数ですが、しばらくしてからもう一度お試しいただくか、下記のお問い合わせ先までご連絡ください。",
		EN: "A fault in our system stopped this. Please try again later, or write to the contact below."}}
}
