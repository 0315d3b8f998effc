package roster

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/japanese"

	"madoguchi/shared/link"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster/sheet"
	"madoguchi/shared/subscription"
)

// A list is checked, applied and undone; the same file twice changes nothing.
func TestAListIsTakenOverAndGivenBack(t *testing.T) {
	w := newWorld(t)
	file := head + line("a@example.jp") + line("Ｂ＠example.jp") + line("A@example.jp") + "c@example,次郎,13,例示,trade\n" + line("d@example.jp")
	w.store("d@example.jp", subscription.Confirmed)
	i := w.checked(file, nil)
	if diff := cmp.Diff(Counts{New: 2, Existing: 1, Invalid: 1, Duplicate: 1}, i.Counts); diff != "" || i.Status != Checked || i.Rows != 5 {
		t.Fatalf("%s %d %s", i.Status, i.Rows, diff)
	}
	if diff := cmp.Diff([]Problem{{5, "email", "domain_no_dot"}}, i.Problems); diff != "" {
		t.Error(diff)
	}
	if w.state("a@example.jp") != "-" {
		t.Error("the dry run has added somebody")
	}
	i = w.act(i.ID, w.worker.Store.Apply)
	if i.Status != Applied || i.Counts.New != 2 {
		t.Fatalf("%+v", i)
	}
	h := w.here("b@example.jp")
	if h.Subscriber.State != subscription.Confirmed || h.Subscriber.Channel != subscription.ChannelImport || *h.Subscriber.Evidence != shown || h.Subscriber.Fields["prefecture"] != "13" ||
		h.Subscriber.Fields["business_category"] != "trade" {
		t.Errorf("%+v", h.Subscriber)
	}
	if _, err := w.worker.Files.Get(t.Context(), FileKey(i.ID), MaxFile); err == nil {
		t.Error("the file is still there")
	}
	again := w.applied(file, nil)
	if diff := cmp.Diff(Counts{Existing: 3, Invalid: 1, Duplicate: 1}, again.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(h, w.here("b@example.jp")); diff != "" {
		t.Error(diff)
	}
	i = w.act(i.ID, w.worker.Store.Undo)
	if i.Status != Undone || i.Undone != 2 || i.Kept != 0 || w.state("a@example.jp") != "-" || w.state("d@example.jp") != "confirmed" {
		t.Errorf("%+v", i)
	}
}

// Who has changed anything since stays as they are when the import is undone.
func TestAnUndoLeavesWhatPeopleHaveChanged(t *testing.T) {
	w := newWorld(t)
	i := w.applied(head+line("a@example.jp")+line("b@example.jp")+line("c@example.jp"), nil)
	w.unsubscribe("a@example.jp")
	s := w.here("b@example.jp").Subscriber
	token := link.Token{Service: string(policy.Newsletter), Purpose: link.Preferences, Person: s.Person, Issued: w.now()}
	values := map[string]string{"email": s.Email, "name": "山田 太郎", "prefecture": "13", "organization": "例示商事", "business_category": "trade"}
	if _, err := w.list.ChangePreferences(t.Context(), token, values); err != nil {
		t.Fatal(err)
	}
	i = w.act(i.ID, w.worker.Store.Undo)
	if i.Undone != 1 || i.Kept != 2 {
		t.Errorf("%d undone, %d kept", i.Undone, i.Kept)
	}
	for email, want := range map[string]string{"a@example.jp": "unsubscribed unsubscribed", "b@example.jp": "confirmed", "c@example.jp": "-"} {
		if got := w.state(email); got != want {
			t.Errorf("%s: %s, want %s", email, got, want)
		}
	}
}

// Old opt-outs and bounces end what was imported before, and keep out who comes later; a consent that a person gave here after the
// opt-out stands. An undo takes back the import's own, unless the person has said the same since.
func TestOldOptOutsWin(t *testing.T) {
	w := newWorld(t)
	w.applied(head+line("a@example.jp")+line("b@example.jp"), nil)
	w.store("new@example.jp", subscription.Confirmed)
	w.store("old@example.jp", subscription.Confirmed)
	out := w.applied("メール,理由,日付\na@example.jp,配信停止,2020/3/1\nb@example.jp,不達,\nc@example.jp,苦情,2021年4月\nnew@example.jp,停止,2020-01-01\nold@example.jp,停止,\nd@example.jp,,\n", optOuts)
	if diff := cmp.Diff(Counts{New: 5, Existing: 1}, out.Counts); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"a@example.jp": "unsubscribed unsubscribed", "b@example.jp": "bounced bounced", "c@example.jp": "- complained",
		"new@example.jp": "confirmed", "old@example.jp": "unsubscribed unsubscribed", "d@example.jp": "- unsubscribed"}
	states := func(want map[string]string) {
		t.Helper()
		for email, want := range want {
			if got := w.state(email); got != want {
				t.Errorf("%s: %s, want %s", email, got, want)
			}
		}
	}
	states(want)
	in := w.applied(head+line("a@example.jp")+line("b@example.jp")+line("c@example.jp")+line("d@example.jp"), nil)
	if diff := cmp.Diff(Counts{OptedOut: 4}, in.Counts); diff != "" {
		t.Error(diff)
	}
	states(want)
	w.unsubscribe("d@example.jp") // by an old link, on one's own
	w.act(out.ID, w.worker.Store.Undo)
	states(map[string]string{"a@example.jp": "confirmed", "b@example.jp": "bounced", "c@example.jp": "-", "d@example.jp": "- unsubscribed"})
}

