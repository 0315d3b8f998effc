package browser

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxTabs is more than the stops of any page here; a page that needs more has a trap.
const maxTabs = 200

// Focused describes the element that has the keyboard.
type Focused struct {
	Tag, ID, Name, Type, Text string
	Ring                      bool // an outline or shadow shows the focus (WCAG 2.4.7)
	InView                    bool // inside the window and not covered (WCAG 2.4.11)
}

// Focused returns what has the keyboard now; on a page where nothing has it, that is the body.
func (p *Page) Focused() Focused {
	p.t.Helper()
	return Eval[Focused](p, "see what has the keyboard", `
		const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
		const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
		return {Tag: e.localName, ID: e.id, Name: e.name || "", Type: e.type || "", Text: (e.innerText || "").trim(),
			Ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none",
			InView: top !== null && (e.contains(top) || top.contains(e) || [...(e.labels || [])].some(l => l.contains(top)))}`)
}

// Press sends keys that do not leave the page; the constants of chromedp/kb name those without a letter.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.Do(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys))
}

// PressAndLoad sends keys that leave the page (Enter on a button), waits for the next page and returns its HTTP status.
func (p *Page) PressAndLoad(keys string) int {
	p.t.Helper()
	return p.load(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys))
}

// Type puts text into the element that has the keyboard, as an input method does.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.Do("type", insert(text))
}

// TabTo presses Tab until an element that matches has the keyboard, and returns every stop on the way, that one included.
// It fails the test when Tab does not get there.
func (p *Page) TabTo(selector string) []Focused {
	p.t.Helper()
	var stops []Focused
	for range maxTabs {
		p.Press(kb.Tab)
		stops = append(stops, p.Focused())
		if Eval[bool](p, "see what has the keyboard", `return document.activeElement.matches(args[0])`, selector) {
			return stops
		}
	}
	p.t.Fatalf("Tab does not reach %s; the last stop is %+v", selector, stops[len(stops)-1])
	return nil
}
