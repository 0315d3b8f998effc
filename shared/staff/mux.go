package staff

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// Mux routes staff's requests. Every route but those of HandleOpen asks who calls.
type Mux struct {
	*web.Mux
	desk   *Desk
	origin *http.CrossOriginProtection

	roles      map[string]access // of every route, by its pattern
	operations map[string]Operation
	enums      map[reflect.Type][]any
}

// NewMux returns a Mux without routes.
func (d *Desk) NewMux() *Mux {
	m := &Mux{Mux: d.Site.NewMux(), desk: d, origin: http.NewCrossOriginProtection(), roles: map[string]access{}}
	// Behind CloudFront the Host header is the API's own; pages come from the public address.
	if public, err := url.Parse(d.Site.Organization.PublicURL); err == nil && public.Host != "" {
		_ = m.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host) // an address without a path is always valid
	}
	return m
}

// SignInPath is where a browser is sent to sign in.
const SignInPath = "/staff/signin"

// The refusals, as they are shown and recorded.
var (
	errNobody = &web.Error{Kind: web.Unauthorized, Message: policy.Text{
		JA: "サインインしていないか、サインインの有効期限が切れています。送信された内容は保存されていません。もう一度サインインしてから送信してください。",
		EN: "You are not signed in, or your session has ended. Nothing was saved. Please sign in and send it again."}}
	errToken = &web.Error{Kind: web.Unauthorized, Message: policy.Text{
		JA: "アクセストークンが正しくないか、有効期限が切れています。新しいトークンを取得してください。",
		EN: "The access token is not valid here, or it has expired. Please get a new one."}}
	errRole = &web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "このページを利用するための担当が割り当てられていません。必要な場合は、管理者に担当の割り当てを依頼してください。",
		EN: "You do not hold the role that this page needs. If you need it, please ask the administrator for it."}}
	errOrigin = &web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "ほかのウェブサイトから送信されたため、受け付けませんでした。職員用ページを開き直して、もう一度操作してください。",
		EN: "This was sent from another website and was not accepted. Please open the staff page itself and try again."}}
)

// Handle registers a handler for those who hold one of the roles; nil means everybody who is signed in. Others are answered
// here: 401 or 403 as problem details for JSON and bearer tokens, for browsers the way to sign in or a page. The handler asks
// Of for the person, and web.WantsJSON for the form of its answer: with a bearer token that is always JSON.
func (m *Mux) Handle(pattern string, roles []string, h web.HandlerFunc) {
	m.roles[pattern] = access{names: roles}
	m.Mux.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Authorization") != "" {
			r.Header.Set("Accept", "application/json") // a script reads no pages, whatever its client accepts by default
		}
		v, err := m.desk.identify(r)
		if err != nil {
			return m.refuse(w, r, err)
		}
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		if v.session != nil && m.origin.Check(r) != nil { // a token is no cookie: no browser adds it by itself
			m.recordRefusal(r.Context(), pattern, "cross-origin")
			return m.refuse(w, r, errOrigin)
		}
		if roles != nil && !v.person.May(roles...) {
			m.recordRefusal(r.Context(), pattern, "role")
			return m.refuse(w, r, errRole)
		}
		if err := h(w, r); err != nil {
			return m.desk.fail(w, r, err)
		}
		return nil
	})
}

// HandleOpen registers a handler that anybody may call: those by which people sign in and out.
func (m *Mux) HandleOpen(pattern string, h web.HandlerFunc) {
	m.roles[pattern] = access{open: true}
	m.Mux.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && m.origin.Check(r) != nil {
			return m.desk.fail(w, r, errOrigin)
		}
		if err := h(w, r); err != nil {
			return m.desk.fail(w, r, err)
		}
		return nil
	})
}

// identify finds out who calls. Errors: a *web.Error of kind Unauthorized, errNobody where nobody is signed in; else the
// store or the provider is out of reach.
func (d *Desk) identify(r *http.Request) (*visit, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, errToken
		}
		person, err := d.bearer(r.Context(), strings.TrimSpace(token))
		if err != nil {
			return nil, err
		}
		return &visit{person: person, token: strings.TrimSpace(token)}, nil
	}
	s, err := d.resume(r)
	if err != nil {
		return nil, err
	}
	return &visit{person: s.person(), session: s}, nil
}

// refuse answers a call that is not let through.
func (m *Mux) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	if web.Shown(err).Kind != web.Unauthorized {
		return m.desk.fail(w, r, err)
	}
	switch {
	case r.Header.Get("Authorization") != "":
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, section 3.1
	case web.WantsJSON(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		// The path alone: a query may hold a reader's address, which does not belong into another address (R45).
		w.Header().Set("Location", SignInPath+"?return="+url.QueryEscape(r.URL.EscapedPath()))
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	return m.desk.fail(w, r, err)
}

// recordRefusal notes a refused attempt in the ledger (R47). The refusal stands also where the ledger is out of reach.
func (m *Mux) recordRefusal(ctx context.Context, pattern, reason string) {
	if err := m.desk.Refused(ctx, pattern, "", reason); err != nil {
		slog.ErrorContext(ctx, "refusal not recorded", "request_id", web.RequestID(ctx), "error", err)
	}
}

// fail shows an error in the staff layout; the site answers those who want JSON.
func (d *Desk) fail(w http.ResponseWriter, r *http.Request, err error) error {
	if web.WantsJSON(r) {
		return err
	}
	web.Note(r.Context(), err)
	shown := web.Shown(err)
	shown.WriteHeaders(w.Header())
	return d.Write(w, r, shown.Kind.Status(), d.errorPage(r, shown))
}
