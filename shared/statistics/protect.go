package statistics

import (
	"fmt"

	"madoguchi/shared/policy"
)

// Protect suppresses every number under policy.SmallestCell, inner or total, and as many others as it takes that a reader
// who knows the table's sums, and that no count is negative, cannot tell of any such number that it is under
// policy.SmallestCell: for each there is another table that shows the same and in which it is at least that. Zero is a
// small number too: that nobody of a prefecture came is also something about its people.
//
// It fails with ErrTooSmall where the whole table counts too few.
func Protect(t Table) (Published, error) {
	if err := t.check(); err != nil {
		return Published{}, err
	}
	g := newGrid(t)
	if g.value[g.rows][g.columns] < policy.SmallestCell {
		return Published{}, fmt.Errorf("table %s: %w", t.Code, ErrTooSmall)
	}
	var small [][2]int
	for i := range g.value {
		for j := range g.value[i] {
			if g.value[i][j] < policy.SmallestCell {
				g.hidden[i][j] = true
				small = append(small, [2]int{i, j})
			}
		}
	}
	// Hiding more never makes another cell easier to guess, so that one round is enough.
	for _, cell := range small {
		if !g.canGrow(cell[0], cell[1], policy.SmallestCell-g.value[cell[0]][cell[1]]) {
			g.hideMore(cell[0], cell[1])
		}
	}
	return g.published(t), nil
}

// grid is a table with its totals as one more row and column. Every row and every column adds up to 0 if inner cells and the
// grand total count as they are and the other totals as their negative. So a change that no sum reveals is a flow
// through a network whose nodes are rows and columns and whose edges are the hidden cells.
type grid struct {
	rows, columns int // of the inner table; these are also the indexes of the totals
	value         [][]int
	hidden        [][]bool
}

func newGrid(t Table) *grid {
	g := &grid{rows: len(t.Rows), columns: len(t.Columns)}
	for range g.rows + 1 {
		g.value = append(g.value, make([]int, g.columns+1))
		g.hidden = append(g.hidden, make([]bool, g.columns+1))
	}
	for i, row := range t.Cells {
		for j, n := range row {
			g.value[i][j] = n
			g.value[i][g.columns] += n
			g.value[g.rows][j] += n
			g.value[g.rows][g.columns] += n
		}
	}
	return g
}

// negative tells whether a cell counts as its negative.
func (g *grid) negative(i, j int) bool { return (i == g.rows) != (j == g.columns) }

const unlimited = 1 << 40

// room is how much a cell can change along the edge from its row to its column (forward) or back, without falling under 0.
func (g *grid) room(i, j int, forward bool) int {
	if forward == g.negative(i, j) {
		return g.value[i][j] // the cell falls
	}
	return unlimited // the cell rises
}

// node numbers: rows 0..rows, then columns.
func (g *grid) columnNode(j int) int { return g.rows + 1 + j }

// ends are the nodes between which a flow must be found for a cell to rise: the cell itself closes the circle.
func (g *grid) ends(i, j int) (from, to int) {
	if g.negative(i, j) {
		return i, g.columnNode(j)
	}
	return g.columnNode(j), i
}

// canGrow tells whether a cell could be larger by need in a table that shows the same: a maximum flow of at least need, by
// widest first paths of fewest edges (Edmonds and Karp).
func (g *grid) canGrow(i, j, need int) bool {
	used := map[[2]int]int{} // flow from row to column on a cell, negative for the other way
	from, to := g.ends(i, j)
	for need > 0 {
		path := g.search(from, to, func(a, b int, forward bool) (int, bool) {
			if !g.hidden[a][b] || a == i && b == j {
				return 0, false
			}
			left := g.room(a, b, forward)
			if forward {
				left -= used[[2]int{a, b}]
			} else {
				left += used[[2]int{a, b}]
			}
			return 1, left > 0
		})
		if path == nil {
			return false
		}
		amount := need
		for _, step := range path {
			left := g.room(step.i, step.j, step.forward)
			if f := used[[2]int{step.i, step.j}]; step.forward {
				left -= f
			} else {
				left += f
			}
			amount = min(amount, left)
		}
		for _, step := range path {
			if step.forward {
				used[[2]int{step.i, step.j}] += amount
			} else {
				used[[2]int{step.i, step.j}] -= amount
			}
		}
		need -= amount
	}
	return true
}

