package roster

import (
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster/sheet"
)

// The codes of problems that are not those of the form or of sheet.
const (
	codeNoColumn   = "no_column"    // a required field has no column
	codeNoHeading  = "no_heading"   // the file has no such heading
	codeTwice      = "heading_two"  // two columns have the heading
	codeNoEvidence = "no_evidence"  // nothing shows the consent
	codeAgain      = "heading_row"  // a row repeats the headings
	codeAddress    = "address_here" // an address where none belongs
	codeDate       = "not_a_date"
	codeFuture     = "future"
	codeUndated    = "date_passed_over" // of an opt-out, which counts without it
	codeMoreCells  = "more_cells"       // a row of a CSV is longer than its headings
	codeReason     = "reason_unknown"
	codeBelow      = "headings_below" // they stand in a later row: of that row
	codeNoName     = "no_name"        // a date or a number where a name belongs
	codeActive     = "not_opted_out"  // a row of a list of opt-outs that says the person is written to
	codeOutHere    = "out_in_file"    // another row of the file says that the person does not want mail
	codeOutRows    = "opt_outs_here"  // of the file: it holds opt-outs beside subscribers
	codeGone       = "file_gone"      // the file was deleted before it was read to the end
)

// words say a code to staff. A sentence that begins with its field gets it as "「…」：".
var words = map[string]policy.Text{
	codeNoColumn:   {JA: "必要な項目に当たる列がありません。列の対応を指定してください", EN: "no column holds this required field: say which one does"},
	codeNoHeading:  {JA: "指定した見出しがファイルの1行目にありません", EN: "the first row of the file has no such heading"},
	codeTwice:      {JA: "同じ見出しの列が2つあります。どちらかの見出しを変えてください", EN: "two columns have this heading: rename one of them"},
	codeNoEvidence: {JA: "同意の記録（いつ、どこで、どの文言に）がありません。同意の記録がない方は取り込めません", EN: "no evidence of consent (where, when, which words): nobody is imported without it"},
	codeAgain:      {JA: "見出しが繰り返されています。この行は読みません", EN: "repeats the headings; the row is not read"},
	codeAddress:    {JA: "メールアドレスが入っています。列がずれていないか確認してください", EN: "holds a mail address: the columns may have moved"},
	codeDate:       {JA: "日付として読めないか、先の日付です（例：2019-05-01）", EN: "is no date of the past, such as 2019-05-01"},
	codeUndated:    {JA: "日付として読めないか、先の日付です。日付のない配信停止として扱います", EN: "is no date of the past: the opt-out is taken without its date"},
	codeMoreCells:  {JA: "見出しより列が多い行です。コンマを含む値を引用符（\"）で囲んであるか確認してください", EN: "has more cells than there are headings: are values with a comma in quotation marks?"},
	codeFuture:     {JA: "先の日付です", EN: "is in the future"},
	codeReason:     {JA: "理由は「配信停止」「不達」「苦情」のいずれかにしてください", EN: "must be unsubscribed, bounced or complained"},
	codeBelow:      {JA: "見出しはこの行にあるようです。これより上の行（表題など）を削除して、もう一度送信してください", EN: "the headings seem to stand here: delete the rows above, such as a title, and send the file again"},
	codeNoName:     {JA: "名前ではなく、日付か数字が入っています。Excelが書き換えていないか確認してください", EN: "holds a date or a number instead of a name: has Excel changed it?"},
	codeActive:     {JA: "配信中の方の行です。配信停止としては読みません", EN: "is of somebody who receives mail, and no opt-out"},
	codeOutHere:    {JA: "同じファイルの別の行で、配信停止または不達になっています", EN: "opted out or bounced in another row of this file"},
	codeOutRows:    {JA: "配信停止・不達の行があります。その方たちは取り込みません。停止の希望を残すため、同じファイルを「配信停止・不達の一覧」としても取り込んでください", EN: "holds opt-outs too. Those people are not imported; to keep their wish, please import the same file as opt-outs as well"},
	codeGone:       {JA: "ファイルの保存期間（24時間）が過ぎました。もう一度送信してください", EN: "the file was deleted after 24 hours: please send it again"},

	sheet.Encoding: {JA: "文字コードを読み取れません。UTF-8またはShift_JISで保存してください", EN: "cannot be decoded: save it as UTF-8 or Shift_JIS"},
	sheet.UTF16:    {JA: "UTF-16のテキストです。Excelで「CSV UTF-8（コンマ区切り）」として保存してください", EN: "is UTF-16: save it as \"CSV UTF-8\" in Excel"},
	sheet.Binary:   {JA: "テキストではありません。CSVまたはXLSXで保存してください", EN: "is no text: save it as CSV or XLSX"},
	sheet.Empty:    {JA: "ファイルに行がありません", EN: "has no rows"},
	sheet.TooWide:  {JA: "列が多すぎるか、1行が長すぎます（200列まで）", EN: "has too many columns, or a row without end (200 columns at most)"},
	sheet.TooLong:  {JA: "行が多すぎます。20万行以下に分けてください", EN: "has too many rows: split it into files of at most 200,000"},
	sheet.TooLarge: {JA: "展開すると大きすぎるため、開きませんでした", EN: "unpacks to too much and was not opened"},
	sheet.Broken:   {JA: "ファイルが壊れているか、読み取れない形式です", EN: "is damaged, or of a form that cannot be read"},
	sheet.Quotes:   {JA: "引用符（\"）が閉じられていないため、行の終わりが分かりません", EN: "has a quotation mark that is never closed: nobody knows where the row ends"},
	sheet.OldExcel: {JA: "古い形式（.xls）です。XLSXまたはCSVで保存してください", EN: "is an old .xls: save it as XLSX or CSV"},

	sheet.OtherSheets: {JA: "シートが複数あります。最初に表示されるシートだけを読みました", EN: "has several sheets: only the first that is shown was read"},

	sheet.Encrypted: {JA: "パスワードで保護されています。パスワードを外して保存してください", EN: "is protected by a password: save it without one"},
	sheet.NoCSV:     {JA: "圧縮ファイルには、CSVを1つだけ入れてください", EN: "must hold exactly one CSV file"},
	"row_quotes":    {JA: "引用符（\"）の使い方が正しくない行です", EN: "uses quotation marks wrongly"},
	"formula":       {JA: "数式が入っています。値に変えてから取り込んでください", EN: "holds a formula: replace it by its value"},
	"cell_error":    {JA: "Excelのエラー値（#N/A など）が入っています", EN: "holds an error of the spreadsheet, such as #N/A"},
	"cell_too_long": {JA: "セルの文字が長すぎます", EN: "holds a cell that is too long"},
	"required":      {JA: "必須の項目が空です", EN: "is required and empty"},
	"not_in_list":   {JA: "選択肢にない値です", EN: "is not one of the choices"},
	"too_long":      {JA: "長すぎます", EN: "is too long"},
	"invalid":       {JA: "読み取れない値です", EN: "cannot be read"},

	keptMailed:  {JA: "取り込みのあとにメールが送られているため、登録は残ります", EN: "a mail has gone to the person since: the record stays"},
	keptChanged: {JA: "取り込みのあとに登録が変わったため、そのまま残ります", EN: "something has changed since: it stays as it is"},

	"unsubscribed": {JA: "配信停止", EN: "unsubscribed"},
	"bounced":      {JA: "不達", EN: "bounced"},
	"complained":   {JA: "迷惑メールの申告", EN: "reported as unwanted"},
	"stop_use":     {JA: "利用停止の請求", EN: "asked us to stop using the data"},
}

// Say says a code.
func Say(code string, l policy.Language) string {
	if said, known := words[code]; known {
		return said.In(l)
	}
	if said := form.Reason(code, l); said != "" {
		return said
	}
	return words["invalid"].In(l)
}
