// Command chaos does to campaigns what nobody wants to happen, a thousand times, and counts what became of everybody: real sender
// and feedback processes are killed at random moments, SES and DynamoDB fail in every way that they know, events are lost, doubled
// and late, the clock strikes several times at once and clocks are wrong (hard cases 16, 17, 20, 23).
//
//	go run ./infra/chaos [-kills 1000] [-recipients 10000] [-senders 3] [-seed N]
//
// It talks to this machine only and stops by itself. It fails where somebody was lost, was written to twice, or has no outcome.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	o := Options{Log: os.Stderr}
	flag.IntVar(&o.Kills, "kills", 1000, "processes to kill")
	flag.IntVar(&o.Recipients, "recipients", 10_000, "recipients of each campaign")
	flag.IntVar(&o.Senders, "senders", 3, "strikes of the clock at a time")
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "seed of what is left to chance here (not of the processes' own)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := Run(ctx, o)
	fmt.Print(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	if len(report.Wrong) > 0 {
		os.Exit(1)
	}
}
