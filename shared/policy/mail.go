package policy

import (
	"errors"
	"fmt"
	"time"
)

// MailKind is a kind of mail. A record causes only the kinds that its service declares (R7, R57).
type MailKind string

// The kinds of mail. Which service may cause which is said with its purposes.
const (
	// Newsletter list.
	NewsletterConfirm        MailKind = "newsletter_confirm"         // asks to confirm a sign-up
	NewsletterWelcome        MailKind = "newsletter_welcome"         // after the confirmation
	NewsletterAlready        MailKind = "newsletter_already"         // somebody signed up a confirmed address again
	NewsletterPreferences    MailKind = "newsletter_preferences"     // a fresh link to the preferences
	NewsletterAddressConfirm MailKind = "newsletter_address_confirm" // asks a new address to confirm a change
	NewsletterAddressChanged MailKind = "newsletter_address_changed" // tells the old address that it was replaced
	NewsletterStay           MailKind = "newsletter_stay"            // asks to stay before the period is over
	NewsletterIssue          MailKind = "newsletter"                 // an issue of the newsletter

	// Press list.
	PressConfirm        MailKind = "press_confirm"
	PressWelcome        MailKind = "press_welcome"
	PressAlready        MailKind = "press_already"
	PressPreferences    MailKind = "press_preferences"
	PressAddressConfirm MailKind = "press_address_confirm"
	PressAddressChanged MailKind = "press_address_changed"
	PressStay           MailKind = "press_stay"
	PressPending        MailKind = "press_pending"  // confirmed, and staff will look at the medium
	PressApproved       MailKind = "press_approved" // staff accepted the medium
	PressRefused        MailKind = "press_refused"  // staff did not
	PressRelease        MailKind = "press_release"
	MediaInvitation     MailKind = "media_invitation"

	// Events; each about the event of the registration and no other (R28).
	EventRegistered      MailKind = "event_registered"         // registration notice
	EventAlready         MailKind = "event_already"            // the same person registered again
	EventWaiting         MailKind = "event_waiting"            // on the waiting list
	EventOffer           MailKind = "event_offer"              // a seat became free
	EventChanged         MailKind = "event_changed"            // the person changed the registration
	EventWithdrawn       MailKind = "event_withdrawn"          // the person cancelled it
	EventReminder        MailKind = "event_reminder"           // the day before, with the join link
	EventMoved           MailKind = "event_moved"              // another time or place
	EventCancelled       MailKind = "event_cancelled"          // the event does not take place
	EventInformation     MailKind = "event_information"        // staff write to the registrants
	QuestionnaireInvite  MailKind = "questionnaire_invitation" // after the end of the event (R29)
	PhotosAccess         MailKind = "photos_access"            // the link to the downloads, and nothing else (R36)
	InquiryReceived      MailKind = "inquiry_received"         // acknowledgement, without the text of the message
	InquiryReply         MailKind = "inquiry_reply"            // the answer (R40)
	InquiryStaffNotice   MailKind = "inquiry_staff_notice"     // tells staff that an inquiry waits
	PublicationsReceived MailKind = "publications_received"    // acknowledgement of a request

	// CampaignReview asks colleagues to look at a campaign that staff wrote. It goes to accounts of staff only, so that no purpose of a
	// service has to name it.
	CampaignReview MailKind = "campaign_review"

	// CampaignReturned tells whoever wrote a campaign that a colleague has returned it: an account of staff, as above.
	CampaignReturned MailKind = "campaign_returned"

	// LegalNotice is a mandatory notice, such as a leak or the end of a service: two persons, recorded, and it may
	// reach people whose records cause no other mail (decisions: "Mandatory notices"; APPI art. 26(2)).
	LegalNotice MailKind = "legal_notice"
)

// MailClass says by what rules a kind of mail is sent.
type MailClass string

// The classes of mail.
const (
	AnswerMail   MailClass = "answer"   // answers what the person did, or tells what befell the person's own record
	CampaignMail MailClass = "campaign" // written by staff for many
	StaffMail    MailClass = "staff"    // goes to staff, never to the public
	LegalMail    MailClass = "legal"    // the mandatory notice
)

// Mail describes a kind of mail.
type Mail struct {
	Kind  MailKind
	Class MailClass
	Text  Text // what it is, for the inventory and for staff
}

