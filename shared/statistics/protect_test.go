package statistics

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"madoguchi/shared/policy"
)

// unknowns are the values of published tables that an attacker looks for, and the sums that hold between all of them.
type unknowns struct {
	names  map[[3]int]int // table, row, column (the last ones are totals) -> unknown
	truth  []int
	shown  []*int
	linear [][]int64 // each is a sum that is 0: coefficients of the unknowns
}

// learn adds a published table with the truth behind it, which the attacker does not use.
func (u *unknowns) learn(number int, p Published, t Table) {
	g := newGrid(t)
	at := func(i, j int) int { return u.names[[3]int{number, i, j}] }
	for i := range g.rows + 1 {
		for j := range g.columns + 1 {
			u.names[[3]int{number, i, j}] = len(u.truth)
			u.truth = append(u.truth, g.value[i][j])
			u.shown = append(u.shown, value(p, i, j))
		}
	}
	for i := range g.rows + 1 {
		sum := make([]int64, len(u.truth))
		for j := range g.columns {
			sum[at(i, j)] = 1
		}
		sum[at(i, g.columns)] = -1
		u.linear = append(u.linear, sum)
	}
	for j := range g.columns + 1 {
		sum := make([]int64, len(u.truth))
		for i := range g.rows {
			sum[at(i, j)] = 1
		}
		sum[at(g.rows, j)] = -1
		u.linear = append(u.linear, sum)
	}
}

// value is what a published table shows at a place; the last row and column are the totals.
func value(p Published, i, j int) *int {
	switch {
	case i < len(p.Rows) && j < len(p.Columns):
		return p.Cells[i][j]
	case i < len(p.Rows):
		return p.RowTotals[i]
	case j < len(p.Columns):
		return p.ColumnTotals[j]
	}
	return p.Total
}

// solve returns the unknowns whose value follows from the sums and from what is shown: Gauss and Jordan, in exact fractions.
func (u *unknowns) solve() map[int]int64 {
	column := map[int]int{} // hidden unknown -> column of the matrix
	var hidden []int
	for n, shown := range u.shown {
		if shown == nil {
			column[n] = len(hidden)
			hidden = append(hidden, n)
		}
	}
	var rows [][]*big.Rat
	for _, sum := range u.linear {
		row := make([]*big.Rat, len(hidden)+1)
		for i := range row {
			row[i] = new(big.Rat)
		}
		for n, coefficient := range sum {
			if c, isHidden := column[n]; isHidden {
				row[c].SetInt64(coefficient)
			} else {
				row[len(hidden)].Sub(row[len(hidden)], new(big.Rat).SetInt64(coefficient*int64(*u.shown[n])))
			}
		}
		rows = append(rows, row)
	}
	rank := 0
	for c := range hidden {
		pivot := -1
		for r := rank; r < len(rows); r++ {
			if rows[r][c].Sign() != 0 {
				pivot = r
				break
			}
		}
		if pivot < 0 {
			continue
		}
		rows[rank], rows[pivot] = rows[pivot], rows[rank]
		inverse := new(big.Rat).Inv(rows[rank][c])
		for k := range rows[rank] {
			rows[rank][k].Mul(rows[rank][k], inverse)
		}
		for r := range rows {
			if factor := new(big.Rat).Set(rows[r][c]); r != rank && factor.Sign() != 0 {
				for k := range rows[r] {
					rows[r][k].Sub(rows[r][k], new(big.Rat).Mul(factor, rows[rank][k]))
				}
			}
		}
		rank++
	}
	solved := map[int]int64{}
	for _, row := range rows[:rank] {
		only, n := -1, 0
		for c := range hidden {
			if row[c].Sign() != 0 {
				only, n = c, n+1
			}
		}
		if n == 1 {
			solved[hidden[only]] = row[len(hidden)].Num().Int64()
		}
	}
	return solved
}

func attack() *unknowns { return &unknowns{names: map[[3]int]int{}} }

// tables draws tables of people: most cells are small, as they are where there is something to protect.
func tables(most int) *rapid.Generator[Table] {
	return rapid.Custom(func(t *rapid.T) Table {
		rows, columns := rapid.IntRange(1, most).Draw(t, "rows"), rapid.IntRange(1, most).Draw(t, "columns")
		cell := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 4), rapid.IntRange(0, 12), rapid.IntRange(5, 300))
		table := Table{Code: "t"}
		for range columns {
			table.Columns = append(table.Columns, "c")
		}
		for range rows {
			table.Rows = append(table.Rows, "r")
			table.Cells = append(table.Cells, rapid.SliceOfN(cell, columns, columns).Draw(t, "cells"))
		}
		return table
	})
}

// protected publishes a table, or reports false where that is rightly refused.
func protected(t *rapid.T, table Table) (Published, bool) {
	p, err := Protect(table)
	sum := newGrid(table).sum()
	if errors.Is(err, ErrTooSmall) && sum < policy.SmallestCell {
		return p, false
	}
	if err != nil || sum < policy.SmallestCell {
		t.Fatalf("a table of %d: %v", sum, err)
	}
	return p, true
}

// R64, hard case 32: whoever solves the sums of a published table finds no number under 5, inner or total; and what is shown
// is true.
func TestProtectAgainstTheSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := tables(7).Draw(t, "table")
		p, ok := protected(t, table)
		if !ok {
			return
		}
		u := attack()
		u.learn(0, p, table)
		for n, shown := range u.shown {
			if shown != nil && (*shown != u.truth[n] || *shown < policy.SmallestCell) {
				t.Fatalf("shows %d, counted were %d", *shown, u.truth[n])
			}
		}
		for n, found := range u.solve() {
			if found != int64(u.truth[n]) {
				t.Fatalf("the attacker is wrong: %d is %d", found, u.truth[n])
			}
			if found < policy.SmallestCell {
				t.Fatalf("the sums tell of a count of %d: %+v", found, p)
			}
		}
	})
}

