package main

import "madoguchi/shared/policy"

type browserSteps struct{ Name, Steps string }

// cookieWords are the words of /cookies.
type cookieWords struct {
	Title, Lead, Saved, Which, Purpose, Holds, Keeps                                    string
	Counting, CountingPurpose, CountingHolds, CountingKeeps                             string
	Display, DisplayPurpose, DisplayHolds, DisplayKeeps                                 string
	Staff, StaffPurpose, StaffHolds, StaffKeeps                                         string
	Facts                                                                               []string
	Choice, SignalSeen, CountingLegend, On, Off, LanguageLegend, Auto, ChoiceNote, Save string
	Signals, SignalsText, Browser, BrowserText                                          string
	Browsers                                                                            []browserSteps
	Recorded, RecordedText, StatisticsLink                                              string
}

func cookieWordsIn(l policy.Language) cookieWords {
	if l == policy.English {
		return cookieWords{
			Title: "Cookies",
			Lead:  "Visitors of this site get two cookies at most: one to count visits, one to remember your choices on this page. Neither tells us who you are, and you can switch both off. A third kind is for our own staff only.",
			Saved: "Your choice has been saved.",
			Which: "The cookies we use", Purpose: "Purpose", Holds: "What it holds", Keeps: "How long",
			Counting: "Counting", CountingPurpose: "To count how many people visit the website in a day",
			CountingHolds: "The date of your last visit only. It has no number that would tell you from others.", CountingKeeps: "30 days from your last visit",
			Display: "Display preference", DisplayPurpose: "To remember what you choose on this page",
			DisplayHolds: "The language you chose, and whether you refuse to be counted", DisplayKeeps: "1 year from your choice; not set before you choose",
			Staff: "Staff sign-in (staff only)", StaffPurpose: "To keep members of our staff signed in on the pages where they work",
			StaffHolds: "A random number of the session; while signing in, what belongs to the attempt. Set on the sign-in page for staff, never on a page or form for the public",
			StaffKeeps: "Session: until sign-out, 24 hours at most. Attempt: 10 minutes at most",
			Facts: []string{
				"All are our own cookies. There is no cookie of another company, and no advertising.",
				"The counting cookie is never sent with a form. What you enter in a form is never joined with your visits.",
				"Nothing is shared with another company for analysis. If that should change, this page will name the company first, and it will be off until you switch it on.",
				"Every page and every form works without cookies.",
			},
			Choice: "Your choice", SignalSeen: "Your browser asks websites not to track you (Global Privacy Control or Do Not Track). We already follow that: you get no counting cookie.",
			CountingLegend: "Counting your visits", On: "Count my visits", Off: "Do not count me as a visitor, and delete the counting cookie",
			LanguageLegend: "Language of the pages", Auto: "As my browser is set",
			ChoiceNote: "To remember your choice, we set the display-preference cookie. If you keep both first options, we delete it.", Save: "Save my choice",
			Signals:     "Global Privacy Control and Do Not Track",
			SignalsText: "If your browser sends one of these signals, or if you refuse above, we set no counting cookie, do not count you as a visitor and do not keep your IP address in the access record. Only the page view itself is counted.",
			Browser:     "Switching cookies off in your browser",
			BrowserText: "You can also refuse or delete cookies in your browser. That does not keep you from using the site. The names of menus may differ by version.",
			Browsers: []browserSteps{
				{"Chrome (computer)", "Settings > Privacy and security > Third-party cookies, or Site settings > On-device site data"},
				{"Microsoft Edge", "Settings > Cookies and site permissions (or Privacy, search, and services) > Cookies"},
				{"Firefox", "Settings > Privacy & Security > Cookies and Site Data"},
				{"Safari (Mac)", "Settings > Privacy > Block all cookies"},
				{"Safari (iPhone, iPad)", "Settings > Apps > Safari > Advanced > Block All Cookies"},
				{"Chrome (Android)", "Settings > Site settings > Third-party cookies, or On-device site data"},
			},
			Recorded:       "What is recorded without cookies",
			RecordedText:   "With each view of a page we record the time, the page (without anything after “?”), the IP address and the domain name of the website that led you there, for %s. Without a cookie we estimate the number of visitors by a value that cannot be traced back and that is discarded after the day. We never look at the visits of one person.",
			StatisticsLink: "Published statistics of the site",
		}
	}
	return cookieWords{
		Title: "Cookie（クッキー）について",
		Lead:  "当サイトをご覧になる方に使うCookieは、閲覧数を数えるものと、このページでの設定を覚えるものの2つです。どちらも、どなたであるかを示す情報を含みません。いずれも無効にできます。ほかに、当機関の職員だけに使うCookieがあります。",
		Saved: "設定を保存しました。",
		Which: "使用するCookie", Purpose: "目的", Holds: "内容", Keeps: "期間",
		Counting: "計数用", CountingPurpose: "1日の訪問者数を数えるため",
		CountingHolds: "最後に訪問された日付だけです。利用者を区別する番号は含みません。", CountingKeeps: "最後の訪問から30日間",
		Display: "表示設定用", DisplayPurpose: "このページで選ばれた設定を覚えるため",
		DisplayHolds: "選ばれた言語と、計数を希望されないこと", DisplayKeeps: "選択から1年間（選択されるまでは使いません）",
		Staff: "職員のサインイン用（職員のみ）", StaffPurpose: "職員が業務用のページにサインインした状態を保つため",
		StaffHolds: "サインインを区別する無作為な番号。サインインの途中では、その手続きに必要な値。職員用のサインインのページだけで使い、一般向けのページやフォームでは使いません。",
		StaffKeeps: "サインアウトまで（最長24時間）。途中の手続きに使うものは最長10分",
		Facts: []string{
			"いずれも当サイト自身のCookieです。他社のCookieや広告はありません。",
			"計数用のCookieは、フォームと一緒に送信されることはありません。フォームのご入力内容と閲覧の記録を結び付けることもありません。",
			"利用状況の分析のために第三者へ提供している情報はありません。提供する場合は、事前にこのページで提供先をお知らせし、お選びいただくまで無効とします。",
			"Cookieを無効にしても、すべてのページとフォームをご利用いただけます。",
		},
		Choice: "設定", SignalSeen: "お使いのブラウザーは、追跡を望まないこと（Global Privacy Control または Do Not Track）を知らせています。すでにこれに従い、計数用のCookieは使っていません。",
		CountingLegend: "訪問の計数", On: "訪問を数えてよい", Off: "訪問者として数えず、計数用のCookieを削除する",
		LanguageLegend: "ページの言語", Auto: "ブラウザーの設定に従う",
		ChoiceNote: "選択を覚えるため、表示設定用のCookieを使います。どちらも最初の選択肢にすると、このCookieを削除します。", Save: "設定を保存する",
		Signals:     "Global Privacy Control と Do Not Track",
		SignalsText: "ブラウザーがこれらの信号を送っている場合、または上で「数えない」を選ばれた場合は、計数用のCookieを使わず、訪問者として数えず、アクセス記録にIPアドレスを残しません。ページの閲覧数だけを数えます。",
		Browser:     "ブラウザーでCookieを無効にする方法",
		BrowserText: "ブラウザーの設定でも、Cookieの拒否や削除ができます。無効にされても、サイトの閲覧に支障はありません。メニューの名称は、版により異なることがあります。",
		Browsers: []browserSteps{
			{"Chrome（パソコン）", "設定 > プライバシーとセキュリティ > サードパーティ Cookie、または サイトの設定 > デバイス上のサイトデータ"},
			{"Microsoft Edge", "設定 > Cookie とサイトのアクセス許可（または プライバシー、検索、サービス） > Cookie"},
			{"Firefox", "設定 > プライバシーとセキュリティ > Cookie とサイトデータ"},
			{"Safari（Mac）", "設定 > プライバシー > すべてのCookieをブロック"},
			{"Safari（iPhone・iPad）", "設定 > アプリ > Safari > 詳細 > すべてのCookieをブロック"},
			{"Chrome（Android）", "設定 > サイトの設定 > サードパーティ Cookie、または デバイス上のサイトデータ"},
		},
		Recorded:       "Cookieによらず記録されるもの",
		RecordedText:   "ページの閲覧ごとに、日時、ページ（「?」以降を除く）、IPアドレス、参照元のドメイン名を記録し、%s保存した後、削除します。Cookieがない場合の訪問者数は、元に戻せない値をその日だけ用いて推計します。お一人おひとりの閲覧をたどることはありません。",
		StatisticsLink: "公表している統計を見る",
	}
}

