// Command inbound takes in the mail that SES has put into the bucket: it records an inquiry, or one more message of one, with
// what the mail carries and nothing guessed (policy 3(6), R38, R39). What machines send goes into a bin of its own and is never
// answered (hard case 35).
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Inquiries  inquiries.Settings
	Outbox     string      `env:"OUTBOX_TABLE"`
	Guard      string      `env:"GUARD_TABLE"`
	Bucket     string      `env:"INBOUND_BUCKET"`
	AddressKey config.Key  `env:"ADDRESS_KEY"`
	LinkKeys   config.Keys `env:"LINK_KEYS"`
	Sender     string      `env:"SENDER_ADDRESS"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	f, err := open(ctx, env, time.Now)
	if err != nil {
		return nil, err
	}
	return f.handle, nil
}

func open(ctx context.Context, env config.Source, now func() time.Time) (*inbound, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Inquiry), env)
	if err := errors.Join(err, periodsErr); err != nil {
		return nil, err
	}
	client, err := record.NewClient(ctx)
	files, filesErr := objects.NewClient(ctx)
	sender, senderErr := address.Parse(cfg.Sender)
	if senderErr != nil {
		senderErr = fmt.Errorf("SENDER_ADDRESS is no mail address: %w", senderErr)
	}
	if err := errors.Join(err, filesErr, senderErr); err != nil {
		return nil, err
	}
	store, err := inquiries.NewStore(inquiries.Store{Client: client, Outbox: cfg.Outbox,
		Guard: guard.Store{Client: client, Table: cfg.Guard, Key: cfg.AddressKey}, AddressKey: cfg.AddressKey, Keys: cfg.LinkKeys,
		Periods: periods}, cfg.Inquiries)
	if err != nil {
		return nil, err
	}
	return &inbound{store: store, bucketName: cfg.Bucket, bucket: files.Bucket(cfg.Bucket), sender: sender, now: now, pause: wait}, nil
}
