// Command statistics shows what a release of a month's page views would make public, and releases it on demand (R62). It is
// for the person who answers for the publication, until the staff pages do it, and for the local stack:
//
//	go run ./infra/statistics -month 2026-10             # reads and shows; publishes nothing
//	go run ./infra/statistics -month 2026-10 -release    # publishes, once and for ever
//
// Tables are found by AWS's own settings: region, credentials, and AWS_ENDPOINT_URL_DYNAMODB for the local stack. The
// credentials need dynamodb:Query on the counters and dynamodb:PutItem on the releases, which no function has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"madoguchi/shared/record"
	"madoguchi/shared/statistics"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, time.Now()); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "statistics:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out io.Writer, now time.Time) error {
	var folded []string
	flags := flag.NewFlagSet("statistics", flag.ContinueOnError)
	flags.Func("fold", "a page or website to put to the others, because its name must not be public; may be repeated", func(name string) error {
		folded = append(folded, name)
		return nil
	})
	name := flags.String("month", "", "the month, as 2026-10")
	release := flags.Bool("release", false, "publish it: this cannot be undone or repeated")
	counters := flags.String("counters", "CountersTable", "name of the table of counters")
	releases := flags.String("releases", "ReleasesTable", "name of the table of releases")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	m, err := statistics.ParseMonth(*name)
	if err != nil {
		return fmt.Errorf("-month: %w", err)
	}
	client, err := record.NewClient(ctx)
	if err != nil {
		return err
	}
	r, err := statistics.ReadPageViews(ctx, statistics.Counters{Client: client, Table: *counters}, m, now, folded...)
	if err != nil {
		return err
	}
	if err := show(out, r); err != nil {
		return err
	}
	if !*release {
		_, err := fmt.Fprintf(out, "\nNothing was published. Look at the names of the pages: they will be public; -fold hides one. Then: -month %s -release\n", m)
		return err
	}
	if err := (statistics.Releases{Client: client, Table: *releases}).Publish(ctx, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nPublished: /statistics/%s/%s\n", r.Statistic, r.Period)
	return err
}

// show writes the tables as the public would see them.
func show(out io.Writer, r statistics.Release) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, err := fmt.Fprintf(w, "%s of %s\n", r.Statistic, r.Period)
	for name, n := range r.Figures {
		_, wrong := fmt.Fprintf(w, "%s\t%d\n", name, n)
		err = errors.Join(err, wrong)
	}
	for _, t := range r.Tables {
		_, wrong := fmt.Fprintf(w, "\nby %s (%d of %d not shown)\n", t.Code, t.Hidden(), len(t.Rows))
		err = errors.Join(err, wrong)
		for i, row := range t.Rows {
			shown := "-"
			if n := t.Cells[i][0]; n != nil {
				shown = fmt.Sprint(*n)
			}
			_, wrong := fmt.Fprintf(w, "%s\t%s\n", row, shown)
			err = errors.Join(err, wrong)
		}
	}
	return errors.Join(err, w.Flush())
}
