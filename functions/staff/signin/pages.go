package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"sync"

	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

//go:embed pages.html
var source string

var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("pages").Parse(source)) })

// content renders one of the templates of pages.html.
func content(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	if err := pages().ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // rendered by html/template just above
}

func (d *door) page(w http.ResponseWriter, r *http.Request, status int, page staff.StaffPage, name string, data any) error {
	var err error
	if page.Content, err = content(name, data); err != nil {
		return err
	}
	return d.Write(w, r, status, page)
}

// held is what the front page says of one role.
type held struct {
	Name, May string
	Sections  []link
}

type link struct{ Path, Name string }

// front is what the person may do. JSON says who a token is of.
func (d *door) front(w http.ResponseWriter, r *http.Request) error {
	person, language := staff.Of(r.Context()), staff.Language(r)
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", self{person.ID, append([]string{}, person.Roles...), person.Machine})
	}
	var roles []held
	for _, role := range policy.Roles() {
		if !person.May(role.Code) {
			continue
		}
		h := held{Name: role.Name.In(language), May: role.May.In(language)}
		for _, s := range staff.SectionsFor(staff.Person{Roles: []string{role.Code}}) {
			h.Sections = append(h.Sections, link{s.Path, s.Name.In(language)})
		}
		roles = append(roles, h)
	}
	return d.page(w, r, http.StatusOK, staff.StaffPage{Title: policy.Text{JA: "職員用ページ", EN: "Staff pages"}}, "front."+string(language),
		map[string]any{"Person": person, "Roles": roles})
}

// again is why a sign-in must begin anew.
type again struct {
	title  policy.Text
	what   policy.Text
	status int
}

var (
	againStale = again{status: http.StatusGone, title: policy.Text{JA: "もう一度サインインしてください", EN: "Please sign in again"}, what: policy.Text{
		JA: "サインインの途中で10分以上たったか、別のウィンドウでサインインを始めたか、同じサインインが二度使われました。",
		EN: "More than ten minutes passed, a sign-in was begun in another window, or the same one was used twice."}}
	againRefused = again{status: http.StatusForbidden, title: policy.Text{JA: "サインインできませんでした", EN: "You could not be signed in"}, what: policy.Text{
		JA: "サインインが取り消されたか、確認できませんでした。アカウントについては管理者にお問い合わせください。",
		EN: "The sign-in was cancelled or could not be confirmed. Please ask the administrator about your account."}}
)

func (d *door) writeAgain(w http.ResponseWriter, r *http.Request, a again) error {
	return d.page(w, r, a.status, staff.StaffPage{Title: a.title, Wrong: true}, "again", map[string]any{
		"What": a.what.In(staff.Language(r)), "Path": staff.SignInPath, "Text": policy.Text{JA: "サインインする", EN: "Sign in"}.In(staff.Language(r))})
}

// writeLeaving is the answer to the button. A redirect would not do: what a form leads to is held to our own address by the
// page's policy, and the provider's is another one. The page goes on by itself, without JavaScript.
func (d *door) writeLeaving(w http.ResponseWriter, r *http.Request) error {
	if d.leaving() == "" {
		w.Header().Set("Location", "/staff/signedout")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	w.Header().Set("Refresh", "0; url="+d.leaving())
	return d.page(w, r, http.StatusOK, staff.StaffPage{Title: policy.Text{JA: "サインアウトしています", EN: "Signing out"}}, "again", map[string]any{
		"What": policy.Text{JA: "このシステムからはサインアウトしました。自動で進まないときは、次のリンクからサインアウトを完了してください。",
			EN: "You are signed out of this system. If nothing happens, please complete the sign-out by the link."}.In(staff.Language(r)),
		"Path": d.leaving(), "Text": policy.Text{JA: "サインアウトを完了する", EN: "Complete the sign-out"}.In(staff.Language(r))})
}

func (d *door) signedOut(w http.ResponseWriter, r *http.Request) error {
	return d.page(w, r, http.StatusOK, staff.StaffPage{Title: policy.Text{JA: "サインアウトしました", EN: "You are signed out"}}, "again", map[string]any{
		"What": policy.Text{JA: "共用の端末をお使いの場合は、ブラウザーのウィンドウを閉じてください。", EN: "On a shared computer, please close the browser's window."}.In(staff.Language(r)),
		"Path": staff.SignInPath, "Text": policy.Text{JA: "サインインする", EN: "Sign in"}.In(staff.Language(r))})
}
