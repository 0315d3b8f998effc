package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/event"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/registration"
	"madoguchi/shared/text"
)

// Limits of a draft.
const (
	longestSubject = 200     // graphemes; a warning comes much earlier
	longestBody    = 100_000 // bytes: two languages and the rest stay within an item of the table and a mail that is not cut
	mostPeople     = 1000    // hand-picked
	mostFiles      = 5
)

// judged is a draft with what is to be said about it.
type judged struct {
	campaign campaign.Campaign
	contents []campaign.Content
	event    *event.Event // nil for kinds that are about none
	wrong    problems
	warnings problems
	gate     bool // the policy gate refused it: the attempt is recorded (hard case 31)
}

// judge checks a draft. was is the campaign that it is a new version of, nil for a new one: kind and event do not change. The error is
// only that of a store.
func (e *editor) judge(ctx context.Context, d *draft, was *campaign.Campaign) (*judged, error) {
	j := &judged{campaign: campaign.Campaign{Kind: d.Kind, Segment: d.Segment, Event: strings.TrimSpace(d.Event)}}
	if was != nil {
		if d.Kind != "" && d.Kind != was.Kind || j.campaign.Event != "" && j.campaign.Event != was.Event {
			j.wrong.add("kind", "fixed", "種類とイベントは後から変えられません。新しく作成してください。", "Kind and event cannot be changed. Please write a new one.")
			j.gate = true
		}
		j.campaign.Kind, j.campaign.Event, j.campaign.ID = was.Kind, was.Event, was.ID
	}
	c := &j.campaign
	if was == nil && d.Version != 0 {
		j.wrong.add("version", "new", "新しい配信に版はありません。", "What is new has no version yet.")
	}
	if campaign.Service(c.Kind) == nil {
		j.wrong.add("kind", "unknown", "種類を選んでください。", "Please choose a kind.")
		return j, nil
	}
	if err := audience.Check(c); err != nil {
		j.refuse(err)
	}
	if err := e.judgeEvent(ctx, j); err != nil {
		return nil, err
	}
	if err := e.judgeSegment(ctx, j); err != nil {
		return nil, err
	}
	e.judgeContent(d, j)
	e.judgeRest(d, j)
	if err := e.judgeFollows(ctx, d, j); err != nil {
		return nil, err
	}
	e.judgeBulletin(j)
	return j, e.judgeAgainAsked(ctx, j)
}

// refuse takes the policy gate's refusal: the part that it names is what must go.
func (j *judged) refuse(err error) {
	j.gate = true
	field, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), audience.ErrGate.Error()+": "), ":")
	switch {
	case field != "event":
		j.wrong.add(field, "policy", "この種類の配信では、この条件は使えません（利用目的の範囲外です）。", "This kind of mail cannot be narrowed by this: it is outside the purpose.")
	case j.campaign.Event == "":
		j.wrong.add(field, "required", "どのイベントについての配信かを選んでください。", "Please choose the event that this is about.")
		j.gate = false // forgotten, not attempted
	default:
		j.wrong.add(field, "policy", "この種類の配信は、イベントの登録者には送れません（利用目的の範囲外です）。", "This kind of mail cannot go to those registered for an event: it is outside the purpose.")
	}
}

