package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/statistics"
)

// R62: looking is not publishing; publishing is once.
func TestRelease(t *testing.T) {
	client := recordtest.Start(t)
	counters, releases := recordtest.Table(t, client, "counters", true), recordtest.Table(t, client, "releases", true)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, policy.JapanTime)
	for i := range 20 {
		err := statistics.Counters{Client: client, Table: counters}.Count(t.Context(), "2026-10-05",
			statistics.View{Path: []string{"/ja", "/en"}[min(i/18, 1)], Views: 1, Visitors: 1})
		if err != nil {
			t.Fatal(err)
		}
	}
	month, err := statistics.ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	command := func(more ...string) (string, error) {
		var out strings.Builder
		err := run(t.Context(), append([]string{"-counters", counters, "-releases", releases}, more...), &out, now)
		return out.String(), err
	}
	public := func() bool {
		_, found, err := statistics.Releases{Client: client, Table: releases}.Find(t.Context(), statistics.PageViews, month, now)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	out, err := command("-month", "2026-10")
	if err != nil || public() || !strings.Contains(out, "Nothing was published") || strings.Contains(out, "/en") {
		t.Errorf("public %t, %v: %s", public(), err, out)
	}
	if out, err := command("-month", "2026-10", "-fold", "/ja"); err != nil || strings.Contains(out, "/ja") {
		t.Errorf("a folded page is shown: %v, %s", err, out)
	}
	if out, err := command("-month", "2026-10", "-release"); err != nil || !public() || !strings.Contains(out, "Published: /statistics/page_views/2026-10") {
		t.Errorf("public %t, %v: %s", public(), err, out)
	}
	if _, err := command("-month", "2026-10", "-counters", "NoSuchTable"); err == nil || !strings.Contains(err.Error(), `0 tables have "NoSuchTable"`) {
		t.Errorf("no table: %v", err)
	}
	for name, want := range map[string]error{"2026-10": statistics.ErrReleased, "2026-11": statistics.ErrOpen, "2026-09": statistics.ErrTooSmall, "": statistics.ErrNoMonth} {
		if _, err := command("-month", name, "-release"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}
