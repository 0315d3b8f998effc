package text_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/text"
)

func TestFoldWidth(t *testing.T) {
	tests := []struct{ name, s, want string }{
		{"digits and signs", "１０５－０００４＠．", "105-0004@."},
		{"letters", "ＡｂＺ", "AbZ"},
		{"ends of the range", "！～", "!~"},
		{"space", "a　b", "a b"},
		{"kana stay", "ヤマダ ﾔﾏﾀﾞ ー", "ヤマダ ﾔﾏﾀﾞ ー"},
		{"hyphens stay", "105‐0004", "105‐0004"},
		{"currency stays", "￥", "￥"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, text.FoldWidth(tt.s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFoldHyphens(t *testing.T) {
	for _, hyphen := range "-‐‑‒–—―−─━ー﹘﹣－ｰ" {
		if diff := cmp.Diff("105-0004", text.FoldHyphens("105"+string(hyphen)+"0004")); diff != "" {
			t.Errorf("hard case 7: %U (-want +got):\n%s", hyphen, diff)
		}
	}
}

func TestSearchKey(t *testing.T) {
	tests := []struct{ name, s, want string }{
		{"case", "ASEAN Centre", "asean centre"},
		{"full width", "ＡＳＥＡＮ　Ｃｅｎｔｒｅ", "asean centre"},
		{"half-width katakana", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"},
		{"hard case 1: compatibility ideograph", "神\uFA19", "神神"},
		{"hard case 1: IVS", "葛\U000E0100城", "葛城"},
		{"other letters of a name stay other letters", "髙﨑 𠮷田", "髙﨑 𠮷田"},
		{"white space", " \t山田　 太郎\n", "山田 太郎"},
		{"joiners", "ab\u200dc\u200b", "abc"},
		{"sharp s", "Groß GROẞ gross", "gross gross gross"},
		{"final sigma", "ΣΊΣΥΦΟΣ σίσυφος", "σίσυφοσ σίσυφοσ"},
		{"composed and not", "e\u0301 é", "é é"},
		{"company sign", "㈱アセアン", "(株)アセアン"},
		{"not UTF-8", "a\xff", "a\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, text.SearchKey(tt.s)); diff != "" {
				t.Errorf("SearchKey(%+q) (-want +got):\n%s", tt.s, diff)
			}
		})
	}
}

// TestSearchKeyIsStable: a key is found by itself, so that a search for what a list shows finds it.
func TestSearchKeyIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		key := text.SearchKey(s)
		if again := text.SearchKey(key); again != key {
			t.Fatalf("key of %+q is %+q, its own key %+q", s, key, again)
		}
	})
}