// A consent that staff added with its evidence was given elsewhere, before: an old opt-out ends it, whatever its date. One that the person
// gave by the click stands, also where staff had typed the sign-up.
func TestOldOptOutsEndWhatWasAddedByHand(t *testing.T) {
	w := newWorld(t)
	for _, email := range []string{"hand@example.jp", "late@example.jp"} {
		if _, err := w.worker.Lists[policy.Newsletter].AddByHand(t.Context(), subscription.Added{Channel: subscription.ChannelLetter,
			Values:   map[string]string{"email": email, "name": "森 花子", "prefecture": "13", "organization": "例示商事", "business_category": "trade"},
			Evidence: &subscription.Evidence{Where: "展示会", When: "2020-04-01", Words: "希望します"}}); err != nil {
			t.Fatal(err)
		}
	}
	w.store("click@example.jp", subscription.Confirmed)
	w.applied("メール,理由,日付\nhand@example.jp,配信停止,2020/5/5\nlate@example.jp,不達,2019/1/1\nclick@example.jp,配信停止,2020/5/5\n", optOuts)
	for email, want := range map[string]string{"hand@example.jp": "unsubscribed unsubscribed", "late@example.jp": "bounced bounced", "click@example.jp": "confirmed"} {
		if got := w.state(email); got != want {
			t.Errorf("%s: %s, want %s", email, got, want)
		}
	}
}

// What offices send: encodings, line ends, headings (hard case 6).
func TestFilesOfOffices(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(head + "a@example.jp,髙﨑 花子,東京都,㈱例示①,商社・卸売・小売\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"UTF-8":                      head + line("a@example.jp"),
		"UTF-8 with a mark":          "\ufeff" + head + line("a@example.jp"),
		"Shift_JIS":                  sjis,
		"line ends of Windows":       strings.ReplaceAll(head+line("a@example.jp"), "\n", "\r\n"),
		"mixed line ends":            strings.Replace(head, "\n", "\r", 1) + "\r\n" + line("a@example.jp"),
		"no end of the last line":    head + strings.TrimSpace(line("a@example.jp")),
		"tabs":                       strings.ReplaceAll(head+line("a@example.jp"), ",", "\t"),
		"names of the fields":        "email,name,prefecture,organization,business_category\n" + line("a@example.jp"),
		"full width, other order":    "業種,Ｅ－ｍａｉｌ,氏名,会社名,都道府県,備考\n学生,a@example.jp,山田,無所属,海外,x\n",
		"numbers without their zero": head + "a@example.jp,山田,1,例示,trade\n",
		"blank lines":                "\n" + head + "\n,,,,\n" + line("a@example.jp") + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			i := w.checked(content, nil)
			if diff := cmp.Diff(Counts{New: 1}, i.Counts); diff != "" || i.Status != Checked {
				t.Errorf("%s %v %s", i.Status, i.Problems, diff)
			}
		})
	}
}

