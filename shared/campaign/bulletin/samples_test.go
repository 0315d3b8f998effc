package bulletin_test

import (
	"time"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// sample is a mail of each kind as an office writes it.
type sample struct {
	name    string
	content bulletin.Content
	frame   bulletin.Frame
}

func frame(kind policy.MailKind, l policy.Language) bulletin.Frame {
	org := policy.DefaultOrganization()
	org.PublicURL = "https://forms.example.jp"
	f := bulletin.Frame{Kind: kind, Language: l, Organization: org, Images: []string{"https://www.asean.or.jp"}}
	if kind == policy.EventInformation || kind == policy.QuestionnaireInvite {
		f.Event = policy.Text{JA: "ASEAN経済統合セミナー", EN: "Seminar on ASEAN Economic Integration"}.In(l)
	}
	return f
}

const newsletterBody = `{{name|読者の皆}}様

日本アセアンセンターの目黒です。今月は、11月のセミナーと、新しい統計資料をご案内します。
詳しくはhttps://www.asean.or.jp/ja/news/2026/11/をご覧ください。

## 11月のセミナー

ASEAN各国の投資環境を、現地の担当者がお話しします。**「事前のお申し込み」**が必要です。

| 日時 | 会場 | テーマ |
|:--|:-:|--:|
| 11月25日（水）14:00 | 東京 | ベトナム |
| 12月2日（水）10:00 | オンライン | インドネシア |

**[セミナーに申し込む](https://forms.example.jp/events/seminar-2026)**

### ご用意いただくもの

1. 受付番号（お申し込みの後にお送りします）
2. お名刺
   - 個人の方は不要です
   - 2枚以上お持ちください

> 昨年のセミナーでは、「具体的な話が聞けた」というお声をいただきました。

![会場の入口に立つ案内板。奥に受付が見える](https://www.asean.or.jp/images/hall.jpg "480")

## 新しい資料

*日本・ASEAN統計集 2026*を公開しました（[目次を見る](https://www.asean.or.jp/ja/statistics/?year=2026&lang=ja)）。

---

{{organization|ご所属先}}の皆さまにも、ぜひご紹介ください。
`

func samples() []sample {
	press, invite := frame(policy.PressRelease, policy.Japanese), frame(policy.MediaInvitation, policy.Japanese)
	press.Correction = "11月24日にお送りしたプレスリリースで、開催日に誤りがありました。お詫びして訂正いたします。\n（誤）11月26日　（正）11月25日"
	invite.Embargo = time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)
	return []sample{
		{"newsletter.ja", bulletin.Content{Subject: "【日本アセアンセンター】11月のセミナーと新しい統計資料のご案内", BodyMarkdown: newsletterBody,
			Preheader: "11月25日のセミナーのお申し込みを受け付けています。"}, frame(policy.NewsletterIssue, policy.Japanese)},
		{"press_release.ja", bulletin.Content{Subject: "【プレスリリース】日本とASEAN、投資促進で新しい枠組み", BodyMarkdown: `# 日本とASEAN、投資促進で新しい枠組み

{{organization}}
{{name}} 様

国際機関日本アセアンセンターは11月25日、ASEAN加盟各国の投資促進機関と、新しい協力の枠組みについて合意しました。本件は、同日に東京で開かれた会合で確認されたものです。

## 合意の内容

- 中小企業の進出を支える窓口を、各国に置く
- 投資に関する統計を、年に2回公表する

# 本件に関するお問い合わせ

広報担当（平日9:30～17:30）
メール：[press@asean.or.jp](mailto:press@asean.or.jp)
`}, press},
		{"media_invitation.ja", bulletin.Content{Subject: "【取材案内】{{organization|報道各社}} 様：投資促進会合（11月25日）", BodyMarkdown: `{{name}}様

標記の会合を下記のとおり開催します。ぜひ取材にお越しください。

| 項目 | 内容 |
|---|---|
| 日時 | 2026年11月25日（水）10:00～11:30（受付 9:30から） |
| 場所 | 東京都港区新橋6-17-19 新御成門ビル1階 アセアンホール（都営三田線 御成門駅 A4出口から徒歩3分） |
| カメラ | 冒頭のみ可。三脚の位置は受付順に決めます |

お越しの方は、前日の正午までに<mailto:press@asean.or.jp>へご連絡ください。
`, Text: `{{name}}様

会合の取材案内です（手で整えた本文）。

  日時　11月25日（水）10:00
  場所　アセアンホール`}, invite},
		{"event_information.ja", bulletin.Content{Subject: "会場でのお願い（ASEAN経済統合セミナー）", BodyMarkdown: `{{organization}} {{title|ご担当}} {{name}}様

お申し込みありがとうございます。当日の[お申し込み内容の確認]({{link}})は、受付でもお願いします。

* 開場は13:30です
* 駐車場はありません
`}, frame(policy.EventInformation, policy.Japanese)},
		{"event_information.en", bulletin.Content{Subject: "How to find us: {{name}}, your seminar is tomorrow", BodyMarkdown: `## Getting there

Dear {{title|colleague}} {{name}},

please come to the **main entrance**. The hall is on the first floor; a member of staff will meet you at the lift and show you the way to the reception, where your badge is ready.

| Time | What | Where |
|---|---|---|
| 13:30 | Doors open | Entrance |
| 14:00 | Opening | ASEAN Hall |

# Questions

Write to <toiawase_ga@asean.or.jp>, or see https://www.asean.or.jp/en/ (in English).
`}, frame(policy.EventInformation, policy.English)},
		{"questionnaire_invitation.ja", bulletin.Content{Subject: "「ASEAN経済統合セミナー」アンケートのお願い", BodyMarkdown: `{{name}}様

先日はご参加ありがとうございました。3分ほどで終わるアンケートにご協力ください。
`}, frame(policy.QuestionnaireInvite, policy.Japanese)},
		{"questionnaire_invitation.en", bulletin.Content{Subject: "Your opinion of the seminar", BodyMarkdown: `Dear {{name}},

thank you for coming. **[Answer five questions]({{link}})**

The same address: {{link}}
`}, frame(policy.QuestionnaireInvite, policy.English)},
	}
}

// hanako is an ordinary recipient.
func hanako() bulletin.Recipient {
	return bulletin.Recipient{
		Values: map[string]string{"name": "山田 花子", "organization": "国立研究所", "email": "hanako@example.jp", "prefecture": "東京都",
			"business_category": "研究機関", "phone": "03-1234-5678"},
		Unsubscribe: "https://forms.example.jp/newsletter/unsubscribe?t=AbC-123_x&k=1",
		Preferences: "https://forms.example.jp/newsletter/preferences?t=AbC-123_x&k=1",
		Link:        "https://forms.example.jp/events/seminar-2026/registration?t=XyZ&k=1",
	}
}
