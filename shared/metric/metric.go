// Package metric writes figures for CloudWatch in its embedded metric format: a line of JSON on standard output, which
// CloudWatch reads out of the log without a call and without a permission. A metric takes a number and at most one word
// of a fixed list, so that nothing personal and no endless number of metrics can come out of it (R45, hard case 33).
package metric

// Unit is a unit of CloudWatch.
type Unit string

// The units in use.
const (
	Count   Unit = "Count"
	Seconds Unit = "Seconds"
	Percent Unit = "Percent"
)

// Class is the only dimension that a metric may have: the class of mail by which SES's configuration sets are divided.
type Class string

// The classes of mail.
const (
	Transactional Class = "transactional" // answers what a person did
	List          Class = "list"          // written for many
)

// Dimension is the name of Class in CloudWatch.
const Dimension = "Class"

// Classes returns all values of the dimension.
func Classes() []Class { return []Class{Transactional, List} }

// Metric is a figure of the whole deployment.
type Metric struct {
	Name string
	Unit Unit
}

// Classed is a figure for each class of mail.
type Classed struct {
	Name string
	Unit Unit
}

// What is measured. The alarms and the dashboard of template.yaml may name these and no others.
var (
	MailOldest      = Metric{"MailOldest", Seconds}    // age of the oldest mail without an outcome; by each sweep
	MailDue         = Metric{"MailDue", Count}         // mails that are due and wait all the same; by each sweep
	MailUnknown     = Metric{"MailUnknown", Count}     // mails of which nobody knows whether SES has them; by each sweep
	MailFailed      = Metric{"MailFailed", Count}      // mails that were given up; as it happens, and 0 by each sweep
	SESQuota        = Metric{"SesQuotaUsed", Percent}  // used share of the quota of 24 hours; by each sweep that SES answers
	CampaignStopped = Metric{"CampaignStopped", Count} // campaigns that were halted or missed, or paused by the program; as it happens
	CampaignWarning = Metric{"CampaignWarning", Count} // looks at a campaign of which more comes back than should
	CampaignCounts  = Metric{"CampaignCounts", Count}  // campaigns whose numbers do not add up: a defect
	StayWaiting     = Metric{"StayWaiting", Seconds}   // how long a letter that asks to stay has been due, beyond what a run may send; by each run
	StayUnasked     = Metric{"StayUnasked", Count}     // subscribers whose period ended before they were asked to stay; as it happens
	Bounces         = Classed{"Bounces", Count}        // addresses that take no mail, once for each mail
	Complaints      = Classed{"Complaints", Count}     // complaints, once for each mail
)

// Names returns every metric's name, and whether it has the dimension.
func Names() map[string]bool {
	names := map[string]bool{}
	for _, m := range []Metric{MailOldest, MailDue, MailUnknown, MailFailed, SESQuota, CampaignStopped, CampaignWarning, CampaignCounts, StayWaiting, StayUnasked} {
		names[m.Name] = false
	}
	for _, m := range []Classed{Bounces, Complaints} {
		names[m.Name] = true
	}
	return names
}

// Value is one figure to write.
type Value struct {
	metric Metric
	class  Class // "" where the metric has none
	value  float64
}

// Is makes a value of a metric.
func (m Metric) Is(value float64) Value { return Value{metric: m, value: value} }

// Is makes a value of a metric for a class of mail. A class that does not exist counts as transactional, so that no
// word from outside becomes a dimension.
func (m Classed) Is(class Class, value float64) Value {
	if class != List {
		class = Transactional
	}
	return Value{metric: Metric(m), class: class, value: value}
}
