package main

import "madoguchi/shared/policy"

type frontWords struct{ Title, Lead, Use, And, None, About, Cookies, Statistics string }

func frontWordsIn(l policy.Language) frontWords {
	if l == policy.English {
		return frontWords{
			Title: "Online forms",
			Lead:  "You can use the following forms.",
			Use:   "Purpose of the information you enter: ",
			And:   "; ",
			None:  "No form is open at the moment.",
			About: "About this site", Cookies: "Cookies", Statistics: "Statistics of the site",
		}
	}
	return frontWords{
		Title: "オンライン受付窓口",
		Lead:  "次のお申し込みを受け付けています。",
		Use:   "ご入力いただく情報の利用目的：",
		And:   "、",
		None:  "現在、受け付けているお申し込みはありません。",
		About: "このサイトについて", Cookies: "Cookie（クッキー）について", Statistics: "サイトの統計",
	}
}

type privacyWords struct {
	Other, ProvisionalTitle, Provisional, ProvisionalLink, Old, OldLink, Contents, Versions, Current string
}

func privacyWordsIn(l policy.Language) privacyWords {
	if l == policy.English {
		return privacyWords{
			Other:            "ja",
			ProvisionalTitle: " (provisional translation)",
			Provisional:      "This is a provisional translation. The organisation has not published it as its own text.",
			ProvisionalLink:  "Read the policy in Japanese",
			Old:              "This is not the current version of the policy.",
			OldLink:          "Read the current version",
			Contents:         "Contents",
			Versions:         "Versions of this policy",
			Current:          " (current version)",
		}
	}
	return privacyWords{
		Other:            "en",
		ProvisionalTitle: "（仮訳）",
		Provisional:      "この日本語文は、英語で公表されているプライバシーポリシーの仮訳です。正確な内容は、英語版をご確認ください。",
		ProvisionalLink:  "英語版を読む",
		Old:              "このページは、現在の版ではありません。",
		OldLink:          "現在の版を読む",
		Contents:         "目次",
		Versions:         "このポリシーの版",
		Current:          "（現在の版）",
	}
}
