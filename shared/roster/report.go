package roster

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"madoguchi/shared/policy"
)

// Report writes what happened, or would happen, to each row as a CSV that Excel opens: UTF-8 with a mark, line ends of Windows
// (hard case 6). It names rows by their numbers and holds no value of theirs.
func (s *Store) Report(ctx context.Context, i Import, l policy.Language, w io.Writer) error {
	changed, undos := map[int]Verdict{}, []fates(nil)
	err := rows(ctx, s, i.ID, partPrefix, "", 100, func(p part) (bool, error) {
		for _, line := range p.Changed {
			number, verdict, _ := strings.Cut(line, " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				return false, fmt.Errorf("read part: %w", err)
			}
			changed[n] = Verdict(verdict)
		}
		if p.Undone {
			f, err := p.fates()
			if err != nil {
				return false, err
			}
			undos = append(undos, f)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\ufeff"+reportHead.In(l)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	labels := map[string]string{}
	label := func(field string) string {
		if _, known := labels[field]; !known {
			labels[field] = ColumnLabel(i.List, i.What, field).In(l)
		}
		return labels[field]
	}
	return rows(ctx, s, i.ID, pagePrefix, "", 10, func(p page) (bool, error) {
		numbers, verdicts := p.lines()
		var b strings.Builder
		for n, number := range numbers {
			v := verdicts[n]
			if turned, ok := changed[number]; ok {
				v = turned
			}
			for len(undos) > 0 && undos[0].last < number {
				undos = undos[1:]
			}
			if v == IsNew && len(undos) > 0 && undos[0].first <= number {
				v = undos[0].next()
			}
			field, code := v.Detail()
			reason := ""
			if code != "" {
				reason = Say(code, l)
			}
			fmt.Fprintf(&b, "%d,%s,%s,%s\r\n", number, Call(v, i.What).In(l), cell(label(field)), cell(reason))
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return false, fmt.Errorf("write report: %w", err)
		}
		return true, nil
	})
}

// fates are what an undo has made of the people of a part, in the order of their rows.
type fates struct {
	first, last int // rows
	at          int
	kept        map[int]string
}

func (p part) fates() (fates, error) {
	f := fates{last: p.Last, kept: map[int]string{}}
	var err error
	if f.first, err = strconv.Atoi(strings.TrimPrefix(p.SK, partPrefix)); err != nil {
		return f, fmt.Errorf("read part: %w", err)
	}
	for _, line := range p.Kept {
		number, why, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return f, fmt.Errorf("read part: %w", err)
		}
		f.kept[n] = why
	}
	return f, nil
}

func (f *fates) next() Verdict {
	why, stays := f.kept[f.at]
	f.at++
	if stays {
		return kept(why)
	}
	return isUndone
}

var reportHead = policy.Text{JA: "行,結果,項目,理由\r\n", EN: "Row,Result,Field,Reason\r\n"}

// Call is what a verdict is called.
func Call(v Verdict, what What) policy.Text {
	switch {
	case v == IsNew && what == OptOuts:
		return policy.Text{JA: "新しい停止", EN: "new opt-out"}
	case v == IsNew:
		return policy.Text{JA: "新規", EN: "new"}
	case v == IsExisting && what == OptOuts:
		return policy.Text{JA: "後から本人が登録", EN: "signed up since"}
	case v == IsExisting:
		return policy.Text{JA: "登録済み", EN: "already here"}
	case v == IsDuplicate:
		return policy.Text{JA: "ファイル内の重複", EN: "twice in the file"}
	case v == isUndone:
		return policy.Text{JA: "取り消し済み", EN: "taken back"}
	case v.Class() == "k":
		return policy.Text{JA: "取り消さずに残した", EN: "not taken back"}
	case v.Class() == "o":
		return policy.Text{JA: "配信停止中", EN: "opted out here"}
	}
	return policy.Text{JA: "エラー", EN: "invalid"}
}

// cell writes a text so that no spreadsheet takes it for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		text = "'" + text
	}
	if strings.ContainsAny(text, ",\"\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}
