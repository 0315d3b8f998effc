package deployment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ownRoles: each function has a role and a log group that are written in the file and serve it alone.
func ownRoles(t *Template) []string {
	var wrong []string
	used := map[string]string{}
	for _, function := range t.ofType("AWS::Lambda::Function") {
		role := t.role(function)
		group, _ := strings.CutPrefix(words(t.property(function, "LoggingConfig", "LogGroup")), "Ref ")
		for what, name := range map[string]string{"role": role, "log group": group} {
			if !slices.Contains(t.Written, name) {
				wrong = append(wrong, fmt.Sprintf("%s has no %s of its own in the file (%q)", function, what, name))
				continue
			}
			if other := used[name]; other != "" {
				wrong = append(wrong, fmt.Sprintf("%s shares the %s %s with %s", function, what, name, other))
			}
			used[name] = function
		}
		for _, s := range t.granted(role) {
			for _, resource := range s.resources {
				for _, name := range t.references(resource) {
					if t.kind(name) == "AWS::Logs::LogGroup" && name != group {
						wrong = append(wrong, fmt.Sprintf("%s may write to %s", function, name))
					}
				}
			}
		}
	}
	for _, role := range t.ofType("AWS::IAM::Role") {
		if !slices.Contains(t.Written, role) {
			wrong = append(wrong, role+" was made by SAM")
		}
	}
	slices.Sort(wrong)
	return wrong
}

func noManagedPolicies(t *Template) []string {
	var wrong []string
	for _, name := range t.names() {
		for _, policy := range list(t.property(name, "ManagedPolicyArns")) {
			wrong = append(wrong, fmt.Sprintf("%s has the managed policy %s", name, words(policy)))
		}
		if kind := t.kind(name); kind == "AWS::IAM::ManagedPolicy" || kind == "AWS::IAM::Policy" {
			wrong = append(wrong, fmt.Sprintf("%s is an %s: permissions stand in the role that has them", name, kind))
		}
	}
	return wrong
}

// wide are the only permissions whose resource holds a star, each with the reason.
var wide = map[string]string{
	"PhotosRole s3:GetObject Sub ${PhotosBucket.Arn}/*":                     "any photo may be shown and downloaded; which ones there are, the catalogue says",
	"ImportsRole s3:GetObject Sub ${ImportFilesBucket.Arn}/imports/*":       "files are named by their imports",
	"ImportsRole s3:PutObject Sub ${ImportFilesBucket.Arn}/imports/*":       "likewise",
	"ImporterRole s3:DeleteObject Sub ${ImportFilesBucket.Arn}/imports/*":   "likewise",
	"ImporterRole s3:GetObject Sub ${ImportFilesBucket.Arn}/imports/*":      "likewise",
	"ImporterRole s3:PutObject Sub ${ImportFilesBucket.Arn}/imports/*":      "likewise",
	"ImporterRole s3:PutObject Sub ${FailuresBucket.Arn}/*":                 "Lambda chooses the names of the objects",
	"ImporterRole dynamodb:ListStreams Sub ${ImportsTable.Arn}/stream/*":    "the label of a table's stream is not known in advance; it lists this table's streams only",
	"MailerRole s3:PutObject Sub ${FailuresBucket.Arn}/*":                   "Lambda chooses the names of the objects",
	"InboundRole s3:GetObject Sub ${InboundBucket.Arn}/mail/*":              "SES chooses the names of the mails",
	"InboundRole s3:PutObject Sub ${InboundBucket.Arn}/attachments/*":       "attachments are named by the reference of their case",
	"CampaignsRole s3:GetObject Sub ${CampaignFilesBucket.Arn}/campaigns/*": "attachments have random names under the number of their campaign",
	"SenderRole s3:GetObject Sub ${CampaignFilesBucket.Arn}/campaigns/*":    "as above",
	"CampaignsRole s3:PutObject Sub ${CampaignFilesBucket.Arn}/campaigns/*": "as above",
	"RetentionRole s3:DeleteObject Sub ${InboundBucket.Arn}/mail/*":         "likewise; the records say which have ended",
	"RetentionRole s3:DeleteObject Sub ${InboundBucket.Arn}/attachments/*":  "attachments are named by their mail",
	"ReceiptRole s3:PutObject Sub ${InboundBucket.Arn}/mail/*":              "SES chooses the names of the mails",
	"CampaignsRole ses:GetAccount *":                                        "the action knows no other resource",
	"MailerRole ses:GetAccount *":                                           "the action knows no other resource",
	"MailerRole ses:DeleteSuppressedDestination *":                          "likewise; it takes off the address of a new consent",
	"SubscribersRole ses:DeleteSuppressedDestination *":                     "likewise; it takes off the address of somebody whose bounce was wrong",
	"FeedbackRole ses:DeleteSuppressedDestination *":                        "likewise, after a late bounce of a mail of before the consent",
	"FeedbackRole ses:GetSuppressedDestination *":                           "likewise; it reads the entry of an address that SES did not try",
	"FeedbackRole ses:ListSuppressedDestinations *":                         "likewise; it looks daily for what events that were lost would have told",
	"SenderRole ses:GetAccount *":                                           "the action knows no other resource",
	"MailerRole dynamodb:ListStreams Sub ${OutboxTable.Arn}/stream/*":       "the label of a table's stream is not known in advance; it lists this table's streams only",
}

