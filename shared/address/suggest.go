package address

// Suggest returns what the person may have meant where the domain looks like a typing error of one that very many
// people in Japan have their mail at, as Display shows it; otherwise "". It is a question to the person ("did you mean
// ...?"), never a ground to refuse: every domain that it doubts may exist.
func Suggest(a Address) string {
	meant := meantDomain(a.domain)
	if meant == "" {
		return ""
	}
	a.domain, a.shown = meant, meant
	return a.Display()
}

// meantDomain returns the popular domain that typed is a misspelling of, or "".
func meantDomain(typed string) string {
	switch typed {
	case "gmail.com", "yahoo.co.jp", "hotmail.com", "hotmail.co.jp", "outlook.com", "outlook.jp", "icloud.com",
		"docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp", "rakuten.jp",
		// Real ones that are one letter away from a popular one.
		"mail.com", "email.com", "ymail.com", "gmx.com", "cloud.com", "yahoo.com", "yahoo.co.id", "yahoo.co.th",
		"yahoo.co.kr", "outlook.kr", "outlook.my", "outlook.ph", "outlook.sg", "ymail.ne.jp":
		return ""
	case "gmail.co", "gmail.jp", "gmail.co.jp", "gmail.ne.jp":
		return "gmail.com"
	case "yahoo.jp", "yahoo.ne.jp", "yahoo.or.jp":
		return "yahoo.co.jp"
	case "docomo.co.jp", "docomo.jp", "docomo.com", "docomo.ne.com", "docomo.or.jp":
		return "docomo.ne.jp"
	case "ezweb.co.jp", "ezweb.jp", "ezweb.com", "ezweb.or.jp":
		return "ezweb.ne.jp"
	case "icloud.jp", "icloud.co.jp", "icloud.ne.jp":
		return "icloud.com"
	}
	// Short domains are left out: one letter beside au.com are hundreds of real ones.
	for _, popular := range [...]string{"gmail.com", "yahoo.co.jp", "hotmail.com", "hotmail.co.jp", "outlook.com",
		"outlook.jp", "icloud.com", "docomo.ne.jp", "ezweb.ne.jp", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp"} {
		if oneSlip(typed, popular) {
			return popular
		}
	}
	return ""
}

// oneSlip tells whether typed differs from meant by one letter missing, too many, wrong or swapped with the next.
func oneSlip(typed, meant string) bool {
	short, long := typed, meant
	if len(short) > len(long) {
		short, long = long, short
	}
	at := 0
	for at < len(short) && short[at] == long[at] {
		at++
	}
	switch len(long) - len(short) {
	case 0:
		if at == len(short) {
			return false
		}
		if short[at+1:] == long[at+1:] {
			return true
		}
		return at+2 <= len(short) && short[at] == long[at+1] && short[at+1] == long[at] && short[at+2:] == long[at+2:]
	case 1:
		return short[at:] == long[at+1:]
	}
	return false
}
