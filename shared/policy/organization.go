package policy

// Organization is the office that collects the information: the one record behind every notice, page header, mail
// footer and letter (R2, R82, R93, R106; APPI art. 32 asks for name, address and representative).
//
// The tags name the settings; a Text has one setting per language, with the suffix _JA or _EN.
type Organization struct {
	Name           Text   `env:"ORGANIZATION_NAME"`
	ShortName      Text   `env:"ORGANIZATION_SHORT_NAME"` // for page headers, subjects and the sender's name
	Representative Text   `env:"REPRESENTATIVE"`          // title, with a name where the office wishes
	Address        Text   `env:"ORGANIZATION_ADDRESS"`    // postal address on one line
	PrivacyOffice  Text   `env:"PRIVACY_OFFICE"`          // who answers questions about personal information (R93)
	PrivacyContact string `env:"PRIVACY_CONTACT"`         // mail address of that office (R106)
	PublicURL      string `env:"PUBLIC_URL"`              // base address of the forms, without a slash at the end
	WebsiteURL     string `env:"WEBSITE_URL"`             // the organisation's own website
}

// DefaultOrganization returns the organisation that template.yaml names by default, for tests and documents. A
// function takes its organisation from its settings.
func DefaultOrganization() Organization {
	return Organization{
		Name: Text{"国際機関日本アセアンセンター（東南アジア諸国連合貿易投資観光促進センター）",
			"ASEAN Promotion Centre on Trade, Investment and Tourism (ASEAN-Japan Centre)"},
		ShortName:      Text{"日本アセアンセンター", "ASEAN-Japan Centre"},
		Representative: Text{"事務総長", "Secretary General"},
		Address: Text{"〒105-0004 東京都港区新橋6-17-19 新御成門ビル1階",
			"1F Shin-Onarimon Building, 6-17-19 Shimbashi, Minato-ku, Tokyo 105-0004, Japan"},
		PrivacyOffice:  Text{"事務総長室・総務部", "Office of Secretary General / Office of General Affairs"},
		PrivacyContact: "toiawase_ga@asean.or.jp",
		PublicURL:      "http://127.0.0.1:3000",
		WebsiteURL:     "https://www.asean.or.jp/ja/",
	}
}

// PrivacyURL is the page that shows the policy (R1).
func (o Organization) PrivacyURL() string { return o.PublicURL + "/privacy" }

// Processor is a contractor that works for every service, whatever a person fills in: entrustment in the sense of
// APPI art. 25 and 27(5)(i), which is notified and needs no consent.
type Processor struct {
	Name    string
	Country Text // where the data are kept
	Work    Text // what it is entrusted with
}

// Processors returns the contractors that every notice and receipt names.
func Processors() []Processor {
	return []Processor{{
		Name:    "Amazon Web Services",
		Country: Text{"日本（東京リージョン）", "Japan (Tokyo region)"},
		Work:    Text{"システムの運用とメールの送信", "hosting this system and delivering its mail"},
	}}
}