// wideForAll are those that every function may have, each with the reason.
var wideForAll = map[string]string{
	"xray:PutTraceSegments *":    "X-Ray knows no resources; rule \"tracing\" holds it to those who ask for it",
	"xray:PutTelemetryRecords *": "likewise",
}

// trusted are the services that a role may be lent to.
var trusted = []string{"lambda.amazonaws.com", "scheduler.amazonaws.com", "apigateway.amazonaws.com", "ses.amazonaws.com"}

// leastPrivilege: every statement of every role lists its actions and resources.
func leastPrivilege(t *Template) []string {
	var wrong []string
	say := func(s statement, format string, args ...any) {
		wrong = append(wrong, s.where+": "+fmt.Sprintf(format, args...))
	}
	met := map[string]bool{}
	for _, role := range t.ofType("AWS::IAM::Role") {
		for _, s := range statements(role+" (trust)", t.property(role, "AssumeRolePolicyDocument")) {
			for _, who := range list(at(s.raw, "Principal", "Service")) {
				if !slices.Contains(trusted, words(who)) {
					say(s, "is lent to %s", words(who))
				}
			}
			if principal, ok := s.raw["Principal"].(map[string]any); !ok || len(principal) != 1 || principal["Service"] == nil {
				say(s, "is lent to others than AWS services")
			}
		}
		for _, s := range t.granted(role) {
			if s.raw["NotAction"] != nil || s.raw["NotResource"] != nil {
				say(s, "says what it does not allow, not what it allows")
			}
			if len(s.actions) == 0 || len(s.resources) == 0 {
				say(s, "lists no action or no resource")
			}
			for _, action := range s.actions {
				if strings.Contains(action, "*") {
					say(s, "the action %s holds a star", action)
				}
				for _, resource := range s.resources {
					if !strings.Contains(words(resource), "*") {
						continue
					}
					if wideForAll[action+" "+words(resource)] != "" {
						continue
					}
					permission := role + " " + action + " " + words(resource)
					if wide[permission] == "" {
						say(s, "%s on %s is not on the list of argued stars", action, words(resource))
					}
					met[permission] = true
				}
			}
		}
	}
	for permission := range wide {
		if !met[permission] && t.Resources[strings.Fields(permission)[0]] != nil {
			wrong = append(wrong, fmt.Sprintf("%q is on the list of argued stars and not in the template", permission))
		}
	}
	slices.Sort(wrong)
	return wrong
}

const (
	checkItem  = "dynamodb:ConditionCheckItem"
	batchGet   = "dynamodb:BatchGetItem"
	readItem   = "dynamodb:GetItem"
	putItem    = "dynamodb:PutItem"
	updateItem = "dynamodb:UpdateItem"
	deleteItem = "dynamodb:DeleteItem"
	query      = "dynamodb:Query"
)

