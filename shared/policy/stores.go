package policy

import "fmt"

// Store is a place where the system keeps something, whether of persons or not: a table, a group of logs, a secret.
// Every such resource of template.yaml belongs to a store; a test holds that, and that the functions named here are
// those that the template lets in.
type Store struct {
	Code      string
	Name      Text
	Resources []string // logical names in template.yaml; empty for what stands outside it
	Service   Code     // the service whose records it holds, empty for the system's own
	Personal  bool     // whether it holds anything of persons, if only keyed hashes: one person is looked for there (R94)
	Holds     Text
	Why       Text
	Keeps     Text     // how long
	Functions []string // functions that may touch it, as the template names them
	People    Text     // people who can see it
	Copies    bool     // point-in-time copies are kept (R46); an erased record lives on in them
}

// copiesDays is how far back point-in-time recovery reaches unless a deployment sets RECOVERY_DAYS (1 to 35): long enough
// to notice a loss, short because an erased record lives on in the copies (R45, R46).
const copiesDays = 14

var engineer = Text{"運用担当の技術者（緊急時のみ）", "The engineer in charge, in an emergency only"}

// listStaff are the staff of a list: its lines are masked until somebody opens one, and the ledger says who did.
func listStaff(ja, en string) Text {
	return Text{ja + "（一覧では氏名とアドレスの一部を伏せ、開いた記録を残して）", en + " (masked in lists; each record that is opened is in the ledger)"}
}

