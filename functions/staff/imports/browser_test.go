package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/text/encoding/japanese"

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
	// As Excel in Japan saves it: CP932, two hundred rows, most of them good.
	rows := "メール,読者名,都道府県,会社名,業種,備考\r\n" + "hanako@example.jp,髙﨑 花子,東京都,㈱例示商事,商社・卸売・小売,2018年の展示会で名刺交換\r\n" +
		"s000001@example.jp,見本 1,大阪府,見本団体1,学生,\r\n" + "jiro@example,佐藤 次郎,13,例示工業,製造業,\r\n" +
		"HANAKO@example.jp,山田 花子,東京都,例示商事,学生,\r\n" + "taro@example.jp,=1+1,北海道,例示大学,学生,\r\n"
	for n := range 195 {
		rows += fmt.Sprintf("dokusha%03d@example.jp,ﾄﾞｸｼｬ %d,神奈川県,例示組合,業界団体・非営利団体,\r\n", n, n)
	}
	file := w932(t, "読者名簿.csv", rows)
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
	if text := p.Text("main"); !strings.Contains(text, "髙﨑 花子") || !strings.Contains(text, "㈱例示商事") {
		t.Error(text)
	}
	p.Choose("#column\\.name", "読者名")
	w.look("columns")
	p.Submit("main form button")
	w.until(own, "確認の結果")
	for _, want := range []string{"196件を取り込む", "4行目：", "6行目："} {
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
	w.testLive(chromium)
}

// testLive: the page of a long import moves by itself where there is JavaScript, and shows the result when it has come.
func (w *screen) testLive(chromium *browser.Browser) {
	var rows strings.Builder
	rows.WriteString("メール,氏名,都道府県,会社名,業種\r\n")
	for n := range 60_000 {
		fmt.Fprintf(&rows, "n%05d@example.jp,読者 %d,13,例示組合,学生\r\n", n, n)
	}
	p := chromium.Page(w.t, browser.Options{})
	w.page = p
	p.Open(w.URL() + "/_local/signin?role=editor")
	p.Open(w.URL() + base)
	p.Do("choose a file", chromedp.SetUploadFiles("#file", []string{w932(w.t, "大きな名簿.csv", rows.String())}))
	p.Fill("#evidence_where", "旧サイトの登録フォーム")
	p.Fill("#evidence_when", "2019-05-01")
	p.Fill("#evidence_words", "メールマガジンの配信を希望します")
	p.Submit("main form button")
	w.until(p.URL(), "列の対応を確認する")
	p.Submit("main form button")
	if p.Count("#live-bar") != 1 {
		w.t.Fatalf("the page shows no progress: %s", p.Text("main"))
	}
	w.look("progress")
	text := func() string {
		return browser.Eval[string](p, "read main", `const e = document.querySelector("main"); return e ? e.textContent : ""`)
	}
	for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(text(), "60,000件を取り込む"); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("the page never shows the result by itself: %s", text())
		}
	}
	if problems := p.OwnProblems(); len(problems) > 0 {
		w.t.Errorf("errors in the console: %v", problems)
	}
}

// w932 writes a file in CP932.
func w932(t *testing.T, name, text string) string {
	t.Helper()
	content, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