// mayTouch is purpose limitation: which function may do what with which table. Transactions need the permission of each
// of their writes. Whatever is not here is forbidden, and whatever is here must be granted. What stands as Table/index is allowed
// on that index and not on the table; otherwise an index counts as its table.
var mayTouch = map[string]map[string][]string{
	"NewsletterFunction": {
		"CampaignsTable":   {readItem, query}, // the public archive alone, by its leading key
		"NewsletterTable":  {deleteItem, readItem, putItem, updateItem},
		"OutboxTable":      {putItem}, // a form cannot read or change anybody's mail
		"SuppressionTable": {deleteItem, putItem},
		"GuardTable":       {readItem, putItem, updateItem},
	},
	"PressFunction": {
		"CampaignsTable":   {readItem, query}, // the public archive alone, by its leading key
		"PressTable":       {deleteItem, readItem, putItem, updateItem},
		"OutboxTable":      {putItem},
		"SuppressionTable": {deleteItem, putItem},
		"GuardTable":       {readItem, putItem, updateItem},
	},
	"PublicationsFunction": {
		"PublicationsTable": {putItem}, // a form cannot read or change anybody's request
		"CatalogueTable":    {readItem, query, updateItem},
		"OutboxTable":       {putItem},
		"GuardTable":        {readItem, putItem, updateItem},
	},
	"InquiryFunction": {
		"InquiriesTable": {putItem}, // a form cannot read what others have written
		"OutboxTable":    {putItem},
		"GuardTable":     {readItem, putItem, updateItem},
	},
	"InboundFunction": {
		"InquiriesTable":     {putItem, query, updateItem},
		"OutboxTable":        {putItem},
		"OutboxTable/thread": {query}, // which inquiry a mail of ours was about; of a mail nothing else
		"GuardTable":         {updateItem},
	},
	"PhotosFunction": {
		"PhotosTable":         {readItem, putItem, updateItem},
		"PhotoCatalogueTable": {readItem, query}, // photos are added by staff
		"PhotoDownloadsTable": {updateItem},      // counts are read by staff
		"OutboxTable":         {putItem},
		"GuardTable":          {readItem, putItem, updateItem},
	},
	"EventsFunction": {
		"EventsTable":        {readItem, query}, // definitions are staff's
		"RegistrationsTable": {deleteItem, readItem, putItem, query, updateItem},
		"OutboxTable":        {putItem},
		"GuardTable":         {readItem, putItem, updateItem},
	},
	"RemindersFunction": {
		"EventsTable":        {deleteItem, readItem, query, updateItem}, // tasks go when they are done
		"RegistrationsTable": {deleteItem, readItem, putItem, query, updateItem},
		"OutboxTable":        {putItem},
	},
	"QuestionnairesFunction": {
		"AnswersTable":     {putItem, updateItem}, // adds answers and their counts; reads none, and no registration
		"InvitationsTable": {readItem, updateItem},
		"EventsTable":      {readItem},
		"GuardTable":       {readItem, putItem, updateItem},
	},
	"InvitationsFunction": {
		"EventsTable":           {query},
		"RegistrationsTable":    {checkItem, query}, // reads what the mail needs, changes nothing
		"InvitationsTable":      {readItem, putItem},
		"CampaignsTable":        {readItem}, // which of those under way invite too
		"CampaignsTable/active": {query},
		"OutboxTable":           {putItem},
	},
	"CampaignsFunction": {
		"CampaignsTable":      {readItem, putItem, query, updateItem},
		"CampaignsTable/kind": {query},
		"NewsletterTable":     {batchGet, readItem, query}, // counted and previewed; who receives is decided elsewhere
		"PressTable":          {batchGet, query},
		"RegistrationsTable":  {batchGet, query},
		"SuppressionTable":    {batchGet},
		"InvitationsTable":    {batchGet}, // a preview invites nobody
		"EventsTable":         {readItem, query},
		"OutboxTable":         {putItem}, // to colleagues
		"StaffTable":          {readItem, query, updateItem},
		"LedgerTable":         {putItem, query},
	},
	"SubscribersFunction": {
		"NewsletterTable":  {batchGet, checkItem, deleteItem, readItem, putItem, query, updateItem}, // one person at a time
		"PressTable":       {batchGet, checkItem, deleteItem, readItem, putItem, query, updateItem},
		"SuppressionTable": {checkItem, deleteItem, readItem, putItem}, // an opt-out; a wrong bounce
		"OutboxTable":      {batchGet, putItem, query},                 // what became of a person's mails
		"CampaignsTable":   {readItem, query},
		"StaffTable":       {readItem, updateItem},
		"LedgerTable":      {putItem, query},
	},
	"SenderFunction": {
		"CampaignsTable":     {readItem, putItem, query, updateItem},
		"NewsletterTable":    {batchGet, query}, // who receives is decided elsewhere: no list is changed
		"PressTable":         {batchGet, query},
		"RegistrationsTable": {batchGet, query},
		"SuppressionTable":   {batchGet},
		"EventsTable":        {readItem},
		"InvitationsTable":   {batchGet, readItem, putItem},
	},
	"SiteFunction": {},
	"AccessFunction": {
		"AccessTable":   {putItem},         // there is no view of one visitor (R14)
		"CountersTable": {updateItem},      // counting is not publishing (R62)
		"ReleasesTable": {readItem, query}, //
		"GuardTable":    {readItem, putItem},
	},
	"ImportsFunction": {
		"StaffTable":     {deleteItem, readItem, updateItem},
		"LedgerTable":    {putItem, query},
		"ImportsTable":   {readItem, putItem, query},
		"CampaignsTable": {query}, // whether mail has gone since an import: no list is read
	},
	"RetentionFunction": {
		"NewsletterTable":   {deleteItem, readItem, putItem, query, updateItem}, // asks to stay, ends what has lapsed
		"PressTable":        {deleteItem, readItem, putItem, query, updateItem},
		"SuppressionTable":  {checkItem},
		"OutboxTable":       {putItem},
		"PublicationsTable": {deleteItem, query}, // what lapsed requests had reserved
		"CatalogueTable":    {updateItem},
		"InquiriesTable":    {deleteItem, readItem, putItem, query}, // which mails have ended: their objects go
	},
	"ImporterFunction": {
		"ImportsTable":     {"dynamodb:DescribeStream", deleteItem, readItem, "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", putItem, query},
		"NewsletterTable":  {batchGet, checkItem, deleteItem, readItem, putItem, query, updateItem}, // lists that an office brings along; marks
		"PressTable":       {batchGet, checkItem, deleteItem, readItem, putItem, query, updateItem},
		"CampaignsTable":   {query},                                    // to whom mail has gone since an import: they stay when it is undone
		"LedgerTable":      {putItem, query},                           // that marks were added
		"SuppressionTable": {batchGet, checkItem, deleteItem, putItem}, // takes off what an import has put there, when it is undone
	},
	"SigninFunction": {
		"StaffTable":  {deleteItem, readItem, putItem, updateItem}, // sessions begin and end; accounts are noted
		"LedgerTable": {putItem, query},
	},
	"MailerFunction": {
		"OutboxTable":    {"dynamodb:DescribeStream", readItem, "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", query, updateItem},
		"CampaignsTable": {updateItem}, // the sending rate alone, by its leading key
	},
	"FeedbackFunction": {
		"OutboxTable":      {readItem, updateItem},
		"CampaignsTable":   {readItem, updateItem},
		"NewsletterTable":  {checkItem, deleteItem, readItem, putItem, updateItem}, // a bounce ends the subscription and its consent
		"PressTable":       {checkItem, deleteItem, readItem, putItem, updateItem},
		"SuppressionTable": {checkItem, readItem, putItem, updateItem}, // it never takes anybody off
	},
}

