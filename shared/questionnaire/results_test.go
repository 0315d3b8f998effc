package questionnaire

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

// TestHiding: no count under five is shown, and none that follows from those that are (hard case 32; R64). -1 stands for hidden.
func TestHiding(t *testing.T) {
	for _, c := range []struct {
		name    string
		cells   []int
		answers int
		several bool
		want    []int
	}{
		{"all are enough", []int{5, 9, 30}, 44, false, []int{5, 9, 30}},
		{"one is not: the smallest of the others goes too", []int{4, 9, 30}, 43, false, []int{-1, -1, 30}},
		{"two are not: the total tells neither", []int{4, 1, 30}, 35, false, []int{-1, -1, 30}},
		{"none is not enough either", []int{0, 9, 30}, 39, false, []int{-1, -1, 30}},
		{"few gave no answer: another goes with them", []int{6, 9, 30}, 47, false, []int{-1, 9, 30}},
		{"many gave no answer", []int{6, 9, 30}, 60, false, []int{6, 9, 30}},
		{"yes or no, nearly all yes", []int{19, 1}, 20, false, []int{-1, -1}},
		{"several choices stand alone", []int{4, 9, 30}, 40, true, []int{-1, 9, 30}},
		{"several choices: few left one out", []int{6, 38, 40}, 40, true, []int{6, -1, 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cells []Cell
			none := c.answers
			for _, n := range c.cells {
				cells = append(cells, Cell{Count: aws.Int(n)})
				none -= n
			}
			if c.several {
				hideShares(cells, c.answers)
			} else {
				cells = hideCells(cells, none)
			}
			var got []int
			for _, cell := range cells {
				n := -1
				if cell.Count != nil {
					n = *cell.Count
				}
				if n >= 0 && n < policy.SmallestCell {
					t.Errorf("shows %d", n)
				}
				got = append(got, n)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := (Cell{}).Text(policy.Japanese) + (Cell{Count: aws.Int(7)}).Text(policy.English); got != "非表示7" {
		t.Error(got)
	}
}