func (e *editor) judgeEvent(ctx context.Context, j *judged) error {
	if j.campaign.Event == "" || !campaign.Service(j.campaign.Kind).EventBound {
		return nil
	}
	found, err := e.events.Fresh(ctx, j.campaign.Event)
	if errors.Is(err, event.ErrNotFound) {
		j.wrong.add("event", "unknown", "このイベントはありません。", "There is no such event.")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	j.event = found
	if _, asks := questionnaire.Of(found, e.periods); j.campaign.Kind == policy.QuestionnaireInvite && !asks {
		j.wrong.add("event", "no_questionnaire", "このイベントにはアンケートがありません。", "This event has no questionnaire.")
	}
	return nil
}

// judgeSegment holds each value to its list.
func (e *editor) judgeSegment(ctx context.Context, j *judged) error {
	s := &j.campaign.Segment
	unknown := func(field string) {
		if !j.wrong.has(field) {
			j.wrong.add(field, "choice", "一覧にある値から選んでください。", "Please choose from the list.")
		}
	}
	for _, code := range s.Prefecture {
		if _, ok := japan.Prefecture(code); !ok {
			unknown("segment.prefecture")
		}
	}
	if len(s.BusinessCategory) > 0 && campaign.Service(j.campaign.Kind).Code == policy.Newsletter {
		codes, err := e.newsletter.CategoryCodes(ctx)
		if err != nil {
			return fmt.Errorf("read categories: %w", err)
		}
		for _, code := range s.BusinessCategory {
			if !slices.Contains(codes, code) {
				unknown("segment.business_category")
			}
		}
	}
	for _, part := range []struct {
		field          string
		values, choose []string
	}{
		{"segment.attendance", s.Attendance, []string{event.ModeVenue, event.ModeOnline}},
		{"segment.status", s.Status, []string{string(registration.Registered), string(registration.Waiting), string(registration.Offered), string(registration.Cancelled)}},
		{"segment.language", s.Language, []string{string(policy.Japanese), string(policy.English)}},
	} {
		for _, value := range part.values {
			if !slices.Contains(part.choose, value) {
				unknown(part.field)
			}
		}
	}
	if len(s.People) > mostPeople {
		j.wrong.add("segment.people", "too_many", fmt.Sprintf("選べるのは%d件までです。", mostPeople), fmt.Sprintf("At most %d can be picked.", mostPeople))
	}
	for _, key := range s.People {
		if len(key) < 8 || len(key) > 64 || strings.ContainsFunc(key, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') }) {
			unknown("segment.people")
		}
	}
	return nil
}

// languages are those that a campaign must speak: everybody in its audience reads one of them.
func languages(c *campaign.Campaign, about *event.Event) []policy.Language {
	if about == nil {
		return []policy.Language{policy.Japanese} // the lists are in Japanese (R15, R20)
	}
	var all []policy.Language
	for _, l := range about.Languages() {
		if len(c.Segment.Language) == 0 || slices.Contains(c.Segment.Language, string(l)) {
			all = append(all, l)
		}
	}
	return all
}

func (e *editor) judgeContent(d *draft, j *judged) {
	for _, l := range languages(&j.campaign, j.event) {
		if _, there := d.Content[l]; !there {
			name := map[policy.Language]policy.Text{policy.Japanese: {JA: "日本語", EN: "Japanese"}, policy.English: {JA: "英語", EN: "English"}}[l]
			j.wrong.add("content."+string(l), "language_missing", "宛先に"+name.JA+"の方が含まれるため、"+name.JA+"の内容が必要です。",
				"The audience includes readers of "+name.EN+": it is needed in "+name.EN+".")
		}
	}
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		c, there := d.Content[l]
		if !there {
			continue
		}
		c.Language = l
		if l != policy.Japanese && !campaign.Service(j.campaign.Kind).In(l) {
			j.wrong.add("content."+string(l), "language", "この種類の配信は日本語のみです。", "This kind of mail exists in Japanese only.")
			continue
		}
		at := "content." + string(l) + "."
		c.Subject = j.line(at+"subject", c.Subject, needed("件名", "a subject", l))
		c.Preheader = j.line(at+"preheader", c.Preheader, policy.Text{})
		c.Body = j.lines(at+"body_markdown", c.Body, needed("本文", "a text", l))
		c.Text = j.lines(at+"text", c.Text, policy.Text{})
		j.contents = append(j.contents, c)
	}
	for l := range d.Content {
		if l != policy.Japanese && l != policy.English {
			j.wrong.add("content."+string(l), "unknown", "言語は ja か en です。", "The languages are ja and en.")
		}
	}
	if len(j.contents) == 0 && !j.wrong.has("content") {
		j.wrong.add("content.ja", "required", "件名と本文を入力してください。", "Please write a subject and a text.")
	}
}