// purposes compares the roles with mayTouch, both ways.
func purposes(t *Template) []string {
	var wrong []string
	roles := map[string]string{}
	for _, function := range t.ofType("AWS::Lambda::Function") {
		if _, known := mayTouch[function]; !known {
			wrong = append(wrong, function+" is not in the table of purposes")
		}
		roles[t.role(function)] = function
	}
	for function := range mayTouch {
		if t.Resources[function] == nil {
			wrong = append(wrong, function+" is in the table of purposes and not in the template")
		}
	}
	for _, role := range t.ofType("AWS::IAM::Role") {
		allowed := mayTouch[roles[role]]
		granted := t.tableActions(role, allowed)
		if roles[role] == "" && len(granted) > 0 {
			wrong = append(wrong, role+" touches a table and is no function's")
		}
		for table, actions := range granted {
			for _, action := range actions {
				if !slices.Contains(allowed[table], action) {
					wrong = append(wrong, fmt.Sprintf("%s may %s on %s", role, action, table))
				}
			}
		}
		for table, actions := range allowed {
			for _, action := range actions {
				if !slices.Contains(granted[table], action) {
					wrong = append(wrong, fmt.Sprintf("%s lacks %s on %s", role, action, table))
				}
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// ofIndex is how a permission names an index.
var ofIndex = regexp.MustCompile(`/index/([A-Za-z0-9_-]+)$`)

// tableActions returns the actions that a role has on each table, its indexes and its stream. An index that "apart" names as
// Table/index is listed so.
func (t *Template) tableActions(role string, apart map[string][]string) map[string][]string {
	granted := map[string][]string{}
	for _, s := range t.granted(role) {
		for _, resource := range s.resources {
			for _, name := range t.references(resource) {
				if t.kind(name) != "AWS::DynamoDB::Table" {
					continue
				}
				if index := ofIndex.FindStringSubmatch(words(resource)); index != nil && apart[name+"/"+index[1]] != nil {
					name += "/" + index[1]
				}
				granted[name] = append(granted[name], s.actions...)
			}
		}
	}
	return granted
}

// ledger: whoever may reach a ledger may add to it and read it, and that is all. Without a ledger there is nothing to hold.
func ledger(t *Template) []string {
	var wrong []string
	harmless := []string{readItem, putItem, query, checkItem}
	for _, role := range t.ofType("AWS::IAM::Role") {
		granted := t.tableActions(role, nil)
		for _, table := range t.ofType("AWS::DynamoDB::Table") {
			if !strings.HasPrefix(table, "Ledger") {
				continue
			}
			for _, action := range granted[table] {
				if !slices.Contains(harmless, action) {
					wrong = append(wrong, fmt.Sprintf("%s may %s on %s", role, action, table))
				}
			}
		}
	}
	return wrong
}
