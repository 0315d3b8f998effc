// Command statistics shows what a release of a month's page views would make public, and releases it on demand (R62). It is
// for the person who answers for the publication, until the staff pages do it, and for the local stack:
//
//	go run ./infra/statistics -month 2026-10             # reads and shows; publishes nothing
//	go run ./infra/statistics -month 2026-10 -release    # publishes, once and for ever
//
// Tables are found by AWS's own settings: region, credentials, and AWS_ENDPOINT_URL_DYNAMODB for the local stack. The
// credentials need dynamodb:ListTables,
// dynamodb:Query on the counters and dynamodb:PutItem on the releases, which no function has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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
	counters := flags.String("counters", "CountersTable", "the table of counters: its name, or a part that no other has")
	releases := flags.String("releases", "ReleasesTable", "the table of releases, likewise")
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
	var wrong error
	for _, table := range []*string{counters, releases} {
		var missing error
		*table, missing = find(ctx, client, *table)
		wrong = errors.Join(wrong, missing)
	}
	if wrong != nil {
		return wrong
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

// find returns the name of the one table whose name holds the part: CloudFormation adds the stack's name and a random text.
func find(ctx context.Context, client *dynamodb.Client, part string) (string, error) {
	var found []string
	for pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("list the tables: %w", err)
		}
		for _, name := range page.TableNames {
			if strings.Contains(name, part) {
				found = append(found, name)
			}
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d tables have %q in their name: %s", len(found), part, strings.Join(found, ", "))
	}
	return found[0], nil
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
