// Command photos is the photo library: the catalogue that everybody may browse, the registration, and the downloads that it opens
// (policy 3(5), R34-R36). The only mail that it causes is the link to the downloads.
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/gallery"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
)

func main() { lambdahost.Start(run) }

// settings are those of the library beside what every form's function needs.
type settings struct {
	Photos    string `env:"PHOTOS_TABLE"`          // registrations
	Catalogue string `env:"PHOTO_CATALOGUE_TABLE"` //
	Downloads string `env:"PHOTO_DOWNLOADS_TABLE"` // counts
	Bucket    string `env:"PHOTOS_BUCKET"`
	Terms     string `env:"PHOTO_TERMS_JA"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	return build(ctx, env, time.Now)
}

func build(ctx context.Context, env config.Source, now func() time.Time) (http.Handler, error) {
	d, cfg, err := desk.Open[settings](ctx, env, policy.Get(policy.Photos), now)
	if err != nil {
		return nil, err
	}
	files, err := objects.NewReader(ctx, cfg.Bucket, time.Now) // signatures follow the clock that S3 has
	if err != nil {
		return nil, err
	}
	l := &library{
		Desk: d, persons: cfg.Photos, downloads: cfg.Downloads, terms: cfg.Terms,
		photos: &gallery.Store{Client: d.Client, Table: cfg.Catalogue, Files: files, Now: now},
	}
	return l.handler(), nil
}