// Rows that cannot be used are told with the reason; the others can.
func TestRowsThatCannotBeUsed(t *testing.T) {
	w := newWorld(t)
	content := head +
		"\"=HYPERLINK(\"\"x\"\")\",山田,13,例示,trade\n" +
		"a@example.jp,b@example.jp,13,例示,trade\n" + // an address in the name's column
		head + // two header rows
		"b@example.jp,山田,88,例示,trade\n" +
		"c@example.jp,,13,例示,trade\n" +
		"d@example.jp,山\"田,13,例示,trade\n" +
		"e@example.jp,#N/A,13,例示,trade\n" +
		line("f@example.jp")
	i := w.checked(content, nil)
	want := []Problem{{2, "", "formula"}, {3, "name", "address_here"}, {4, "", "heading_row"}, {5, "prefecture", "not_in_list"}, {6, "name", "required"},
		{7, "", "row_quotes"}, {8, "", "cell_error"}}
	if diff := cmp.Diff(want, i.Problems); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Counts{New: 1, Invalid: 7}, i.Counts); diff != "" {
		t.Error(diff)
	}
	for _, p := range want {
		if Say(p.Code, policy.Japanese) == Say("nothing", policy.Japanese) || Say(p.Code, policy.English) == Say("nothing", policy.English) {
			t.Errorf("%s is not said", p.Code)
		}
	}
	text := new(bytes.Buffer)
	if err := w.worker.Store.Report(t.Context(), w.get(i.ID), policy.Japanese, text); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.HasPrefix(got, "\ufeff行,結果,項目,理由\r\n2,エラー,,数式") || strings.Count(got, "\r\n") != 9 || strings.Contains(got, "example") {
		t.Errorf("%q", got)
	}
}

// A row of a CSV that goes on after the headings is told, as its values may have moved; blank cells there are none. Where a date of an old
// opt-out cannot be, the wish counts all the same.
func TestRowsThatNeedALook(t *testing.T) {
	w := newWorld(t)
	i := w.checked(head+"a@example.jp,山田,13,例示, trade,trade\n"+strings.TrimSpace(line("b@example.jp"))+",, \n", nil)
	if diff := cmp.Diff([]Problem{{2, "", codeMoreCells}}, i.Problems); diff != "" || i.Counts.New != 1 {
		t.Error(i.Counts, diff)
	}
	w.store("c@example.jp", subscription.Confirmed)
	out := w.applied("メール,日付\nc@example.jp,2099-01-01\nd@example.jp,先月\ne@example.jp,2020-01-01\n", optOuts)
	if diff := cmp.Diff([]Problem{{2, colDate, codeUndated}, {3, colDate, codeUndated}}, out.Problems); diff != "" || out.Counts.New != 3 {
		t.Error(out.Counts, diff)
	}
	for email, want := range map[string]string{"c@example.jp": "unsubscribed unsubscribed", "d@example.jp": "- unsubscribed", "e@example.jp": "- unsubscribed"} {
		if got := w.state(email); got != want {
			t.Errorf("%s: %s, want %s", email, got, want)
		}
	}
}