// statisticsWords are the words of /statistics.
type statisticsWords struct {
	Title, Lead, None, Views, Of, Total, Visitors, Chart, ChartNote, HiddenBar, Hidden string
	ByDay, ByPage, ByDomain, Day, Page, Domain, Count, Other, Direct, ReleasedOn       string
	How, CookiesLink, All, Releases, OlderLink                                         string
	Rules                                                                              []string
}

func statisticsWordsIn(l policy.Language) statisticsWords {
	if l == policy.English {
		return statisticsWords{
			Title: "Statistics of the site", Lead: "Page views of our website, month by month.", None: "No statistics have been published yet.",
			Views: "Page views", Of: ", ", Total: "Page views in the month", Visitors: "Visitors of each day, added up (partly estimated)",
			Chart: "Page views by day", ChartNote: "The same numbers stand in the table below.", HiddenBar: "A short outlined bar means: not shown.", Hidden: "not shown",
			ByDay: "Page views by day", ByPage: "Page views by page", ByDomain: "Page views by the website that led here", Day: "Day", Page: "Page", Domain: "Website",
			Count: "Page views", Other: "All others", Direct: "Opened directly, or from another page of ours", ReleasedOn: "Published on ",
			How: "How we count and publish", CookiesLink: "Cookies and how to refuse being counted", All: "All published statistics",
			Releases: "Published months", OlderLink: "Earlier months",
			Rules: []string{
				"A month is published once, after it is over, and is not changed afterwards.",
				"Numbers under 5 are not shown, nor are numbers from which one could work them out. Small pages and websites are put together as “All others”.",
				"Robots and our own offices are left out. Only sums are kept and shown, never the visits of one person.",
			},
		}
	}
	return statisticsWords{
		Title: "サイトの統計", Lead: "当サイトの閲覧数を月ごとに公表しています。", None: "まだ公表している統計はありません。",
		Views: "閲覧数", Of: "　", Total: "月間閲覧数", Visitors: "延べ訪問者数（1日ごとの訪問者数の合計。一部推計）",
		Chart: "日別の閲覧数", ChartNote: "同じ数値を下の表に示しています。", HiddenBar: "枠だけの短い棒は、数値を表示しない日です。", Hidden: "非表示",
		ByDay: "日別の閲覧数", ByPage: "ページ別の閲覧数", ByDomain: "参照元サイト別の閲覧数", Day: "日", Page: "ページ", Domain: "サイト",
		Count: "閲覧数", Other: "その他", Direct: "直接の訪問、またはサイト内の移動", ReleasedOn: "公表日：",
		How: "数え方と公表の方法", CookiesLink: "Cookieと、計数を望まない場合の設定", All: "公表している統計の一覧",
		Releases: "公表している月", OlderLink: "これより前の月",
		Rules: []string{
			"各月の終了後に一度だけ公表し、その後は変更しません。",
			"5未満の数と、そこから計算できてしまう数は表示しません。閲覧の少ないページやサイトは「その他」にまとめます。",
			"検索ロボットなどの機械的な閲覧と、当機関自身の閲覧は除いています。合計だけを残し、お一人ごとの閲覧は集計しません。",
		},
	}
}
