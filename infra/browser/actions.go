package browser

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Open goes to the address and returns the HTTP status.
func (p *Page) Open(url string) int {
	p.t.Helper()
	return p.load("open "+url, chromedp.Navigate(url))
}

// Submit clicks the element, waits for the page that follows (redirects included), and returns its HTTP status.
func (p *Page) Submit(selector string) int {
	p.t.Helper()
	return p.load("submit with "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Click clicks an element that changes the page but does not leave it.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Fill replaces the value of a text field, as an input method does.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.Do("focus "+selector, chromedp.Focus(chromedp.CSS(selector)))
	Eval[bool](p, "select what "+selector+" holds", `document.activeElement.select?.(); return true`)
	p.Do("fill "+selector, insert(text))
}

// Choose selects the option with the value in a select element, with the events that a person's choice causes.
func (p *Page) Choose(selector, value string) {
	p.t.Helper()
	p.wait(selector)
	chosen := Eval[bool](p, "choose "+value+" in "+selector, `
		const e = document.querySelector(args[0]); e.value = args[1];
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
		return e.value === args[1]`, selector, value)
	if !chosen {
		p.t.Fatalf("choose %q in %s: there is no such option", value, selector)
	}
}

// Text returns the visible text of the first element that matches, and waits for it to be there.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	p.wait(selector)
	return Eval[string](p, "read "+selector, `return document.querySelector(args[0]).innerText`, selector)
}

// Value returns the value of a form field, and waits for it to be there.
func (p *Page) Value(selector string) string {
	p.t.Helper()
	p.wait(selector)
	return Eval[string](p, "read the value of "+selector, `return document.querySelector(args[0]).value`, selector)
}

func (p *Page) wait(selector string) {
	p.t.Helper()
	p.Do("wait for "+selector, chromedp.WaitReady(chromedp.CSS(selector)))
}

// Count returns how many elements match now.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	return Eval[int](p, "count "+selector, `return document.querySelectorAll(args[0]).length`, selector)
}

// URL returns the page's address.
func (p *Page) URL() string {
	p.t.Helper()
	return do(p, "read the address", chromedp.Location())
}

// Screenshot writes the whole page as PNG, and makes the folder where it is missing.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	png := do(p, "take a screenshot", chromedp.FullScreenshot(100))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatalf("take a screenshot: %v", err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatalf("take a screenshot: %v", err)
	}
}

// TooWide returns the elements that reach beyond the viewport where the page scrolls sideways (WCAG 1.4.10), and nothing
// where it does not.
func (p *Page) TooWide() []string {
	p.t.Helper()
	return Eval[[]string](p, "measure the width", `
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return [];
		const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 0.5);
		return wide.map(e => e.outerHTML.slice(0, 120)).concat(wide.length ? [] : ["(the page as a whole)"])`)
}

// Back goes back in the tab's history, as the button does, and waits for the page to be there. It reports false at the beginning.
func (p *Page) Back() bool {
	p.t.Helper()
	moved := false
	p.Do("go back", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		history, err := cdp.Call(ctx, target, page.GetNavigationHistory, cdp.Empty{})
		if err != nil || history.CurrentIndex == 0 {
			return err
		}
		moved = true
		_, err = cdp.Call(ctx, target, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
		return err
	}))
	p.wait("body")
	return moved
}
