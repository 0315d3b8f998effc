// Package browser drives Chromium in tests: pages of a chosen width, without JavaScript or cookies, in dark colours, by
// keyboard, at 400 % zoom, and under axe-core. Every helper fails the test with what it was about to do; none returns an
// error. Only tests import it.
package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"madoguchi/infra/tools"
)

// Need skips the test with a plain reason where there is no Chromium or no Japanese font, and returns Chromium's path.
// It installs nothing: that is what "go run ./infra/check" does before the tests.
func Need(t testing.TB) string {
	t.Helper()
	path, err := tools.Chromium(t.Context(), io.Discard, false)
	var missing *tools.Missing
	if errors.As(err, &missing) {
		t.Skipf("browser tests are skipped: %v", err)
	}
	if err != nil {
		t.Fatalf("find Chromium: %v", err)
	}
	return path
}

// Browser is Chromium for one test. Its pages share nothing with each other but the process.
type Browser struct {
	t    testing.TB
	path string

	mu     sync.Mutex
	normal context.Context // runs Chromium with cookies; nil until the first page that wants it
	strict context.Context // runs Chromium that refuses all cookies and site data
}

// Start prepares Chromium for the test and its subtests, and ends it with them. It skips the test where Chromium is
// missing. The process itself starts with the first page.
func Start(t testing.TB) *Browser {
	t.Helper()
	return &Browser{t: t, path: Need(t)}
}

// process returns the context of a running Chromium of the wanted kind.
func (b *Browser) process(noCookies bool) (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := &b.normal
	if noCookies {
		kept = &b.strict
	}
	if *kept != nil {
		return *kept, nil
	}
	profile, err := newProfile(noCookies)
	if err != nil {
		return nil, err
	}
	b.t.Cleanup(func() {
		if err := os.RemoveAll(profile); err != nil {
			b.t.Logf("remove the browser's profile: %v", err)
		}
	})
	// Not the test's own context: that ends before the clean-up, and Chromium would be killed instead of closed.
	allocator, stop := chromedp.NewExecAllocator(context.Background(), b.flags(profile)...)
	b.t.Cleanup(stop)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", b.path, err)
	}
	b.t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			b.t.Logf("close Chromium: %v", err)
		}
	})
	*kept = ctx
	return ctx, nil
}

func (b *Browser) flags(profile string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(b.path),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.DisableGPU,
		chromedp.Flag("no-sandbox", os.Geteuid() == 0), // Chromium refuses its sandbox to root
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), // 64 MB in a container are too few
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("password-store", "basic"),
		chromedp.Flag("use-mock-keychain", true),
		// A request that a page makes to the outside fails at once, on every machine: nothing of ours is loaded from there.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE "+net.IPv4(127, 0, 0, 1).String()),
	}
}

// newProfile makes an empty profile, or one whose setting refuses every cookie and all site data, as a person sets it.
func newProfile(noCookies bool) (string, error) {
	dir, err := os.MkdirTemp("", "madoguchi-browser-")
	if err != nil {
		return "", fmt.Errorf("make the browser's profile: %w", err)
	}
	if !noCookies {
		return dir, nil
	}
	const block = `{"profile":{"default_content_setting_values":{"cookies":2}}}`
	preferences := filepath.Join(dir, "Default", "Preferences")
	err = errors.Join(os.MkdirAll(filepath.Dir(preferences), 0o700), os.WriteFile(preferences, []byte(block), 0o600))
	if err != nil {
		return "", errors.Join(fmt.Errorf("make the browser's profile: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}
