package deployment

import "fmt"

// Finding is one breach of one rule.
type Finding struct {
	Rule string
	What string // the resource and what is wrong with it
}

func (f Finding) String() string { return f.Rule + ": " + f.What }

// rule is one thing that every template must hold to. look returns what breaks it, nothing where all is well.
type rule struct {
	name string
	why  string
	look func(t *Template) []string
}

// rules is all of them; Check applies them in this order.
var rules = []rule{
	{"own role and logs", "a shared role lets each function do what the other may", ownRoles},
	{"no managed policy", "SAM adds some with stars when a function has no role of its own", noManagedPolicies},
	{"least privilege", "a star opens what was not thought of", leastPrivilege},
	{"purpose limitation", "a service's records are for that service (R7, R57)", purposes},
	{"append-only ledger", "what was done with personal data stays provable (R47)", ledger},
	{"known types", "a new kind of resource is first thought about: who can reach it, what it keeps", knownTypes},
	{"nothing public but the API", "personal data behind one door only (R45)", nothingPublic},
	{"tables", "expiry, encryption, recovery and no deletion by accident (R45, R46)", tables},
	{"encryption", "whoever gets hold of a disk or a copy gets nothing (R45)", encryption},
	{"buckets", "private, over TLS, encrypted, with an end (R45)", buckets},
	{"retention of logs", "logs go as well", logs},
	{"access log", "no log tells who visited what (R45)", accessLog},
	{"secrets", "a lost address key cannot be made again", secrets},
	{"staff accounts", "whoever could sign up or guess a password would read what the public has sent (R45)", staffAccounts},
	{"mail identity", "signed mail over TLS, and readers are not followed (R19)", mailIdentity},
	{"edge", "a function that does not ask for the secret is a way round the firewall", knowsEdge},
	{"retention limits", "the template refuses what the policy forbids (hard case 25)", retentionLimits},
	{"parameters", "a wrong value is refused before anything is created", parameters},
	{"function limits", "time, memory and concurrency are argued", functionLimits},
	{"mail that comes in", "a mail is scanned, for known addresses, and SES writes as a role of ours that nobody else can borrow", receipts},
	{"routes", "a GET route of an HTTP API does not answer HEAD; the function answers 405", routes},
	{"streams", "one bad row must not stop the mail of all others", streams},
	{"alarms", "an alarm that reaches nobody, or nobody knows what to do about, is none", alarms},
	{"function alarms", "a function that breaks in silence", functionAlarms},
	{"alarm topic", "who hears of trouble is the stack's operator and nobody else", alarmTopic},
	{"dashboard", "a graph of what is not there looks as if all were well", dashboard},
	{"tracing", "what X-Ray is told is chosen, and then it is told", tracing},
	{"no cycle", "CloudFormation refuses it, cfn-lint does not see it", noCycle},
	{"size", fmt.Sprintf("CloudFormation takes 500 resources; %d leave room to grow", mostResources), size},
}

// Check returns every breach of every rule.
func Check(t *Template) []Finding {
	var found []Finding
	for _, r := range rules {
		for _, what := range r.look(t) {
			found = append(found, Finding{Rule: r.name, What: what})
		}
	}
	return found
}
