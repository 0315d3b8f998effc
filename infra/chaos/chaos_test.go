package main

import (
	"context"
	"testing"
	"time"
)

// A short run of the command: nobody is lost, nobody is written to twice, everybody has one of the four outcomes (hard cases 16, 17).
func TestChaos(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	report, err := Run(ctx, Options{Kills: 25, Recipients: 1500, Senders: 3, Seed: 20261124})
	if err != nil {
		t.Fatal(err, "\n", report)
	}
	for _, wrong := range report.Wrong {
		t.Error(wrong)
	}
	if report.Lost+report.Doubled+report.NoOutcome > 0 || report.Accepted == 0 || report.Kills < 25 || report.Mails == 0 {
		t.Errorf("\n%s", report)
	}
}