// Stores returns every store of the system.
func Stores() []Store {
	return []Store{
		{
			Code: "newsletter", Name: Text{"メールマガジン登録簿", "Newsletter list"}, Resources: []string{"NewsletterTable"},
			Service: Newsletter, Personal: true, Copies: true,
			Holds: Text{"登録者の項目、状態、同意の記録（表示した内容の版・日時・経路）。アドレスを変更した場合は、変更前から変更後への案内（鍵付きハッシュだけ）。検索の鍵は、メールアドレスと、氏名・所属の始めの2文字、漢字で始まる氏名の最初の1文字の鍵付きハッシュ。個人情報の請求や事故への対応のために保存期限を延長した場合は、その時点の記録の写し（保管だけを行い、配信・集計・書き出しには用いない）",
				"The subscriber's items, the state, the evidence of consent (versions shown, time, channel); after a change of address a pointer from the old to the new one (keyed hashes only). Keys are keyed hashes of the address, of the first two letters of name and organisation, and of the first Chinese character of a name. Of people on hold for a privacy case or an incident a copy of the record as it was then (kept only: never mailed, counted or exported)"},
			Why:       Text{"メールマガジンの配信", "Delivery of e-mail newsletters"},
			Keeps:     Text{"状態ごとの保存期間のとおり（上記）。保存期限を延長した写しは、職員が定めた日まで（1回につき1年以内）", "By state, as the retention above says; a copy on hold until the day that staff have set, a year at most at a time"},
			Functions: []string{"campaigns", "feedback", "importer", "newsletter", "retention", "sender", "subscribers"}, People: listStaff("メールマガジン担当の職員、個人情報担当の職員", "Staff who look after the newsletter, General Affairs"),
		},
		{
			Code: "press", Name: Text{"プレスリリース配信先名簿", "Press list"}, Resources: []string{"PressTable"},
			Service: Press, Personal: true, Copies: true,
			Holds: Text{"メールマガジン登録簿と同じ（項目はプレスリリース配信のもの）。承認をお待ちいただいている申し込みを含む",
				"As the newsletter list, with the items of the press list; also requests that wait for approval"},
			Why:       Text{"プレスリリースの配信と取材案内の送付", "Delivery of press releases and media invitations"},
			Keeps:     Text{"状態ごとの保存期間のとおり（上記）。保存期限を延長した写しは、職員が定めた日まで（1回につき1年以内）", "By state, as the retention above says; a copy on hold until the day that staff have set, a year at most at a time"},
			Functions: []string{"campaigns", "feedback", "importer", "press", "retention", "sender", "subscribers"}, People: listStaff("報道担当の職員、個人情報担当の職員", "Staff who look after the press list, General Affairs"),
		},
		{
			Code: "access", Name: Text{"アクセス記録", "Access records"}, Resources: []string{"AccessTable"}, Service: Access, Personal: true,
			Holds: Text{"閲覧ごとに、日時、パス（「?」以降と、個人を示しうる部分を除く）、参照元のドメイン名、IPアドレス、応答の種別。鍵は時刻と乱数だけで、IPアドレスでは検索できない。GPC・DNT の信号、または計数を望まない設定がある閲覧は、IPアドレスを残さない",
				"For each page view: time, path (nothing after \"?\", nothing that may name a person), referrer's domain, IP address, status. Keys are the hour and chance: nobody is looked for by address. Of a visitor with GPC, DNT or a refusal no address is kept"},
			Why:       Text{"サイトの円滑な運営の参考（集計だけに用いる）", "Reference for the smooth operation of the Site, by sums only"},
			Keeps:     Text{"ACCESS_DAYS で定める日数（既定90日間）。控えは取らない", "ACCESS_DAYS (90 by default); no copies are kept"},
			Functions: []string{"access"}, People: engineer,
		},
		{
			Code: "counters", Name: Text{"日ごとの集計", "Daily counters"}, Resources: []string{"CountersTable"}, Copies: true,
			Holds: Text{"日・ページ・参照元ドメイン別の閲覧数と訪問者数。個人に関する情報は含まない", "Page views and visitors by day, page and referrer's domain; nothing of persons"},
			Why:   Text{"統計の作成", "To make statistics"}, Keeps: Text{"期限なし", "Open-ended"}, Functions: []string{"access"}, People: engineer,
		},
		{
			Code: "releases", Name: Text{"公表した統計", "Released statistics"}, Resources: []string{"ReleasesTable"}, Copies: true,
			Holds: Text{"職員が公表した月ごとの集計（5未満の数と、そこから計算できる数を除く）", "Monthly sums that staff released, without numbers under 5 or that reveal one"},
			Why:   Text{"統計の公表", "Publication of statistics"}, Keeps: Text{"期限なし（変更しない）", "Open-ended, never changed"}, Functions: []string{"access"},
			People: Text{"どなたでも", "Everybody"},
		},
		{
			Code: "publications", Name: Text{"資料請求の受付簿", "Requests for publications"}, Resources: []string{"PublicationsTable"},
			Service: Publications, Personal: true, Copies: true,
			Holds: Text{"請求ごとの項目、状態、資料と部数、表示した内容の版・日時・経路。検索の鍵はメールアドレスの鍵付きハッシュ。別に、未処理の請求の取り置き（受付番号・資料・部数だけ）",
				"The items of each request, its state, publications and numbers of copies, versions shown, time, channel; one person is found by the keyed hash of the address. Beside it what open requests have reserved (reference, publications, numbers only)"},
			Why:       Text{"資料・刊行物の請求への対応", "Attending to requests for materials and publications"},
			Keeps:     Text{"状態ごとの保存期間のとおり（上記）。取り置きは、請求が確定するまで", "By state, as the retention above says; a reservation until the request is settled"},
			Functions: []string{"publications", "retention"}, People: engineer,
		},
		{
			Code: "catalogue", Name: Text{"資料の目録と在庫", "Catalogue and stock of publications"}, Resources: []string{"CatalogueTable"}, Copies: true,
			Holds: Text{"資料の題名・説明・表紙・在庫の部数と、資料・都道府県・月ごとの発送部数。個人情報は含まない",
				"Titles, descriptions, covers and stock of publications, and the numbers of copies sent by publication, prefecture and month; nothing of persons"},
			Why:       Text{"請求できる資料を案内し、在庫を管理するため", "To offer publications and to keep their stock"},
			Keeps:     Text{"職員が消すまで。発送部数は期限なし", "Until staff remove it; the numbers sent without end"},
			Functions: []string{"publications", "retention"}, People: engineer,
		},
		{
			Code: "inquiries", Name: Text{"お問い合わせの記録", "Inquiries"}, Resources: []string{"InquiriesTable"},
			Service: Inquiry, Personal: true, Copies: true,
			Holds: Text{"フォームの項目、またはメールから記録する項目（上記）、状態、受け付けの記録。マイナンバーなどと思われる記載は、原文のまま保存し、職員には伏せて示す。検索の鍵はメールアドレスとメール識別番号の鍵付きハッシュ",
				"The items of the form, or those recorded of a mail (above), the state, how it came in. What looks like a My Number is kept as it was written and masked for staff. Keys are keyed hashes of addresses and Message-IDs"},
			Why:       Text{"お問い合わせへの回答", "Responding to inquiries"},
			Keeps:     Text{"状態ごとの保存期間のとおり（上記）。自動返信・不達通知・迷惑メールは、受け付けと同時に終了したものとして扱う", "By state, as the retention above says; answers of machines and spam count as closed at receipt"},
			Functions: []string{"inbound", "inquiry", "retention"}, People: engineer,
		},
		{
			Code: "inbound", Name: Text{"受信したメール", "Mail received"}, Resources: []string{"InboundBucket"}, Personal: true,
			Holds:     Text{"届いたままのメールと、その添付ファイル。ファイル名は番号だけ", "Mails as they came, and the files in them; objects are named by numbers only"},
			Why:       Text{"お問い合わせへの回答", "Responding to inquiries"},
			Keeps:     Text{"記録とともに、1時間ほどのうちに消える。遅くとも INQUIRY_DAYS で定める日数（既定730日間）で自動的に消える。消えたものは、その後 RECOVERY_DAYS で定める日数、復旧用の控えに残る", "They go with their record, within about an hour, and by themselves INQUIRY_DAYS (730 by default) after receipt at the latest; what has gone stays in the copies for RECOVERY_DAYS"},
			Functions: []string{"inbound", "receipt", "retention"}, People: engineer,
		},
		{
			Code: "photos", Name: Text{"デジタルフォトライブラリーの利用登録", "Registrations of the photo library"}, Resources: []string{"PhotosTable"},
			Service: Photos, Personal: true, Copies: true,
			Holds: Text{"登録1件ごとに1つ：登録した項目、受け付けた記録（方針とフォームの版、日時）、最後に利用した日、アドレスの鍵付きハッシュ",
				"One for each registration: its items, how it came in (policy and form version, times), the day of the last use, the keyed hash of the address"},
			Why:       Text{"ダウンロードできる方を確かめ、利用状況を分析するため", "To open the downloads, and to analyse how the library is used"},
			Keeps:     Text{"最後のご利用からの保存期間のとおり（上記）", "From the last use, as the retention above says"},
			Functions: []string{"photos"}, People: engineer,
		},
		{
			Code: "photo_catalogue", Name: Text{"写真の目録と写真", "Photos and their catalogue"}, Resources: []string{"PhotoCatalogueTable", "PhotosBucket"}, Copies: true,
			Holds: Text{"公開している写真、説明、クレジット、利用条件。撮影地などの付加情報は取り除く。利用者の情報は含まない",
				"The published photos with caption, credit and terms, without what cameras write into files; nothing of users"},
			Why:       Text{"写真の提供", "To offer the photos"},
			Keeps:     Text{"取り下げるまで。差し替え・取り下げのあと30日間は前の版が残る", "Until taken out; the older version stays for 30 days after"},
			Functions: []string{"photos"}, People: Text{"写真を担当する職員", "Staff who look after the photos"},
		},
		{
			Code: "photo_downloads", Name: Text{"写真のダウンロード数", "Counts of downloads"}, Resources: []string{"PhotoDownloadsTable"}, Copies: true,
			Holds:     Text{"写真・日・都道府県ごとの数だけ。だれが利用したかは含まない", "Numbers by photo, day and prefecture only; not who"},
			Why:       Text{"利用状況の分析", "To analyse how the library is used"},
			Keeps:     Text{"期限なし（集計値）", "Open-ended (aggregates)"},
			Functions: []string{"photos"}, People: Text{"写真を担当する職員", "Staff who look after the photos"},
		},
		{
			Code: "events", Name: Text{"イベントの定義", "Definitions of events"}, Resources: []string{"EventsTable"}, Copies: true,
			Holds: Text{"イベントの内容、共催者・委託先、フォームの項目（版ごと）。参加者の情報は含まない",
				"What staff say of an event: its partners, its form's items, in every version; nothing of registrants"},
			Why:       Text{"イベントのご案内と受付、登録時に表示した内容の証明", "To announce events and take registrations, and to show later what a person saw"},
			Keeps:     Text{"期限なし（個人情報を含まないため）", "Open-ended: nothing personal is in it"},
			Functions: []string{"campaigns", "events", "invitations", "questionnaires", "reminders", "sender"}, People: engineer,
		},
		{
			Code: "registrations", Name: Text{"イベント参加登録簿", "Event registrations"}, Resources: []string{"RegistrationsTable"},
			Service: Events, Personal: true, Copies: true,
			Holds: Text{"登録者の項目、状態、共催者への提供の同意（表示した文言とともに）、表示した内容の版、座席番号。保存期間の短い項目は別の記録。同じ方の二重登録を見分ける鍵付きハッシュ",
				"The registrant's items, the state, consents to a provision with the words shown, versions shown, the seat's number; items of a shorter period apart; a keyed hash of address and name by which the same person is known again"},
			Why:       Text{"イベントの登録通知、ご案内、受付", "Registration notice, information on the event, reception"},
			Keeps:     Text{"状態ごとの保存期間のとおり（上記）。保存期限を延長した写しは、職員が定めた日まで（1回につき1年以内）", "By state, as the retention above says; a copy on hold until the day that staff have set, a year at most at a time"},
			Functions: []string{"campaigns", "events", "invitations", "reminders", "sender"}, People: engineer,
		},
		{
			Code: "answers", Name: Text{"アンケートの回答", "Answers to questionnaires"}, Resources: []string{"AnswersTable"},
			Service: Questionnaire, Personal: true,
			Holds: Text{"無記名：回答、設問の版、回答の日（職員に渡す時に消す）。登録・受付番号・時刻・言語は含まず、番号は無作為。記名（事前に明示）：回答、登録の受付番号、メールアドレスの鍵付きハッシュ、日時。設問ごとの集計",
				"Anonymous: the answers, the version of the questions, the day (gone once released to staff); no registration, no reference, no time, no language, random keys. Named, where announced: the answers, the registration's reference, the keyed hash of the address, the time. Counts by question"},
			Why:       Text{"今後のイベントの改善のため", "To improve future events"},
			Keeps:     Text{"回答は上記の保存期間のとおり。5件以上まとめた集計は残す", "Answers as the retention above says; counts of five or more remain"},
			Functions: []string{"questionnaires"}, People: engineer,
		},
		{
			Code: "invitations", Name: Text{"アンケートの案内", "Invitations to questionnaires"}, Resources: []string{"InvitationsTable"}, Personal: true,
			Holds: Text{"案内の番号（登録の鍵付きハッシュ）、メールアドレスの鍵付きハッシュ、使用済みの印（日時なし）。記名の場合だけ登録の受付番号",
				"The invitation's number (a keyed hash of the registration), the keyed hash of the address, whether it is spent (without a time); the registration's reference for named ones only"},
			Why:       Text{"おひとりに1回だけ案内し、1回だけ回答していただくため", "To invite each person once and to take one answer from each"},
			Keeps:     Text{"回答と同じ", "As the answers"},
			Functions: []string{"campaigns", "invitations", "questionnaires", "sender"}, People: engineer,
		},
		{
			Code: "outbox", Name: Text{"送信待ちメール", "Outbox"}, Resources: []string{"OutboxTable"}, Personal: true, Copies: true,
			Holds: Text{"送信前：宛先と差し込む内容。送信後：宛先と内容を消し、種類・日時・結果・宛先の鍵付きハッシュだけ。お問い合わせについてのメールは、返信を元のお問い合わせに加えるため、受付番号も残す。変更通知（24時間）は番号だけ",
				"Before sending: recipient and what goes into the mail. After: both removed; kind, times, outcome and the keyed hash of the address remain; of mail about an inquiry its reference too, so that an answer joins it. Its stream (24 hours) carries keys only"},
			Why:       Text{"受け付けた申し込みのメールを必ず、一度だけ送るため", "To send the mail of every accepted form, and once only"},
			Keeps:     Text{"結果が確定するまで（長くとも7日間）、確定後30日間", "Until the outcome is settled, at most 7 days; then 30 days"},
			Functions: []string{"campaigns", "events", "feedback", "inbound", "inquiry", "invitations", "mailer", "newsletter", "photos", "press", "publications", "reminders", "retention", "subscribers"}, People: engineer,
		},
		{
			Code: "suppression", Name: Text{"送信停止リスト", "Suppression list"}, Resources: []string{"SuppressionTable"}, Personal: true, Copies: true,
			Holds: Text{"メールアドレスの鍵付きハッシュ、リスト名、理由（停止・不達・苦情）、日付。一時的に届かなかったメールの番号と日付。メールアドレスそのものは含まない",
				"Keyed hash of the address, list, reason (unsubscribed, bounced, complained), date; numbers and dates of mails that could not be delivered for the time being; never the address itself"},
			Why: Text{"配信停止をお申し出の方や、メールが届かないアドレスに再びお送りしないため", "Not to write again to those who do not want it or cannot be reached"},
			Keeps: Text{"期限なし（ご本人があらためて同意するまで）。一時的に届かなかったメールの番号は、最後のものから90日間",
				"Open-ended, until the person gives a new consent; numbers of mails that could not be delivered for the time being, 90 days from the last"},
			Functions: []string{"campaigns", "feedback", "importer", "newsletter", "press", "retention", "sender", "subscribers"}, People: engineer,
		},
		{
			Code: "campaign_files", Name: Text{"一斉配信の添付ファイル", "Attachments of campaigns"}, Resources: []string{"CampaignFilesBucket"}, Copies: true,
			Holds: Text{"職員が配信に添付したPDFと画像。ファイル名は含まず、受け取る方の情報も含まない",
				"PDF and pictures that staff attached to campaigns, without their names; nothing of recipients"},
			Why:       Text{"配信への添付", "To be attached to mail"},
			Keeps:     Text{"保存から400日間", "400 days from when they were stored"},
			Functions: []string{"campaigns", "sender"}, People: engineer,
		},
		{
			Code: "campaigns", Name: Text{"一斉配信の記録", "Campaigns"}, Resources: []string{"CampaignsTable"}, Personal: true, Copies: true,
			Holds: Text{"職員が作成した配信の本文と版、状態、承認と操作をした職員の番号、人数の集計。配信先ごとに、登録の鍵（メールアドレスの鍵付きハッシュ、または受付番号）と結果、SESの番号、不達などの通知。メールアドレスと氏名は含まない",
				"What staff wrote, in versions, its state, the numbers of the accounts that decided, and counts. For each recipient the key of the record (keyed hash of the address, or reference number), the outcome, SES's number and what SES reported; never an address or a name"},
			Why:       Text{"一人に一度だけ届け、届いたかどうかの問い合わせに答えるため", "To write to each person once only, and to answer whether somebody was written to"},
			Keeps:     Text{"配信先ごとの記録は CAMPAIGN_RECIPIENT_DAYS で定める日数（既定90日間）。本文と集計は期限なし", "Recipients for CAMPAIGN_RECIPIENT_DAYS (90 by default); what was written and the counts are open-ended"},
			Functions: []string{"campaigns", "feedback", "importer", "imports", "invitations", "mailer", "newsletter", "press", "sender", "subscribers"}, People: Text{"配信を担当する職員（配信先ごとの記録は一人ずつ、操作の記録を残して）", "Staff who are in charge of the mailing; a recipient one at a time, and recorded"},
		},
		{
			Code: "guard", Name: Text{"不正利用の防止", "Guard"}, Resources: []string{"GuardTable"}, Personal: true,
			Holds: Text{"送信済みの印（受付番号と内容の鍵付きハッシュ）、発信元ネットワークごとの件数（鍵付きハッシュ）、宛先ごとの確認メールの件数（鍵付きハッシュ）、当日の訪問者を一度だけ数えるための印（日替わりの乱数を加えたハッシュと、その乱数）",
				"Marks of spent form tokens (reference, keyed hash of the values), counts per network and counts of confirmation mail per address (keyed hashes); of today's visitors, so that each counts once, a hash with a salt that is drawn each day and goes with it"},
			Why:       Text{"二重の受け付けと、大量の送信を防ぐため", "Against double posts and floods"},
			Keeps:     Text{"送信済みの印48時間、ネットワークごとの件数2時間、宛先ごとの件数48時間、訪問者の印と乱数はその日の終わりまで", "Form tokens 48 hours, networks 2 hours, addresses 48 hours, visitors and their salt until the end of the day"},
			Functions: []string{"access", "events", "inbound", "inquiry", "newsletter", "photos", "press", "publications", "questionnaires"}, People: engineer,
		},
		{
			Code: "imports", Name: Text{"名簿の取り込みの記録", "Imports of lists"}, Resources: []string{"ImportsTable"}, Personal: true, Copies: true,
			Holds: Text{"取り込みごとに、件数、行番号と結果、追加した方のメールアドレスの鍵付きハッシュ（取り消しのため）、操作した職員の番号。メールアドレスと項目の内容は含まない",
				"For each import counts, numbers of rows with their results, the keyed hashes of the addresses that it added (to undo it) and the number of who sent it; never an address or the value of a field"},
			Why:       Text{"名簿の取り込みを途中から続け、取り消せるようにするため", "To go on with an import, and to undo it"},
			Keeps:     Text{"90日間", "90 days"},
			Functions: []string{"importer", "imports"}, People: engineer,
		},
		{
			Code: "import_files", Name: Text{"取り込むファイル", "Files to import"}, Resources: []string{"ImportFilesBucket"}, Personal: true,
			Holds:     Text{"職員が送信した名簿のファイルと、その先頭の数行", "Lists as staff sent them, and their first rows"},
			Why:       Text{"名簿の取り込み", "To take a list over"},
			Keeps:     Text{"24時間。取り込みが終わればすぐに削除する", "24 hours, or until the import has ended"},
			Functions: []string{"importer", "imports"}, People: engineer,
		},
		{
			Code: "staff_users", Name: Text{"職員のアカウント", "Accounts of staff"}, Resources: []string{"StaffUsers"}, Personal: true,
			Holds: Text{"職員の氏名、メールアドレス、担当、サインインの認証情報（Amazon Cognito が保管し、パスワードは復元できない形）。ウェブサイトの利用者の情報は含まない",
				"Name, mail address, roles and credentials of staff (kept by Amazon Cognito; passwords cannot be recovered from it); nothing of visitors"},
			Why:    Text{"職員のサインインのため。ほかの目的には用いない", "Signing staff in, and nothing else"},
			Keeps:  Text{"管理者が削除するまで（離職時に削除する）", "Until the administrator deletes the account, when the person leaves"},
			People: Text{"アカウントを管理する職員", "Who looks after the accounts"},
		},
		{
			Code: "staff", Name: Text{"職員のサインインの状態", "Sessions of staff"}, Resources: []string{"StaffTable"}, Personal: true,
			Holds: Text{"サインイン中の職員の識別番号、氏名、メールアドレス、担当（合言葉はハッシュだけ）。担当ごとの職員の氏名とメールアドレス（承認の依頼を送るため）。ウェブサイトの利用者の情報は含まない",
				"Of staff who are signed in: their number, name, mail address and roles (of the cookie a hash only). By role, name and address of those who hold it, so that they can be asked to approve something; nothing of visitors"},
			Why:       Text{"職員のサインインと、承認の依頼のため", "Signing staff in, and asking them for approvals"},
			Keeps:     Text{"サインインの状態は STAFF_SESSION_HOURS で定める時間（既定8時間）、氏名とメールアドレスは最後のサインインから90日間", "A session STAFF_SESSION_HOURS (8 by default); name and address 90 days from the last sign-in"},
			Functions: []string{"campaigns", "imports", "signin", "subscribers"}, People: engineer,
		},
		{
			Code: "ledger", Name: Text{"操作の記録", "Ledger"}, Resources: []string{"LedgerTable"}, Personal: true, Copies: true,
			Holds: Text{"だれが（職員の識別番号）、いつ、何を、どの記録に対して行ったか、または拒まれたか。1件ごとに前の記録のハッシュを含み、変更・削除はできない。氏名、メールアドレス、入力内容は含まない",
				"Who (the number of a member of staff) did what to which record and when, or was refused. Each entry holds the hash of the one before; none can be changed or deleted. No name, no mail address, no value of a field"},
			Why:       Text{"個人情報の取り扱いをあとから確かめるため", "To show later what was done with personal data (R47)"},
			Keeps:     Text{"3年間", "3 years"},
			Functions: []string{"campaigns", "importer", "imports", "signin", "subscribers"}, People: engineer,
		},
		{
			Code: "logs", Name: Text{"動作記録", "Logs of the functions"}, Personal: true,
			Resources: []string{"AccessLogs", "ApiLogs", "CampaignsLogs", "EventsLogs", "FeedbackLogs", "ImporterLogs", "ImportsLogs", "InboundLogs", "InquiryLogs", "InvitationsLogs", "MailerLogs", "NewsletterLogs", "PhotosLogs", "PressLogs", "PublicationsLogs", "QuestionnairesLogs", "RemindersLogs", "RetentionLogs", "SenderLogs", "SigninLogs", "SiteLogs", "SubscribersLogs"},
			Holds: Text{"処理ごとに1行：要求番号、機能名または経路、結果、所要時間、鍵付きハッシュ。発信元のIPアドレス・氏名・メールアドレス・入力内容は書かない",
				"A line per outcome: request id, function or route, result, duration, keyed hashes; no IP address, no name, no mail address, no value of a field"},
			Why:       Text{"障害の調査のため", "To find faults"},
			Keeps:     Text{"LOG_RETENTION_DAYS で定める日数（既定90日間）", "LOG_RETENTION_DAYS (90 by default)"},
			Functions: []string{"access", "campaigns", "events", "feedback", "importer", "imports", "inbound", "inquiry", "invitations", "mailer", "newsletter", "photos", "press", "publications", "questionnaires", "reminders", "retention", "sender", "signin", "site", "subscribers"}, People: Text{"運用担当の技術者", "The engineer in charge"},
		},
		{
			Code: "keys", Name: Text{"暗号鍵", "Secret keys"}, Resources: []string{"AddressKey", "FormKeys", "LinkKeys"},
			Holds: Text{"ハッシュ・フォーム・リンクの鍵。個人情報は含まない", "The keys of hashes, form tokens and links; nothing of persons"},
			Why:   Text{"識別子を復元できないようにし、偽造を防ぐため", "So that hashes tell nothing and nothing can be forged"},
			Keeps: Text{"アドレスの鍵は無期限（更新しない）、フォームの鍵は随時更新、リンクの鍵は配信停止リンクが有効な間",
				"The address key for ever, never rotated; form keys rotate freely; link keys while an unsubscribe link must work"},
			People: engineer,
		},
		{
			Code: "copies", Name: Text{"復旧用の控え", "Point-in-time copies"}, Personal: true,
			Holds: Text{"復旧用の控えを残す保管場所（この表で「控えあり」のもの）の、変更前の状態", "Earlier states of the stores that keep copies, as this table says"},
			Why:   Text{"消失からの復旧のため", "Recovery from loss (R46)"},
			Keeps: Text{fmt.Sprintf("変更から RECOVERY_DAYS で定める日数（既定%d日間。自動的に消える。削除した記録も、この間は控えに残る）", copiesDays),
				fmt.Sprintf("RECOVERY_DAYS (%d by default) after a change, then gone by itself; a deleted record stays in them that long", copiesDays)},
			People: Text{"復旧を行う運用担当の技術者（閲覧の前に、削除済みの記録を取り除く）",
				"The engineer who restores; before anybody reads a restored table, erased records are removed again"},
		},
		{
			Code: "failures", Name: Text{"処理できなかった変更通知", "Stream records given up"}, Resources: []string{"FailuresBucket"}, Personal: true,
			Holds: Text{"送信待ちメールの変更通知のうち処理できなかったもの。メールの番号だけで、宛先や内容は含まない",
				"Records of the outbox's stream that the mailer could not take: numbers of mails only, neither recipient nor content"},
			Why:       Text{"障害の調査のため", "To find faults"},
			Keeps:     Text{"14日間（自動的に消える）", "14 days, then gone by itself"},
			Functions: []string{"importer", "mailer"}, People: engineer,
		},
		{
			Code: "transit", Name: Text{"配送中のメール", "Mail in transit"}, Personal: true,
			Holds: Text{"Amazon SES が配送中のメールと、その配送結果の通知（宛先を含む）", "Mail that Amazon SES is delivering, and its reports, which name the recipient"},
			Why:   Text{"メールの送信", "Delivery of mail"},
			Keeps: Text{"配送が終わるまで。結果の通知は、受け取りに失敗した場合も合わせて2時間以内に破棄", "Until delivered; a report that cannot be taken in is dropped within two hours in all"},
			People: Text{"なし（開封・クリックの計測はしない）",
				"Nobody; opens and clicks are not tracked"},
		},
		{
			Code: "local", Name: Text{"開発用の手元データ", "Data folder of the local stack"},
			Holds:  Text{"試験用の架空のデータだけ（実在の方の情報は入れない）", "Made-up test data only; no real person's"},
			Why:    Text{"開発と試験のため", "Development and tests"},
			Keeps:  Text{"開発者が消すまで", "Until the developer deletes it"},
			People: Text{"開発者", "The developer"},
		},
	}
}
