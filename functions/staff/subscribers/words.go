package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
)

func sprint(format string, a ...any) string { return fmt.Sprintf(format, a...) }

// date is a day in Japan for people, of a time in RFC 3339; nothing for what is none.
func date(at string) policy.Text {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return policy.Text{}
	}
	return policy.Text{JA: policy.Date(t, policy.Japanese), EN: policy.Date(t, policy.English)}
}

// japan writes a time in Unix seconds as RFC 3339 in Japan; "" for 0.
func japan(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return time.Unix(seconds, 0).In(policy.JapanTime).Format(time.RFC3339)
}

// stateName is what a state is called.
func stateName(s subscription.State) policy.Text {
	return map[subscription.State]policy.Text{
		subscription.Unconfirmed:  {JA: "確認待ち", EN: "Unconfirmed"},
		subscription.Pending:      {JA: "承認待ち", EN: "Waits for approval"},
		subscription.Confirmed:    {JA: "配信中", EN: "Subscribed"},
		subscription.Unsubscribed: {JA: "配信停止", EN: "Unsubscribed"},
		subscription.Bounced:      {JA: "不達", EN: "Bounced"},
		subscription.OnHold:       {JA: "記録の保管のみ", EN: "Kept on hold only"},
	}[s]
}

// reasonName says why an address is not written to.
func reasonName(reason string) policy.Text {
	if t, known := map[string]policy.Text{
		"unsubscribed": {JA: "配信停止の希望", EN: "unsubscribed"},
		"bounced":      {JA: "メールの不達", EN: "bounced"},
		"complained":   {JA: "迷惑メールとしての申告", EN: "complained"},
		"stop_use":     {JA: "利用停止の請求", EN: "stop of use"},
	}[reason]; known {
		return t
	}
	return policy.Text{JA: reason, EN: reason}
}

// channelName is how somebody came, or told us something.
func channelName(channel string) policy.Text {
	if t, known := map[string]policy.Text{
		"":                            {JA: "本人の操作", EN: "by the person"},
		channelForm:                   {JA: "登録フォーム", EN: "Form"},
		subscription.ChannelImport:    {JA: "名簿の取り込み", EN: "Import"},
		subscription.ChannelTelephone: {JA: "電話", EN: "Telephone"},
		subscription.ChannelMail:      {JA: "メール", EN: "Mail"},
		subscription.ChannelLetter:    {JA: "書面", EN: "Letter"},
		subscription.ChannelCounter:   {JA: "窓口", EN: "Counter"},
		subscription.ChannelRenewal:   {JA: "継続の確認", EN: "Renewal"},
		subscription.ChannelSynthetic: {JA: "試験用", EN: "Synthetic"},
	}[channel]; known {
		return t
	}
	return policy.Text{JA: channel, EN: channel}
}

// channelForm stands for both ways of posting the form.
const channelForm = "form"

func channelOf(p subscription.Proof) string {
	if p.Channel == "json" {
		return channelForm
	}
	return p.Channel
}

// ownWays are the ways by which people tell staff what they wish (contract: optout); toAdd those by which they ask to be added.
var (
	ownWays = []string{subscription.ChannelTelephone, subscription.ChannelMail, subscription.ChannelLetter}
	toAdd   = []string{subscription.ChannelTelephone, subscription.ChannelMail, subscription.ChannelLetter, subscription.ChannelCounter}
)

// maskName leaves of a name what staff need to see that it is the one they look for (R9).
func maskName(name string) string {
	if name == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(name)
	return name[:n] + "**"
}

// maskEmail is maskName for an address: the domain tells the office at most.
func maskEmail(email string) string {
	at := strings.LastIndex(email, "@")
	if at < 1 {
		return ""
	}
	_, n := utf8.DecodeRuneInString(email)
	return email[:n] + "***" + email[at:]
}

