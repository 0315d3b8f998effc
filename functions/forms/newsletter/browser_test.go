package main_test

import (
	"testing"

	"madoguchi/infra/browser"
)

// TestBrowser uses the newsletter in Chromium as its visitors do, over the whole local stack (contract:
// "Each page works without cookies, without JavaScript, by keyboard, at 400 % zoom").
func TestBrowser(t *testing.T) {
	w := newScreen(t)
	for _, v := range []struct {
		name    string
		options browser.Options
	}{
		{"keyboard", browser.Options{}},
		{"keyboard, no JavaScript", browser.Options{NoJavaScript: true}},
		{"keyboard, no cookies", browser.Options{NoCookies: true, Size: browser.Phone}},
	} {
		t.Run(v.name, func(t *testing.T) { w.testKeyboard(t, v.options) })
	}
	t.Run("measures", w.testMeasures)
	t.Run("order of Tab", w.testTabOrder)
	t.Run("back after sending", w.testBack)
	t.Run("open over night", w.testOverNight)
	t.Run("English reader", w.testEnglish)
	t.Run("scenes", w.testScenes)
	t.Run("letters", w.testLetters)
	t.Run("around", w.testAround)
	t.Run("picture", w.testPicture)
}
