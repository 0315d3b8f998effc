package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"madoguchi/infra/local/gateway"
	"madoguchi/infra/local/trigger"
)

// console writes lines for people: one for each request and each event, and what went wrong. What functions log stays in their
// files, but for warnings and errors.
type console struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
}

func newConsole(out io.Writer, color bool) *console {
	if out == nil {
		out = io.Discard
	}
	return &console{out: out, color: color}
}

// SGR codes of ECMA-48.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
)

func (c *console) paint(code, text string) string {
	if !c.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *console) line(parts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintln(c.out, c.paint(dim, time.Now().Format("15:04:05")), strings.Join(parts, " "))
}

func (c *console) request(a gateway.Access) {
	name, route := "-", a.Method+" "+a.Path
	if a.Route.Function != "" {
		name, route = a.Route.Function, a.Method+" "+a.Route.Path
	}
	code := green
	switch {
	case a.Status >= 500:
		code = red
	case a.Status >= 400:
		code = yellow
	case a.Status >= 300:
		code = cyan
	}
	parts := []string{pad(short(name), 14), pad(route, 32), c.paint(code, fmt.Sprint(a.Status)), duration(a.Duration), c.temperature(a.Cold)}
	if a.Err != nil {
		parts = append(parts, c.paint(red, cut(a.Err.Error())))
	}
	c.line(parts...)
}

// invoked shows an invocation without a visitor. The many that succeed warm by the clock are left out.
func (c *console) invoked(i trigger.Invocation) {
	if i.Err == nil && i.Records == 0 && !i.Cold && i.Attempt == 1 {
		return
	}
	what := i.Source
	if i.Records > 0 {
		what = fmt.Sprintf("%s ×%d", i.Source, i.Records)
	}
	if i.Attempt > 1 {
		what += fmt.Sprintf(" (attempt %d)", i.Attempt)
	}
	result := c.paint(green, "ok ")
	parts := []string{pad(short(i.Function), 14), pad(what, 32), result, duration(i.Duration), c.temperature(i.Cold)}
	if i.Err != nil {
		parts[2] = c.paint(red, "err")
		parts = append(parts, c.paint(red, cut(i.Err.Error())))
	}
	c.line(parts...)
}

func (c *console) temperature(cold bool) string {
	if cold {
		return c.paint(cyan, "cold")
	}
	return c.paint(dim, "warm")
}

// functionLine shows a function's own log line if it is a warning or an error in JSON.
func (c *console) functionLine(function string, line []byte) {
	if !bytes.HasPrefix(line, []byte("{")) {
		return
	}
	var entry map[string]any
	if json.Unmarshal(line, &entry) != nil {
		return
	}
	level, _ := entry["level"].(string)
	if level != "WARN" && level != "ERROR" {
		return
	}
	text, _ := entry["msg"].(string)
	if problem, ok := entry["error"]; ok {
		text += fmt.Sprintf(": %v", problem)
	}
	c.line(pad(short(function), 14), c.level(level), cut(text))
}

func (c *console) level(level string) string {
	if level == "ERROR" {
		return c.paint(red, level)
	}
	return c.paint(yellow, pad(level, 5))
}

// handler makes the console a slog.Handler for the parts of the stack; lines below WARN are dropped.
func (c *console) handler() slog.Handler { return consoleHandler{c} }

type consoleHandler struct{ *console }

func (h consoleHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h consoleHandler) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h consoleHandler) WithGroup(string) slog.Handler                { return h }

func (h consoleHandler) Handle(_ context.Context, r slog.Record) error {
	function, details, output := "stack", "", ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "function":
			function = a.Value.String()
		case "output":
			output = a.Value.String()
		default:
			details += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		}
		return true
	})
	h.line(pad(short(function), 14), h.level(r.Level.String()), r.Message+h.paint(dim, details))
	for line := range strings.Lines(output) {
		h.line(pad("", 14), h.paint(dim, "| "+strings.TrimRight(line, "\n")))
	}
	return nil
}

// short takes the word "Function" off a logical id.
func short(name string) string {
	if s, ok := strings.CutSuffix(name, "Function"); ok && s != "" {
		return s
	}
	return name
}

func pad(s string, width int) string { return fmt.Sprintf("%-*s", width, s) }

func cut(s string) string {
	const most = 160
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func duration(d time.Duration) string {
	if d >= 10*time.Second {
		return fmt.Sprintf("%5.0f s ", d.Seconds())
	}
	return fmt.Sprintf("%5.0f ms", float64(d.Microseconds())/1000)
}