// Files that are refused as a whole, with the reason, and nothing imported.
func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		change  func(*Import)
		want    Problem
	}{
		"no evidence":          {head + line("a@example.jp"), func(i *Import) { i.Evidence.Words = "" }, Problem{0, "", "no_evidence"}},
		"a title first":        {"読者一覧\n" + head + line("a@example.jp"), nil, Problem{0, "email", "no_column"}},
		"a column is missing":  {"メール,氏名,都道府県,業種\na@example.jp,山田,13,trade\n", nil, Problem{0, "organization", "no_column"}},
		"no such heading":      {head + line("a@example.jp"), func(i *Import) { i.Columns = map[string]string{"email": "住所"} }, Problem{0, "email", "no_heading"}},
		"two such headings":    {"メール,メール,氏名,都道府県,会社名,業種\n", func(i *Import) { i.Columns = map[string]string{"email": "メール"} }, Problem{0, "email", "heading_two"}},
		"UTF-16":               {"\xff\xfea\x00", nil, Problem{0, "", "utf16"}},
		"EUC-JP":               {head + "\xb0\xa1\xff\xfe\n", nil, Problem{0, "", "encoding"}},
		"ISO-2022-JP":          {"\x1b$B%a!<%k\x1b(B,\x1b$B;aL>\x1b(B\na@example.jp,x\n", nil, Problem{0, "", "encoding"}},
		"one open quotation":   {"\"メール,氏名", nil, Problem{1, "", "row_quotes"}},
		"a picture":            {"\x89PNG\x00\x00", nil, Problem{0, "", "binary"}},
		"nothing":              {"\n\n", nil, Problem{0, "", "empty"}},
		"headings alone":       {head, nil, Problem{0, "", "empty"}},
		"a million columns":    {strings.Repeat("a,", 1_000_000) + "\n", nil, Problem{0, "", "too_wide"}},
		"an open quotation":    {head + "a@example.jp,\"山田,13\n" + strings.Repeat(line("b@example.jp"), 3), nil, Problem{0, "", "quotes"}},
		"an old .xls":          {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", nil, Problem{0, "", "old_excel"}},
		"an archive of others": {zipOf("a.txt", "x"), nil, Problem{0, "", "no_csv"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			i := w.checked(c.content, c.change)
			if i.Status != Refused || len(i.Problems) == 0 {
				t.Fatalf("%s %v", i.Status, i.Problems)
			}
			if diff := cmp.Diff(c.want, i.Problems[0]); diff != "" {
				t.Error(diff)
			}
			if _, err := w.worker.Store.Apply(t.Context(), i.ID); err == nil {
				t.Error("it can be applied")
			}
		})
	}
}

// Evidence row by row wins over that of the whole file; a row without any is not imported.
func TestEvidenceRowByRow(t *testing.T) {
	w := newWorld(t)
	content := strings.TrimSpace(head) + ",同意の場所,同意の日,同意の文言\n" + strings.TrimSpace(line("a@example.jp")) + ",窓口,2015年6月,登録します\n" +
		strings.TrimSpace(line("b@example.jp")) + ",窓口,,登録します\n" + strings.TrimSpace(line("c@example.jp")) + ",窓口,2099-01-01,登録します\n"
	i := w.applied(content, func(i *Import) { i.Evidence = subscription.Evidence{} })
	if diff := cmp.Diff([]Problem{{3, colWhen, "no_evidence"}, {4, colWhen, "future"}}, i.Problems); diff != "" {
		t.Error(diff)
	}
	if got := w.here("a@example.jp").Subscriber.Evidence; *got != (subscription.Evidence{Where: "窓口", When: "2015年6月", Words: "登録します"}) {
		t.Errorf("%+v", got)
	}
}

// A file is gone after a day, whatever became of its import.
func TestAFileIsKeptForADay(t *testing.T) {
	w := newWorld(t)
	i := w.checked(head+line("a@example.jp"), nil)
	w.after(FileFor - time.Minute)
	w.work()
	if _, err := w.worker.Files.Get(t.Context(), FileKey(i.ID), MaxFile); err != nil {
		t.Fatal(err)
	}
	if _, err := w.worker.Store.Apply(t.Context(), i.ID); err == nil {
		t.Error("it is begun a minute before the file goes")
	}
	w.after(time.Minute)
	w.work()
	if _, err := w.worker.Files.Get(t.Context(), FileKey(i.ID), MaxFile); err == nil {
		t.Error("the file is still there")
	} else if !errors.Is(err, objects.ErrNotFound) {
		t.Error(err)
	}
	w.work() // and once more, with nothing to delete
}

