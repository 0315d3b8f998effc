package address_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/address"
)

func TestSuggest(t *testing.T) {
	tests := []struct{ name, typed, want string }{
		{"right", "taro@gmail.com", ""},
		{"right, of a carrier", "taro@docomo.ne.jp", ""},
		{"not popular", "taro@asean.or.jp", ""},
		{"letters swapped", "Taro@gmial.com", "Taro@gmail.com"},
		{"letter missing", "taro@gmai.com", "taro@gmail.com"},
		{"letter too many", "taro@gmaill.com", "taro@gmail.com"},
		{"letter wrong", "taro@gmail.con", "taro@gmail.com"},
		{"end missing", "taro@gmail.co", "taro@gmail.com"},
		{"Japanese end", "taro@gmail.co.jp", "taro@gmail.com"},
		{"docomo as a company", "a..b@docomo.co.jp", "a..b@docomo.ne.jp"},
		{"docomo without ne", "a..b@docomo.jp", "a..b@docomo.ne.jp"},
		{"docomo misspelt", "taro@docom.ne.jp", "taro@docomo.ne.jp"},
		{"ezweb misspelt", "taro@ezwed.ne.jp", "taro@ezweb.ne.jp"},
		{"yahoo misspelt", "taro@yaho.co.jp", "taro@yahoo.co.jp"},
		{"yahoo without co", "taro@yahoo.jp", "taro@yahoo.co.jp"},
		{"near to gmail and real", "taro@ymail.com", ""},
		{"one letter from gmail and real", "taro@mail.com", ""},
		{"Yahoo elsewhere is real", "taro@yahoo.com", ""},
		{"iCloud is not any cloud", "taro@cloud.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := address.Parse(tt.typed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, address.Suggest(a)); diff != "" {
				t.Errorf("Suggest(%q) (-want +got):\n%s", tt.typed, diff)
			}
		})
	}
}
