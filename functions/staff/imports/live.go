package main

import (
	"fmt"
	"net/http"

	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
	"madoguchi/shared/web/chart"
)

// live is how far an import is, as staff.LiveScript asks for it.
type live struct {
	Status   string `json:"status"` // the page is another one when it changes
	Total    int    `json:"total"`  // rows; 0 while nobody knows: the dry run reads the file row by row
	Finished int    `json:"finished"`
	Percent  int    `json:"percent"`
	Text     string `json:"text"`
}

// liveOf tells how far the importer is; nil where it has nothing to do.
func liveOf(i roster.Import, l policy.Language) *live {
	if !working(i) {
		return nil
	}
	v := &live{Status: stage(i), Finished: i.Done}
	switch {
	case i.Undoing:
		v.Total = i.Counts.New
	case i.Status == roster.Applying:
		v.Total = i.Rows
	}
	number := chart.Number
	t := policy.Text{JA: number(v.Finished) + "行を確認しました。", EN: number(v.Finished) + " rows are checked."}
	if v.Total > 0 {
		v.Percent = 100 * v.Finished / v.Total
		t = policy.Text{JA: fmt.Sprintf("%s件のうち%s件まで進みました（%d%%）。", number(v.Total), number(v.Finished), v.Percent),
			EN: fmt.Sprintf("%s of %s are done (%d %%).", number(v.Finished), number(v.Total), v.Percent)}
	}
	if i.Undoing && v.Finished == 0 {
		t.JA += "この名簿への配信中は、配信が終わるか一時停止するのを待ちます。"
		t.EN += " While a campaign to the list is under way it waits for its end or a pause."
	}
	v.Text = t.In(l)
	return v
}

// stage is the status with what else makes another page of it.
func stage(i roster.Import) string {
	switch {
	case i.Undoing:
		return "undoing"
	case i.Waiting:
		return "waiting"
	}
	return string(i.Status)
}

// progress is what the live page asks for. It names nobody.
func (d *desk) progress(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	v := liveOf(i, staff.Language(r))
	if v == nil {
		v = &live{Status: stage(i)}
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", v)
}