// hideMore hides the cells that cost least on a circle through a cell on which it could grow at all: cells that are hidden
// already cost nothing, others what they count, totals more than all inner cells together, because they are read first.
// Such a circle always exists: over the row's total, the grand total and the column's total.
func (g *grid) hideMore(i, j int) {
	need := policy.SmallestCell - g.value[i][j]
	from, to := g.ends(i, j)
	everything := g.value[g.rows][g.columns] + (g.rows+1)*(g.columns+1)
	cost := func(room func(a, b int, forward bool) bool) func(int, int, bool) (int, bool) {
		return func(a, b int, forward bool) (int, bool) {
			if a == i && b == j || !room(a, b, forward) {
				return 0, false
			}
			switch {
			case g.hidden[a][b]:
				return 0, true
			case a == g.rows && b == g.columns:
				return g.value[a][b] + everything*everything, true
			case a == g.rows || b == g.columns:
				return g.value[a][b] + everything, true
			}
			return g.value[a][b] + 1, true
		}
	}
	// A published cell that is wide enough; hidden ones that are too narrow for all of it cannot carry it alone.
	path := g.search(from, to, cost(func(a, b int, forward bool) bool { return g.room(a, b, forward) >= need }))
	for _, step := range path {
		g.hidden[step.i][step.j] = true
	}
}

// step is one cell on a path, from its row to its column (forward) or back.
type step struct {
	i, j    int
	forward bool
}

// search finds the cheapest path between two nodes (Dijkstra; the tables are small). edge gives the cost of a cell in one
// direction, and whether it can be used at all.
func (g *grid) search(from, to int, edge func(i, j int, forward bool) (cost int, ok bool)) []step {
	nodes := g.rows + g.columns + 2
	best, done, via := make([]int, nodes), make([]bool, nodes), make([]step, nodes)
	for n := range best {
		best[n] = -1
	}
	best[from] = 0
	for {
		at := -1
		for n := range best {
			if !done[n] && best[n] >= 0 && (at < 0 || best[n] < best[at]) {
				at = n
			}
		}
		if at < 0 {
			return nil
		}
		if at == to {
			break
		}
		done[at] = true
		consider := func(s step, next int) {
			cost, ok := edge(s.i, s.j, s.forward)
			if ok && !done[next] && (best[next] < 0 || best[at]+cost < best[next]) {
				best[next], via[next] = best[at]+cost, s
			}
		}
		if at <= g.rows {
			for j := range g.columns + 1 {
				consider(step{at, j, true}, g.columnNode(j))
			}
		} else {
			for i := range g.rows + 1 {
				consider(step{i, at - g.rows - 1, false}, i)
			}
		}
	}
	var path []step
	for at := to; at != from; {
		s := via[at]
		path = append(path, s)
		if s.forward {
			at = s.i
		} else {
			at = g.columnNode(s.j)
		}
	}
	return path
}

func (g *grid) published(t Table) Published {
	p := Published{Code: t.Code, Rows: t.Rows, Columns: t.Columns}
	shown := func(i, j int) *int {
		if g.hidden[i][j] {
			return nil
		}
		n := g.value[i][j]
		return &n
	}
	for i := range g.rows {
		row := make([]*int, g.columns)
		for j := range row {
			row[j] = shown(i, j)
		}
		p.Cells, p.RowTotals = append(p.Cells, row), append(p.RowTotals, shown(i, g.columns))
	}
	for j := range g.columns {
		p.ColumnTotals = append(p.ColumnTotals, shown(g.rows, j))
	}
	p.Total = shown(g.rows, g.columns)
	return p
}