// next says whether the next issue reaches a person, and in one sentence what would have to happen for it to arrive.
func (l list) next(c subscription.Card) (receives bool, because policy.Text) {
	issue := policy.Text{JA: "次号", EN: "The next issue"}
	if l.Service.Code == policy.Press {
		issue = policy.Text{JA: "次のプレスリリース", EN: "The next press release"}
	}
	say := func(ja, en string, a ...policy.Text) policy.Text {
		args, argsEN := []any{issue.JA}, []any{issue.EN}
		for _, t := range a {
			args, argsEN = append(args, t.JA), append(argsEN, t.EN)
		}
		return policy.Text{JA: fmt.Sprintf(ja, args...), EN: fmt.Sprintf(en, argsEN...)}
	}
	since := date(c.Since())
	wish := c.Suppression != nil && c.Suppression.Reason != string(subscription.Bounced)
	switch state := c.State(); {
	case state == subscription.OnHold:
		return false, say("%sは届きません。登録の保存期限は過ぎており、記録は%sのためだけに保管しています。届くには、本人が登録フォームから登録し直し、確認のメールのリンクを押す必要があります。",
			"%s does not arrive: the record's time is over, and it is kept for a %s and nothing else. It arrives once the person signs up again and confirms it.", holdReason(c.Holds[0].Reason))
	case state == subscription.Unconfirmed && c.Subscriber.Unmailed:
		return false, say("%sが届くには、確認のメールのリンクを本人が押す必要がありますが、そのメールはまだ送られていません。「確認のメールを再送する」を押してください。",
			"%s arrives once the person presses the link in the confirmation mail, which has not been sent yet: please send it again.")
	case state == subscription.Unconfirmed:
		return false, say("%sが届くには、%sまでに、確認のメールのリンクを本人が押す必要があります。",
			"%s arrives once the person presses the link in the confirmation mail, before %s.", date(japan(c.Subscriber.ExpiresAt)))
	case state == subscription.Pending:
		return false, say("%sが届くには、職員がこの申し込みを承認する必要があります。", "%s arrives once staff approve this request.")
	case state == subscription.Confirmed && wish:
		return false, say("%sが届くには、本人が登録フォームから登録し直し、確認のメールのリンクを押す必要があります（%sのため停止中）。",
			"%s arrives once the person signs up again and confirms it (suppressed: %s).", reasonName(c.Suppression.Reason))
	case state == subscription.Confirmed && c.Suppression == nil && c.Subscriber.Evidence != nil:
		return true, say("%sは届きます（同意の記録により%sに登録）。", "%s arrives: entered on %s with evidence of the consent.", since)
	case state == subscription.Confirmed && c.Suppression == nil:
		return true, say("%sは届きます（%sに登録を確認済み）。", "%s arrives: confirmed on %s.", since)
	case state == subscription.Unsubscribed && c.Suppression != nil && c.Suppression.Reason == "complained":
		return false, say("%sが届くには、本人が登録フォームから登録し直し、確認のメールのリンクを押す必要があります（%sに迷惑メールとして申告がありました）。",
			"%s arrives once the person signs up again and confirms it: a mail was reported as unwanted on %s.", since)
	case state == subscription.Bounced && !wish && c.Subscriber == nil: // there is nobody to put back
		return false, say("%sが届くには、本人が登録フォームから登録し、確認のメールのリンクを押す必要があります（%sにこのアドレスへのメールが届かなかった記録があります）。",
			"%s arrives once the person signs up and confirms it: mail to this address came back on %s.", since)
	case state == subscription.Bounced && !wish:
		return false, say("%sが届くには、本人が登録フォームから登録し直して確認するか、不達が誤りと分かった場合に職員が配信に戻す必要があります（%sにメールが届きませんでした）。",
			"%s arrives once the person signs up again and confirms it, or staff put the person back because the bounce was wrong: mail came back on %s.", since)
	}
	return false, say("%sが届くには、本人が登録フォームから登録し直し、確認のメールのリンクを押す必要があります（%sに配信を停止しました）。",
		"%s arrives once the person signs up again and confirms it: unsubscribed on %s.", since)
}
