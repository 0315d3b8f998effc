package main

import (
	"context"
	"log/slog"
	"math"
	"time"

	"madoguchi/shared/metric"
)

// askLimit bounds a question to SES that no mail waits for.
const askLimit = 3 * time.Second

// measure writes how the outbox stands after a sweep, when what could be done has been done. What cannot be found out is
// left out, and the alarm on the oldest mail takes silence for trouble; a sweep that did its work does not fail by it.
func (m *mailer) measure(ctx context.Context) {
	ask, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	percent, perSecond, known := m.ses.Quota(ask)
	if perSecond > 0 {
		m.quick.Store(math.Float64bits(perSecond))
	}
	if m.metrics == nil {
		return
	}
	values := []metric.Value{metric.MailFailed.Is(0)} // so that the figure is there before the first one fails
	backlog, err := m.store.Backlog(ctx)
	if err != nil {
		slog.WarnContext(ctx, "backlog not counted", "error", err)
	} else {
		values = append(values, metric.MailOldest.Is(backlog.Oldest.Seconds()), metric.MailDue.Is(float64(backlog.Due)),
			metric.MailUnknown.Is(float64(backlog.Unknown)))
	}
	if known {
		values = append(values, metric.SESQuota.Is(percent))
	}
	m.metrics.Write(values...)
}