// ByClock reports whether the program itself sends a kind of campaign mail too, by the clock, one person at a time through the
// outbox: the questionnaire after an event goes out with the program's own words to those who registered, and no person has to
// agree beyond whoever gave the event its questionnaire. Staff who write the invitation themselves send a campaign of the same
// kind; both pass the gate (MayMailOn), and an invitation exists once for each registration whoever sends it.
func (m Mail) ByClock() bool { return m.Kind == QuestionnaireInvite }

// Persons is how many people must agree before such a mail leaves: none for answers, one for campaigns (more where a
// parameter of the mailing asks for it), two for a mandatory notice.
func (m Mail) Persons() int {
	switch m.Class {
	case CampaignMail:
		return 1
	case LegalMail:
		return 2
	}
	return 0
}

var mails = []Mail{
	{NewsletterConfirm, AnswerMail, Text{"登録の確認のお願い", "Request to confirm a sign-up"}},
	{NewsletterWelcome, AnswerMail, Text{"登録完了のお知らせ", "Welcome"}},
	{NewsletterAlready, AnswerMail, Text{"すでに登録済みであることのお知らせ", "Already subscribed"}},
	{NewsletterPreferences, AnswerMail, Text{"登録内容の確認・変更用リンク", "Fresh link to the preferences"}},
	{NewsletterAddressConfirm, AnswerMail, Text{"新しいメールアドレスの確認のお願い", "Request to confirm a new address"}},
	{NewsletterAddressChanged, AnswerMail, Text{"メールアドレス変更のお知らせ", "Notice of a changed address"}},
	{NewsletterStay, AnswerMail, Text{"購読継続の確認", "Question whether to stay"}},
	{NewsletterIssue, CampaignMail, Text{"メールマガジン", "Newsletter"}},

	{PressConfirm, AnswerMail, Text{"登録の確認のお願い", "Request to confirm a sign-up"}},
	{PressWelcome, AnswerMail, Text{"登録完了のお知らせ", "Welcome"}},
	{PressAlready, AnswerMail, Text{"すでに登録済みであることのお知らせ", "Already subscribed"}},
	{PressPreferences, AnswerMail, Text{"登録内容の確認・変更用リンク", "Fresh link to the preferences"}},
	{PressAddressConfirm, AnswerMail, Text{"新しいメールアドレスの確認のお願い", "Request to confirm a new address"}},
	{PressAddressChanged, AnswerMail, Text{"メールアドレス変更のお知らせ", "Notice of a changed address"}},
	{PressStay, AnswerMail, Text{"配信継続の確認", "Question whether to stay"}},
	{PressPending, AnswerMail, Text{"承認をお待ちいただくお知らせ", "Waits for approval"}},
	{PressApproved, AnswerMail, Text{"登録承認のお知らせ", "Registration approved"}},
	{PressRefused, AnswerMail, Text{"登録をお受けできないことのお知らせ", "Registration not accepted"}},
	{PressRelease, CampaignMail, Text{"プレスリリース", "Press release"}},
	{MediaInvitation, CampaignMail, Text{"取材案内", "Media invitation"}},

	{EventRegistered, AnswerMail, Text{"登録通知", "Registration notice"}},
	{EventAlready, AnswerMail, Text{"すでに登録済みであることのお知らせ", "Already registered"}},
	{EventWaiting, AnswerMail, Text{"キャンセル待ちのお知らせ", "Waiting-list notice"}},
	{EventOffer, AnswerMail, Text{"空席のご案内", "Waiting-list offer"}},
	{EventChanged, AnswerMail, Text{"登録内容変更のお知らせ", "Registration changed"}},
	{EventWithdrawn, AnswerMail, Text{"登録取消のお知らせ", "Registration withdrawn"}},
	{EventReminder, AnswerMail, Text{"開催前日のお知らせ", "Reminder on the day before"}},
	{EventMoved, AnswerMail, Text{"日時・会場変更のお知らせ", "Change of date or place"}},
	{EventCancelled, AnswerMail, Text{"開催中止のお知らせ", "Event cancelled"}},
	{EventInformation, CampaignMail, Text{"登録したイベントに関するご案内", "Information on the event registered for"}},
	{QuestionnaireInvite, CampaignMail, Text{"イベント終了後のアンケートのお願い", "Invitation to the post-event questionnaire"}},

	{PhotosAccess, AnswerMail, Text{"ダウンロード用リンク", "Link to the downloads"}},
	{InquiryReceived, AnswerMail, Text{"お問い合わせ受付のお知らせ", "Acknowledgement of an inquiry"}},
	{InquiryReply, AnswerMail, Text{"お問い合わせへの回答", "Reply to an inquiry"}},
	{InquiryStaffNotice, StaffMail, Text{"お問い合わせ着信の通知（職員あて）", "Notice of a new inquiry, to staff"}},
	{PublicationsReceived, AnswerMail, Text{"資料請求受付のお知らせ", "Acknowledgement of a request"}},

	{CampaignReview, StaffMail, Text{"配信の承認のお願い（職員あて）", "Request to approve a campaign, to staff"}},
	{CampaignReturned, StaffMail, Text{"配信が差し戻されたことの通知（職員あて）", "Notice that a campaign was returned, to staff"}},

	{LegalNotice, LegalMail, Text{"重要なお知らせ（漏えい、サービスの終了など）", "Mandatory notice (a leak, the end of a service)"}},
}

