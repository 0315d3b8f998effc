package subscription

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

const reporter = "kisha@example.jp"

func medium(more ...string) map[string]string {
	values := map[string]string{"organization": "例示新聞社", "name": "記者 一郎", "email": reporter}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// waiting is the press list with somebody who has confirmed and waits for staff; it returns the mail that says so.
func waiting(t *testing.T) (*world, mail.Row) {
	t.Helper()
	w := worldOf(t, policy.Get(policy.Press), true)
	w.signUp(t, medium())
	link := w.last(t, reporter, "confirm").Data["link"]
	page := w.do(http.MethodGet, link, "")
	if body := page.Body.String(); page.Code != 200 || !strings.Contains(body, "結果をメールでお知らせします") || strings.Contains(body, "登録が完了します") {
		t.Errorf("the page promises what staff decide: %d %s", page.Code, body)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a double click
		done := w.do(http.MethodPost, link, url.Values{"t": {u.Query().Get("t")}, "action": {"confirm"}}.Encode())
		if done.Code != 200 || !strings.Contains(done.Body.String(), "お申し込みを受け付けました") {
			t.Fatalf("confirm: %d %s", done.Code, done.Body)
		}
	}
	return w, w.last(t, reporter, "pending")
}

// A confirmed request waits for the approval of staff, for the period that the policy names, and receives nothing before it
// (R20-R23).
func TestApproval(t *testing.T) {
	w, told := waiting(t)
	s, _ := w.stored(t, reporter)
	if s.State != Pending || s.ExpiresAt != w.now().Add(30*day).Unix() {
		t.Fatalf("after the confirmation: %s until %s", s.State, unixText(s.ExpiresAt))
	}
	if len(w.mails(t, reporter, "welcome")) != 0 || told.Unsub != "" || told.Data["name"] != "" || len(w.mails(t, reporter, "pending")) != 1 {
		t.Errorf("mails %v, %+v", kinds(w.mails(t, reporter, "")), told)
	}
	if evidence := w.consents(t, reporter); len(evidence) != 1 || evidence[0].EndedAt != "" || evidence[0].Ref != s.Ref {
		t.Errorf("evidence of the consent: %+v", evidence)
	}
	// The same person again gets the same answer, and a mail that says that the request waits.
	w.signUp(t, medium("name", "別の人", "organization", "別の社"))
	w.post(t, "/press/resend", map[string]string{"email": reporter})
	if again, _ := w.stored(t, reporter); again.State != Pending || again.Ref != s.Ref || again.Fields["name"] != "記者 一郎" {
		t.Errorf("a stranger's sign-up changed what waits: %+v", again)
	}
	if n := len(w.mails(t, reporter, "pending")); n != 3 {
		t.Errorf("%d mails say that the request waits", n)
	}
	w.after(3 * day)
	if err := w.list.Approve(t.Context(), s.Person); err != nil {
		t.Fatal(err)
	}
	approved, _ := w.stored(t, reporter)
	if approved.State != Confirmed || approved.ConfirmedAt != s.ConfirmedAt || approved.ExpiresAt != w.now().Add(1095*day).Unix() {
		t.Errorf("approved: %+v", approved)
	}
	welcome := w.last(t, reporter, "approved")
	if welcome.Unsub == "" || welcome.Data["preferences"] == "" || welcome.Data["deleted_on"] != unixText(approved.ExpiresAt) {
		t.Errorf("the mail of the approval: %+v", welcome)
	}
	if evidence := w.consents(t, reporter); len(evidence) != 1 || evidence[0].ConfirmedAt != s.ConfirmedAt {
		t.Errorf("evidence after the approval: %+v", evidence)
	}
	for _, decide := range []error{w.list.Approve(t.Context(), s.Person), w.list.Refuse(t.Context(), s.Person)} {
		if !errors.Is(decide, ErrNotWaiting) {
			t.Errorf("deciding once more: %v", decide)
		}
	}
}

func TestRefusal(t *testing.T) {
	w, _ := waiting(t)
	person := w.person(reporter)
	if err := w.list.Refuse(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if state := w.state(t, reporter); state != "" {
		t.Errorf("a refused request is kept as %s", state)
	}
	if evidence := w.consents(t, reporter); len(evidence) != 1 || evidence[0].EndedAt == "" {
		t.Errorf("evidence of the consent: %+v", evidence)
	}
	got := kinds(w.mails(t, reporter, ""))
	slices.Sort(got) // all at one moment
	if !slices.Equal(got, []policy.MailKind{policy.PressConfirm, policy.PressPending, policy.PressRefused}) {
		t.Errorf("mails %v", got)
	}
	w.after(day)
	w.signUp(t, medium()) // a new request is free to come
	if state := w.state(t, reporter); state != Unconfirmed {
		t.Errorf("a new request: %s", state)
	}
}

// Without a decision the request goes on its day (hard case 24), and nobody can approve it any more.
func TestApprovalTooLate(t *testing.T) {
	w, _ := waiting(t)
	w.after(30 * day)
	if err := w.list.Approve(t.Context(), w.person(reporter)); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("approved after its day: %v", err)
	}
}

// A request that was withdrawn cannot be restored: that would be the approval.
func TestWithdrawnRequestIsNotRestored(t *testing.T) {
	w, told := waiting(t)
	if err := w.unsubscribe(told.Data["unsubscribe"]); err != nil {
		t.Fatal(err)
	}
	if state := w.state(t, reporter); state != Unsubscribed || !w.suppressed(t, reporter) {
		t.Errorf("withdrawn: %s", state)
	}
	if err := w.undo(told.Data["unsubscribe"]); !errors.Is(err, ErrGone) {
		t.Errorf("restored: %v, now %s", err, w.state(t, reporter))
	}
	if err := w.list.Approve(t.Context(), w.person(reporter)); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("approved after it was withdrawn: %v", err)
	}
}