// The same against an attacker who also knows that no count is negative, and tries every table that could stand behind a
// small one: each number under 5 could be one that is not.
func TestProtectAgainstTryingEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom([][2]int{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {1, 3}, {2, 2}}).Draw(t, "shape")
		rows, columns := shape[0], shape[1]
		table := Table{Code: "t", Rows: make([]string, rows), Columns: make([]string, columns)}
		for range rows {
			table.Cells = append(table.Cells, rapid.SliceOfN(rapid.IntRange(0, 7), columns, columns).Draw(t, "cells"))
		}
		p, ok := protected(t, table)
		if !ok {
			return
		}
		g := newGrid(table)
		could := map[[2]int]bool{} // cells that are at least 5 in a table that shows the same
		guess := Table{Code: "t", Rows: table.Rows, Columns: table.Columns}
		for range rows {
			guess.Cells = append(guess.Cells, make([]int, columns))
		}
		const most = 13 // the largest that a cell can need to be: 7 and a shift of 5, and one more
		var try func(cell int)
		try = func(cell int) {
			if cell == rows*columns {
				other := newGrid(guess)
				for i := range rows + 1 {
					for j := range columns + 1 {
						if shown := value(p, i, j); shown != nil && *shown != other.value[i][j] {
							return
						}
					}
				}
				for i := range rows + 1 {
					for j := range columns + 1 {
						if other.value[i][j] >= policy.SmallestCell {
							could[[2]int{i, j}] = true
						}
					}
				}
				return
			}
			i, j := cell/columns, cell%columns
			if shown := p.Cells[i][j]; shown != nil {
				guess.Cells[i][j] = *shown
				try(cell + 1)
				return
			}
			for n := range most + 1 {
				guess.Cells[i][j] = n
				try(cell + 1)
			}
			guess.Cells[i][j] = 0
		}
		try(0)
		for i := range rows + 1 {
			for j := range columns + 1 {
				if g.value[i][j] < policy.SmallestCell && !could[[2]int{i, j}] {
					t.Fatalf("cell %d,%d of %v cannot be 5 or more in any table that shows %+v", i, j, table.Cells, p)
				}
			}
		}
	})
}

// The attackers themselves find what an unprotected table tells, so that their silence above means something.
func TestTheAttackersFind(t *testing.T) {
	table := Table{Code: "t", Rows: []string{"13", "27"}, Columns: []string{"a", "b"}, Cells: [][]int{{1, 20}, {30, 40}}}
	g := newGrid(table)
	g.hidden[0][0] = true // the small cell alone: its row's total reveals it
	u := attack()
	u.learn(0, g.published(table), table)
	if got := u.solve(); got[0] != 1 {
		t.Errorf("found %v", got)
	}
}

// Where little is small, little is hidden: suppression that hides everything would also pass the tests above.
func TestProtectShowsWhatItCan(t *testing.T) {
	for _, c := range []struct {
		name   string
		cells  [][]int
		hidden int // inner cells
		totals bool
	}{
		{"nothing small", [][]int{{5, 6}, {7, 8}}, 0, true},
		{"prefecture and business with one person in a cell", [][]int{{1, 20, 30}, {25, 8, 35}, {40, 50, 60}}, 4, true},
		{"a list with one small count", [][]int{{3}, {9}, {100}}, 2, true},
		{"a list with one small and one even smaller", [][]int{{1}, {2}, {9}, {100}}, 3, true},
		{"a list of small counts", [][]int{{2}, {2}, {2}, {2}}, 4, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := Table{Code: "t", Rows: make([]string, len(c.cells)), Columns: make([]string, len(c.cells[0])), Cells: c.cells}
			p, err := Protect(table)
			if err != nil || p.Hidden() != c.hidden || (p.Total != nil) != c.totals {
				t.Errorf("hidden %d, total %v, %v; want %d: %+v", p.Hidden(), p.Total, err, c.hidden, p)
			}
		})
	}
}

// A list that is merged has nothing to hide: every row is large enough, the sum is the sum, and nothing is lost.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Count {
			return Count{rapid.StringMatching(`/[a-z]{1,3}`).Draw(t, "name"), rapid.IntRange(0, 20).Draw(t, "n")}
		}), 0, 12).Draw(t, "counts")
		rest, most := rapid.IntRange(0, 9).Draw(t, "rest"), rapid.IntRange(1, 6).Draw(t, "most")
		sum := rest
		for _, c := range counts {
			sum += c.N
		}
		table, err := Merge("page", counts, most, Other, rest)
		if errors.Is(err, ErrTooSmall) && sum < policy.SmallestCell {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := Protect(table)
		if err != nil || p.Hidden() != 0 || p.Total == nil || *p.Total != sum || len(table.Rows) > most+1 {
			t.Fatalf("%+v: %v, sum %d", p, err, sum)
		}
	})
}

// What is no table is a defect of the program, never published.
func TestProtectRefusesNonsense(t *testing.T) {
	for _, table := range []Table{
		{Code: "t"}, {Code: "t", Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{9, 9}}},
		{Code: "t", Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{-9}}}, {Code: "t", Rows: []string{"a", "b"}, Columns: []string{"b"}, Cells: [][]int{{9}}},
	} {
		if p, err := Protect(table); err == nil || errors.Is(err, ErrTooSmall) {
			t.Errorf("%+v: %+v, %v", table, p, err)
		}
	}
}
