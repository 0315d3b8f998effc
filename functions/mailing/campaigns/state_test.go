package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
)

// The life of a campaign as staff see it, and every wrong state.
func TestStates(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 3)
	id := w.create("editor", newsletter())
	post := func(a action, v any) int { return w.call("editor", http.MethodPost, "/"+id+"/"+string(a), v).Code }
	for _, a := range []action{actApprove, actReturn, actRecall, actPause, actResume} {
		if got := post(a, nil); got != http.StatusConflict {
			t.Errorf("%s of a draft: %d", a, got)
		}
	}
	if got := post(actSubmit, m{"x": 1}); got != http.StatusUnprocessableEntity {
		t.Errorf("an unknown member: %d", got)
	}
	for _, one := range []struct {
		a      action
		v      any
		status int
		want   campaign.State
	}{
		{actSubmit, nil, 200, campaign.InReview}, {actSubmit, nil, 409, campaign.InReview}, {actSchedule, m{"at": nil}, 409, campaign.InReview},
		{actReturn, nil, 200, campaign.Draft}, {actSubmit, nil, 200, campaign.InReview}, {actApprove, nil, 200, campaign.Approved},
		{actSchedule, m{"at": nil}, 202, campaign.Scheduled}, {actSchedule, m{"at": nil}, 409, campaign.Scheduled}, // hard case 18: scheduled twice
		{actRecall, nil, 200, campaign.Approved}, {actSchedule, m{"at": "2026-12-01T09:00:00+09:00"}, 202, campaign.Scheduled},
		{actCancel, nil, 200, campaign.Cancelled}, {actCancel, nil, 409, campaign.Cancelled}, {actRecall, nil, 409, campaign.Cancelled},
	} {
		if got := post(one.a, one.v); got != one.status || w.status(id) != one.want {
			t.Fatalf("%s: %d, %s; want %d, %s", one.a, got, w.status(id), one.status, one.want)
		}
	}
	for _, path := range []string{"/aaaaaaaaaaaaaaaa", "/none", "/aaaaaaaaaaaaaaaa/schedule"} {
		method := http.MethodGet
		if strings.HasSuffix(path, "schedule") {
			method = http.MethodPost
		}
		w.want(w.call("editor", method, path, nil), http.StatusNotFound)
	}
	got := answer[whole](w, w.want(w.call("editor", http.MethodGet, "/"+id, nil), 200))
	if got.Status != campaign.Cancelled || got.Title != "十一月号" || got.Content[policy.Japanese].Subject != "十一月号" || len(got.History) != 9 || got.History[1].By != "editor" {
		t.Errorf("%+v", got)
	}
}

// Pause, resume and cancel while it is being sent (hard case 18).
func TestPause(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	for _, freezing := range []bool{true, false} {
		if _, err := w.editor.store.Change(t.Context(), id, func(c *campaign.Campaign) error {
			c.State, c.Freeze.Done = campaign.Sending, !freezing
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := campaign.Sending
		if freezing {
			want = campaign.Freezing
		}
		w.want(w.call("editor", http.MethodPost, "/"+id+"/pause", nil), 200)
		w.want(w.call("editor", http.MethodPost, "/"+id+"/pause", nil), 409)
		w.want(w.call("editor2", http.MethodPost, "/"+id+"/resume", nil), 200)
		if got := w.status(id); got != want {
			t.Errorf("resumed to %s, want %s", got, want)
		}
	}
	w.want(w.call("editor", http.MethodPost, "/"+id, newsletter()), 409)
	w.want(w.call("editor", http.MethodPost, "/"+id+"/cancel", nil), 200)
}

// Two operators at the same moment: one schedules, one gets 409, and it is scheduled once (hard case 18).
func TestTwoOperators(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 1)
	id := w.create("editor", newsletter())
	w.cookie("editor")
	w.cookie("editor2")
	var group sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		group.Go(func() {
			codes[i] = w.call([]string{"editor", "editor2"}[i%2], http.MethodPost, "/"+id+"/schedule", m{"at": nil}).Code
		})
	}
	group.Wait()
	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	c, err := w.editor.store.Get(t.Context(), id)
	if err != nil || count[202] != 1 || count[409] != 7 || c.State != campaign.Scheduled || c.Revision != 2 {
		t.Errorf("%v, %s, revision %d, %v", count, c.State, c.Revision, err)
	}
}

// Where a review is asked for, the sender is never the only approver.
func TestReview(t *testing.T) {
	w := newWorld(t, "CAMPAIGN_REVIEW", "true")
	w.subscribe(policy.Newsletter, 1)
	id := w.create("editor", newsletter())
	post := func(who string, a action) int {
		return w.call(who, http.MethodPost, "/"+id+"/"+string(a), map[action]any{actSchedule: m{"at": nil}}[a]).Code
	}
	for _, one := range []struct {
		who    string
		a      action
		status int
	}{
		{"editor", actSchedule, 409}, {"editor2", actSubmit, 200}, {"editor", actApprove, 403}, {"editor2", actApprove, 403}, {"press", actApprove, 403},
		{"all", actApprove, 200}, {"all", actSchedule, 403}, {"editor", actSchedule, 202}, {"editor", actRecall, 200},
	} {
		if got := post(one.who, one.a); got != one.status {
			t.Fatalf("%s by %s: %d, want %d", one.a, one.who, got, one.status)
		}
	}
	if got := w.status(id); got != campaign.Approved {
		t.Errorf("recalled to %s", got)
	}
	// What is scheduled is recalled before it is changed.
	if post("editor", actSchedule) != 202 {
		t.Error("it cannot be scheduled again")
	}
	w.want(w.call("editor", http.MethodPost, "/"+id, newsletter()), 409)
	if post("editor", actRecall) != 200 {
		t.Error("it cannot be recalled")
	}
	// What was approved is not what it says now.
	w.want(w.call("all", http.MethodPost, "/"+id, newsletter("content", m{"ja": m{"subject": "変えた", "body_markdown": "x"}})), 200)
	if got := post("editor", actSchedule); got != 409 {
		t.Errorf("a changed one is scheduled: %d", got)
	}
	// Whoever changed it last does not approve it, whoever wrote it first.
	if post("editor", actSubmit) != 200 || post("all", actApprove) != 403 || post("editor2", actApprove) != 200 {
		t.Errorf("after a change: %s", w.status(id))
	}
}