// needed is what to say where something of a language is missing.
func needed(ja, en string, l policy.Language) policy.Text {
	if l == policy.English {
		return policy.Text{JA: ja + "（英語）を入力してください。", EN: "Please write " + en + " in English."}
	}
	return policy.Text{JA: ja + "を入力してください。", EN: "Please write " + en + "."}
}

// line cleans a line of text; needed says that it is missing, and is empty where it may be.
func (j *judged) line(field, typed string, needed policy.Text) string {
	s, err := text.Line(typed)
	j.judgeText(field, s, err, needed, text.TooLong(s, longestSubject, 0), false)
	return s
}

// lines is line for several of them.
func (j *judged) lines(field, typed string, needed policy.Text) string {
	s, err := text.Lines(typed)
	j.judgeText(field, s, err, needed, len(s) > longestBody, true)
	return s
}

// tooLong says how long a text is, in characters as people count them, and how long it may be.
func tooLong(s string, most int) policy.Text {
	n := text.Graphemes(s)
	return policy.Text{JA: fmt.Sprintf("%d文字あります。%d文字以内にしてください。", n, most), EN: fmt.Sprintf("It has %d characters; at most %d are possible.", n, most)}
}

// tooLarge says the same of a text whose bytes count. Japanese has three bytes to a character.
func tooLarge(n, most int) policy.Text {
	kB := func(n int) string { return fmt.Sprintf("%.1f", float64(n)/1000) }
	return policy.Text{JA: fmt.Sprintf("%skBあります（日本語は1文字がおよそ3バイトです）。%skB以内にしてください。長い内容はウェブサイトに置いて、リンクを書いてください。", kB(n), kB(most)),
		EN: fmt.Sprintf("It has %s kB; at most %s kB are possible. Please put long texts on the website and link to them.", kB(n), kB(most))}
}

func (j *judged) judgeText(field, s string, err error, needed policy.Text, long, bytes bool) {
	var code text.Problem
	switch {
	case errors.As(err, &code):
		j.wrong.add(field, string(code), "使えない文字（目に見えない制御文字など）が含まれています。", "It holds characters that cannot be used, such as invisible control characters.")
	case s == "" && needed.JA != "":
		j.wrong.add(field, "required", needed.JA, needed.EN)
	case long:
		told := tooLong(s, longestSubject)
		if bytes {
			told = tooLarge(len(s), longestBody)
		}
		j.wrong.add(field, string(text.LengthExceeded), told.JA, told.EN)
	}
}

func (e *editor) judgeRest(d *draft, j *judged) {
	c, now := &j.campaign, e.now()
	if d.Embargo != "" {
		at, err := moment(d.Embargo)
		switch {
		case c.Kind != policy.PressRelease:
			j.wrong.add("embargo_until", "kind", "報道解禁の日時は、プレスリリースだけに付けられます。", "Only a press release has an embargo.")
		case err != nil:
			j.wrong.add("embargo_until", "time", "日時は 2026-11-30T14:00:00+09:00 のように入力してください。", "A time is written 2026-11-30T14:00:00+09:00.")
		case !at.After(now):
			j.wrong.add("embargo_until", "past", "報道解禁は、これからの日時にしてください。", "The embargo must end in the future.")
		default:
			c.EmbargoUntil = at.Unix()
		}
	}
	if typed := strings.TrimSpace(d.ReplyTo); typed != "" {
		to, err := address.Parse(typed)
		if err != nil {
			j.wrong.add("reply_to", "email", "メールアドレスの形をご確認ください。", "Please check the mail address.")
		} else {
			c.ReplyTo = to.ASCII()
			if !e.ours(c.ReplyTo) {
				j.warnings.add("reply_to", "foreign_domain", "返信先「"+c.ReplyTo+"」は、当機関のドメインのアドレスではありません。返信に含まれる個人情報が外部に届きます。間違いがないかご確認ください。",
					"Replies go to "+c.ReplyTo+", which is no address of this organisation's domain. They hold personal data. Please check that this is meant.")
			}
		}
	}
	if d.Attachments != nil {
		j.judgeFiles(*d.Attachments)
	}
}