// A list that says of everybody whether they are written to: an opt-out in the file wins, wherever it stands. The same file, sent as
// opt-outs, keeps the wishes and lets the subscribers be.
func TestSubscribersAndOptOutsInOneFile(t *testing.T) {
	w := newWorld(t)
	row := func(email, state string) string { return strings.TrimSpace(line(email)) + "," + state + "\n" }
	content := strings.TrimSpace(head) + ",ステータス\n" + row("a@example.jp", "配信中") + row("b@example.jp", "") + row("c@example.jp", "配信停止") +
		row("d@example.jp", "購読") + row("Ｄ@example.jp", "不達") + row("e@example.jp", "苦情") + row("e@example.jp", "配信中") + row("f@example.jp", "保留")
	i := w.applied(content, nil)
	if diff := cmp.Diff(Counts{New: 2, OptedOut: 5, Invalid: 1}, i.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Problem{{0, "", codeOutRows}, {9, colReason, codeReason}}, i.Problems); diff != "" {
		t.Error(diff)
	}
	for email, want := range map[string]string{"a@example.jp": "confirmed", "b@example.jp": "confirmed", "c@example.jp": "-", "d@example.jp": "-", "e@example.jp": "-", "f@example.jp": "-"} {
		if got := w.state(email); got != want {
			t.Errorf("%s: %s, want %s", email, got, want)
		}
	}
	if got := w.report(i); !strings.Contains(got[3], "配信停止中") || !strings.Contains(got[4], Say(codeOutHere, policy.Japanese)) || !strings.Contains(got[5], "不達") {
		t.Errorf("%q", got)
	}
	out := w.applied(content, optOuts)
	if diff := cmp.Diff(Counts{New: 3, Invalid: 5}, out.Counts); diff != "" {
		t.Error(diff)
	}
	for email, want := range map[string]string{"a@example.jp": "confirmed", "b@example.jp": "confirmed", "c@example.jp": "- unsubscribed", "d@example.jp": "- bounced", "e@example.jp": "- complained"} {
		if got := w.state(email); got != want {
			t.Errorf("as opt-outs: %s: %s, want %s", email, got, want)
		}
	}
}

// What Excel makes of names, and titles over the headings, are told with what to do.
func TestWhatExcelMakesOfNames(t *testing.T) {
	w := newWorld(t)
	i := w.checked(head+"a@example.jp,2024-03-04,13,例示,trade\nb@example.jp,2024/3/4,13,例示,trade\nc@example.jp,45355,13,例示,trade\n"+
		"d@example.jp,山田,13,2024年3月4日,trade\ne@example.jp,山田,13,109,trade\nf@example.jp,Yamada 2世,13,2024実行委員会,trade\ng@example.jp,ﾔﾏﾀﾞ,13,例示,trade\n", nil)
	want := []Problem{{2, "name", codeNoName}, {3, "name", codeNoName}, {4, "name", codeNoName}, {5, "organization", codeNoName}}
	if diff := cmp.Diff(want, i.Problems); diff != "" || i.Counts.New != 3 {
		t.Error(diff, i.Counts)
	}
	i = w.checked("読者一覧,,\n,,\n2026年11月現在\n"+head+line("a@example.jp"), nil)
	if diff := cmp.Diff(Problem{4, "", codeBelow}, i.Problems[len(i.Problems)-1]); diff != "" || i.Status != Refused {
		t.Error(i.Status, diff)
	}
	id := w.send([]byte("読者一覧\n"+head+line("a@example.jp")), func(i *Import) { i.Asking = true })
	w.work()
	file, err := w.worker.Files.Get(t.Context(), PreviewKey(id), MaxFile)
	if err != nil || !strings.Contains(string(file.Content), `"below":2`) {
		t.Errorf("the page for matching says %s %v", file.Content, err)
	}
	for _, code := range []string{codeBelow, codeUndated, codeMoreCells, codeNoName, codeActive, codeOutHere, codeOutRows, keptMailed, keptChanged, sheet.OtherSheets, "stop_use"} {
		if Say(code, policy.Japanese) == Say("nothing", policy.Japanese) || Say(code, policy.English) == Say("nothing", policy.English) {
			t.Errorf("%s is not said", code)
		}
	}
}
