package browser

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"madoguchi/infra/tools"
)

// Violation is one rule of axe-core that a page breaks.
type Violation struct {
	Rule   string `json:"id"`     // axe-core's name, "color-contrast"
	Impact string `json:"impact"` // minor, moderate, serious, critical
	Help   string `json:"help"`   // one sentence
	Nodes  []Node `json:"nodes"`
}

// Node is a place in the page that breaks the rule.
type Node struct {
	HTML    string `json:"html"`
	Summary string `json:"failureSummary"` // what to do, in lines
}

// String lists the rule and each place with what to do about it.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.Rule, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n    %s\n        %s", n.HTML, strings.ReplaceAll(n.Summary, "\n", "\n        "))
	}
	return b.String()
}

// wcag are the rules of WCAG 2.0, 2.1 and 2.2, levels A and AA. target-size is a AA rule that axe-core leaves off by itself.
const wcag = `{
	runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]},
	rules: {"target-size": {enabled: true}},
	resultTypes: ["violations"]
}`

// Axe runs axe-core on the page as it is now and returns the violations of WCAG 2.2 AA. It skips the test where axe-core can
// neither be found nor installed. A page without JavaScript gets it for the time of the run; its own scripts, which were not
// run when it loaded, stay as they are.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	path, err := tools.Axe(p.t.Context(), io.Discard)
	var missing *tools.Missing
	if errors.As(err, &missing) {
		p.t.Skipf("accessibility tests are skipped: %v", err)
	}
	if err != nil {
		p.t.Fatalf("find axe-core: %v", err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatalf("read axe-core: %v", err)
	}
	p.Do("switch JavaScript on for axe-core", scripts(true))
	Eval[bool](p, "load axe-core", string(source)+";return true")
	found := Eval[[]Violation](p, "run axe-core", `return (await axe.run(document, `+wcag+`)).violations`)
	p.Do("switch JavaScript back", scripts(!p.opts.NoJavaScript))
	return found
}

// WantAccessible fails the test (and lets it go on) with every violation that axe-core finds.
func (p *Page) WantAccessible() {
	p.t.Helper()
	for _, v := range p.Axe() {
		p.t.Errorf("%s: %s", p.URL(), v)
	}
}