// ours tells whether an address is under one of the organisation's domains: those of its contact, of its sender and of its website.
func (e *editor) ours(to string) bool {
	host := func(address string) string { return strings.ToLower(address[strings.LastIndex(address, "@")+1:]) }
	org := e.staff.Site.Organization
	own := []string{host(org.PrivacyContact), host(e.mail.Sender)}
	if site, err := url.Parse(org.WebsiteURL); err == nil {
		own = append(own, strings.TrimPrefix(site.Hostname(), "www."))
	}
	return slices.ContainsFunc(own, func(domain string) bool {
		return domain != "" && (host(to) == domain || strings.HasSuffix(host(to), "."+domain))
	})
}

// fileTypes are the attachments that everybody can open and that no mail server refuses.
var fileTypes = map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}

func (j *judged) judgeFiles(files []attachment) {
	const field = "attachments"
	total, names := 0, map[string]bool{}
	for _, f := range files {
		name, err := text.Line(f.Name)
		size := len(f.Content)
		if f.kept != nil {
			size = f.kept.Size
		}
		total += size
		switch {
		case err != nil, name == "", text.TooLong(name, 80, 200), strings.ContainsAny(name, `/\"<>:|?*`):
			j.wrong.add(field, "name", "添付ファイルの名前をご確認ください（80文字以内、記号 / \\ : * ? \" < > | は使えません）。", "Please check the names of the attachments (80 letters at most, none of / \\ : * ? \" < > |).")
		case names[name]:
			j.wrong.add(field, "twice", "同じ名前の添付ファイルが2つあります。", "Two attachments have the same name.")
		case f.kept != nil:
		case fileTypes[f.Type] == "" || http.DetectContentType(f.Content) != f.Type:
			j.wrong.add(field, "type", "添付できるのは PDF、PNG、JPEG です。", "PDF, PNG and JPEG can be attached.")
		}
		names[name] = true
	}
	if len(files) > mostFiles {
		j.wrong.add(field, "too_many", fmt.Sprintf("添付できるのは%d件までです。", mostFiles), fmt.Sprintf("At most %d files can be attached.", mostFiles))
	}
	if total > envelope.LargestFiles {
		j.wrong.add(field, string(text.LengthExceeded), "添付ファイルは合わせて500kBまでです。大きいものはウェブサイトに置いて、リンクを書いてください。",
			"Attachments may have 500 kB together. Please put larger ones on the website and link to them.")
	}
}

// due holds a time to send at to what can be meant, and returns it; nil means now, after the delay within which it can be recalled.
func (e *editor) due(typed *string, c *campaign.Campaign, about *event.Event) (time.Time, problems) {
	var wrong problems
	now := e.now()
	at := now.Add(e.delay)
	if typed != nil && strings.TrimSpace(*typed) != "" {
		var err error
		if at, err = moment(*typed); err != nil {
			wrong.add("at", "time", "日時は 2026-11-30T14:00:00+09:00 のように入力してください。", "A time is written 2026-11-30T14:00:00+09:00.")
			return at, wrong
		}
		switch {
		case !at.After(now):
			wrong.add("at", "past", "これからの日時を入力してください。", "Please give a time in the future.")
		case at.After(now.AddDate(1, 0, 0)):
			wrong.add("at", "too_far", "1年以内の日時を入力してください。", "Please give a time within a year.")
		}
	}
	if c.Kind == policy.QuestionnaireInvite && about != nil {
		if q, asks := questionnaire.Of(about, e.periods); asks && at.Before(q.Opens) {
			wrong.add("at", "before_end", "アンケートのお願いは、イベントが終わり、アンケートの受け付けが始まってから送れます（"+japanese(q.Opens)+"から）。",
				"The questionnaire can be asked for once the event is over and the questionnaire is open: from "+q.Opens.In(tokyo).Format(time.RFC3339)+".")
		}
	}
	return at, wrong
}
