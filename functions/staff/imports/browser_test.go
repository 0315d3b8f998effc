package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/infra/browser"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// screen is the whole product on one machine with a browser before it.
type screen struct {
	*stack.Stack
	page *browser.Page
	t    *testing.T
}

// look takes pictures of a page where they are asked for, and holds it to what all pages promise.
func (w *screen) look(name string) {
	w.t.Helper()
	w.page.WantReadable()
	if *shots == "" {
		return
	}
	for _, l := range []browser.Look{{Name: "desktop"}, {Name: "phone", Size: browser.Phone}, {Name: "dark", Dark: true}} {
		w.page.Show(l)
		w.page.Screenshot(filepath.Join(*shots, name+"-"+l.Name+".png"))
	}
	w.page.Show(browser.Look{})
}

// until opens a page again until it says something.
func (w *screen) until(path, says string) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		w.page.Open(path)
		if strings.Contains(w.page.Text("main"), says) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the page never says %s: %s", says, w.page.Text("main"))
		}
	}
}

// An editor brings a list along without JavaScript: the columns are matched with the first rows in sight, the dry run shows what
// would happen, then it is imported and undone.
func TestBrowserImportsAList(t *testing.T) {
	chromium := browser.Start(t)
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Load(t.Context(), []byte(`{"subscribers":{"list":"newsletter","count":2}}`)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "読者名簿.csv")
	rows := "メール,読者名,都道府県,会社名,業種,備考\r\n" + "hanako@example.jp,山田 花子,東京都,例示商事株式会社,商社・卸売・小売,2018年の展示会で名刺交換\r\n" +
		"s000001@example.jp,見本 1,大阪府,見本団体1,学生,\r\n" + "jiro@example,佐藤 次郎,13,例示工業,製造業,\r\n" +
		"HANAKO@example.jp,山田 花子,東京都,例示商事,学生,\r\n" + "taro@example.jp,=1+1,北海道,例示大学,学生,\r\n"
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &screen{Stack: s, t: t, page: chromium.Page(t, browser.Options{NoJavaScript: true})}
	p := w.page
	p.Open(s.URL() + "/_local/signin?role=editor")
	p.Open(s.URL() + base)
	w.look("form")
	p.Submit("main form button")
	if n := p.Count("#summary li"); n != 1 {
		t.Errorf("%d problems of an empty form", n)
	}
	w.look("problems")
	p.Do("choose a file", chromedp.SetUploadFiles("#file", []string{file}))
	p.Fill("#evidence_where", "旧サイトの登録フォーム")
	p.Fill("#evidence_when", "2019-05-01")
	p.Fill("#evidence_words", "メールマガジンの配信を希望します")
	if status := p.Submit("main form button"); status != 200 {
		t.Fatalf("status %d: %s", status, p.Text("main"))
	}
	own := p.URL()
	w.until(own, "列の対応を確認する")
	if text := p.Text("main"); !strings.Contains(text, "山田 花子") {
		t.Error(text)
	}
	p.Choose("#column\\.name", "読者名")
	w.look("columns")
	p.Submit("main form button")
	w.until(own, "確認の結果")
	for _, want := range []string{"1件を取り込む", "4行目：", "6行目："} {
		if text := p.Text("main"); !strings.Contains(text, want) {
			t.Errorf("no %q: %s", want, text)
		}
	}
	w.look("checked")
	p.Submit("form[action$=apply] button")
	w.until(own, "取り込み済み")
	w.look("applied")
	p.Submit("form[action$=undo] button")
	w.until(own, "取り消し済み")
	w.look("undone")
	p.Open(s.URL() + base + "?lang=en")
	w.look("list-english")
}
