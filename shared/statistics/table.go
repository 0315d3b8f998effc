// Package statistics counts without keeping who was counted, and makes counts public without telling of anybody.
//
// Counting (Counters) and publishing (Releases) are two steps in two tables (R62): what the public sees is a release,
// which a person makes of a whole month that is over, once and for ever. Nothing under policy.SmallestCell is in it, nor
// can be worked out from what is in it (R63, R64; hard case 32).
package statistics

import (
	"errors"
	"fmt"
	"slices"

	"madoguchi/shared/policy"
)

// Table is what was counted: one number for each row and column, none negative. A list of counts has one column.
type Table struct {
	Code    string
	Rows    []string
	Columns []string
	Cells   [][]int // Cells[row][column]
}

// Published is a table as the public may see it. A value that is nil is not shown: it is under policy.SmallestCell, or it
// would tell of one that is. Which of the two, nobody can see.
type Published struct {
	Code         string   `json:"code" dynamodbav:"code"`
	Rows         []string `json:"rows" dynamodbav:"rows"`
	Columns      []string `json:"columns" dynamodbav:"columns"`
	Cells        [][]*int `json:"cells" dynamodbav:"cells"`
	RowTotals    []*int   `json:"row_totals" dynamodbav:"row_totals"`
	ColumnTotals []*int   `json:"column_totals" dynamodbav:"column_totals"`
	Total        *int     `json:"total" dynamodbav:"total"`
}

// Hidden is the number of cells that are not shown.
func (p Published) Hidden() int {
	n := 0
	for _, row := range p.Cells {
		for _, v := range row {
			if v == nil {
				n++
			}
		}
	}
	return n
}

// ErrTooSmall says that there is too little to publish anything of it.
var ErrTooSmall = errors.New("fewer than the smallest number that may be published")

func (t Table) check() error {
	if len(t.Rows) == 0 || len(t.Columns) == 0 || len(t.Cells) != len(t.Rows) {
		return fmt.Errorf("table %s: %d rows of cells for %d rows and %d columns", t.Code, len(t.Cells), len(t.Rows), len(t.Columns))
	}
	for _, row := range t.Cells {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %s: a row of %d cells for %d columns", t.Code, len(row), len(t.Columns))
		}
		for _, n := range row {
			if n < 0 {
				return fmt.Errorf("table %s: a count of %d", t.Code, n)
			}
		}
	}
	return nil
}

// Count is the count of one category.
type Count struct {
	Name string
	N    int
}

// Merge makes a list of counts whose every number may be shown: the largest categories, at most most of them, and all
// others in one row, together with rest, which has no name. Where the others are too few, the smallest of the large ones
// joins them. So nothing needs to be suppressed, and there is nothing to work out. ErrTooSmall where even the sum is too
// small.
func Merge(code string, counts []Count, most int, other string, rest int) (Table, error) {
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b Count) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return compare(a.Name, b.Name)
	})
	sum := rest
	for _, c := range sorted {
		sum += c.N
	}
	if sum < policy.SmallestCell {
		return Table{}, fmt.Errorf("table %s: %w", code, ErrTooSmall)
	}
	shown, left := 0, sum
	for shown < len(sorted) && shown < most && sorted[shown].N >= policy.SmallestCell {
		left -= sorted[shown].N
		shown++
	}
	// Others may be missing only where there are none: a row of 0 would say that nothing else was ever counted.
	others := func() bool { return shown < len(sorted) || rest > 0 }
	for shown > 0 && others() && left < policy.SmallestCell {
		shown--
		left += sorted[shown].N
	}
	t := Table{Code: code, Columns: []string{code}}
	for _, c := range sorted[:shown] {
		t.Rows, t.Cells = append(t.Rows, c.Name), append(t.Cells, []int{c.N})
	}
	if others() {
		t.Rows, t.Cells = append(t.Rows, other), append(t.Cells, []int{left})
	}
	return t, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