// Mails returns every kind of mail that exists.
func Mails() []Mail { return append([]Mail(nil), mails...) }

// MailOf returns the description of a kind; ok is false for a kind that is not in the policy.
func MailOf(kind MailKind) (m Mail, ok bool) {
	for _, m := range mails {
		if m.Kind == kind {
			return m, true
		}
	}
	return Mail{}, false
}

// MayMail reports whether a record of the service may cause a mail of that kind (R7, R19, R22-R23, R28-R29, R36, R57).
// A legal notice may reach every service that holds addresses, and mail about a review goes to staff wherever staff write. For services bound to an event this is half of the
// answer: MayMailOn gives the whole.
func (s *Service) MayMail(kind MailKind) bool {
	switch kind {
	case LegalNotice:
		return s.holdsAddresses()
	case CampaignReview, CampaignReturned:
		return s.hasCampaigns()
	}
	for _, p := range s.Purposes {
		for _, k := range p.Mails {
			if k == kind {
				return true
			}
		}
	}
	return false
}

// hasCampaigns reports whether staff write to the service's people: then colleagues may be asked to look at what they wrote.
func (s *Service) hasCampaigns() bool {
	for _, p := range s.Purposes {
		for _, k := range p.Mails {
			if m, known := MailOf(k); known && m.Class == CampaignMail {
				return true
			}
		}
	}
	return false
}

func (s *Service) holdsAddresses() bool {
	for _, fields := range [][]Field{s.Fields, s.Recorded} {
		for _, f := range fields {
			if f.Type == TypeEmail {
				return true
			}
		}
	}
	return false
}

// ErrMail is wrapped by every refusal of the mail gate.
var ErrMail = errors.New("the policy does not allow this mail")

// Occasion is what the mail gate must know of a mail beside its kind.
type Occasion struct {
	Now         time.Time
	Expires     time.Time // of the record; zero for an open-ended one
	RecordEvent string    // event of the record, empty where it has none
	MailEvent   string    // event that the mail is about, empty where it is about none
	EventEnds   time.Time
}

// MayMailOn is the whole mail gate: it returns nil, or an error that wraps ErrMail and says why a record of the service
// may not cause that mail now: the kind serves no purpose of the service, the record has expired, the mail is about
// another event (R28), or the questionnaire would come before the end of the event (R29).
func (s *Service) MayMailOn(kind MailKind, o Occasion) error {
	switch {
	case !s.MayMail(kind):
		return fmt.Errorf("%w: %s serves no purpose of %s", ErrMail, kind, s.Code)
	case !o.Expires.IsZero() && !o.Now.Before(o.Expires):
		return fmt.Errorf("%w: the record has expired", ErrMail)
	case kind == LegalNotice:
		return nil
	case s.EventBound && (o.RecordEvent == "" || o.RecordEvent != o.MailEvent):
		return fmt.Errorf("%w: the record belongs to event %q, the mail to %q", ErrMail, o.RecordEvent, o.MailEvent)
	case kind == QuestionnaireInvite && (o.EventEnds.IsZero() || o.Now.Before(o.EventEnds)):
		return fmt.Errorf("%w: the event has not ended", ErrMail)
	}
	return nil
}
