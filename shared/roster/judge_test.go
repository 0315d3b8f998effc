package roster

import (
	"testing"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
)

func TestDaysAsOfficesWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"2019-05-01": "2019-05-01", "2019/5/1": "2019-05-01", "2019.5.1": "2019-05-01", "２０１９年５月１日": "2019-05-01", "2019年5月": "2019-05-01",
		"2019": "2019-01-01", "2019年": "2019-01-01", "20190501": "2019-05-01", "2019-05-01T10:00:00+09:00": "2019-05-01", "2019/05/01 10:00": "2019-05-01",
		"2019 年 5 月 1 日": "2019-05-01", "2019-02-30": "", "昨年": "", "": "", "43586": "", "1/5/2019": "", "0019-05-01": "",
	} {
		at, ok := day(text)
		got := ""
		if ok {
			got = at.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestChoicesAsOfficesWriteThem(t *testing.T) {
	prefecture := form.Field{Field: policy.Field{Type: policy.TypePrefecture}, Options: form.Prefectures()}
	for text, want := range map[string]string{"東京都": "13", "東京": "13", "13": "13", "1": "01", "北海道": "01", "京都": "26", "京都府": "26", "大阪": "27", "海外": "99", "１３": "13", "Tokyo": "13"} {
		if got := option(prefecture, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := option(prefecture, "江戸"); got == "13" {
		t.Error("a place that is none is taken")
	}
}
