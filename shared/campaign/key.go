package campaign

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// itemSort is the sort key of a campaign's own item.
const itemSort = "campaign"

func partition(id string) string { return "c#" + id }

// Key is the key of a campaign's item.
func Key(id string) record.Item { return record.Key(partition(id), itemSort) }

func contentSort(version int, l policy.Language) string {
	return fmt.Sprintf("content#%06d#%s", version, l)
}

func editionSort(version int, l policy.Language) string {
	return fmt.Sprintf("edition#%06d#%s", version, l)
}

// chunkPrefix begins the sort keys of chunks.
const chunkPrefix = "k#"

// chunkSort is the sort key of the chunk whose first recipient is key. Chunks of a language stand in the order of their
// recipients, so that one query finds the chunk that holds a given one.
func chunkSort(l policy.Language, key string) string {
	return chunkPrefix + string(l) + "#" + name(key)
}

// name writes a record's key in the alphabet of SES's tags. Keyed hashes and references both keep their order.
func name(key string) string { return strings.ReplaceAll(key, "-", "_") }

// countPrefix begins the sort keys of counters.
const countPrefix = "n#"

func countSort(at time.Time, shard string) string {
	return countPrefix + at.UTC().Format("2006-01-02T15:04Z") + "#" + shard
}

// Ref names one recipient of a campaign to SES: in the tag "ref" and in the header X-Madoguchi-Ref, of which SES's events show
// either. It holds a record's key, never an address.
type Ref struct {
	Campaign string
	Language policy.Language
	Chunk    string // name of the chunk's first recipient
	Index    int    // of the recipient in the chunk
}

const refPrefix = "c-"

func (r Ref) String() string {
	return fmt.Sprintf("%s%s-%s-%s-%02d", refPrefix, r.Campaign, r.Language, r.Chunk, r.Index)
}

// ParseRef reads what String wrote; false for anything else.
func ParseRef(s string) (Ref, bool) {
	rest, ours := strings.CutPrefix(s, refPrefix)
	parts := strings.Split(rest, "-")
	if !ours || len(parts) != 4 || !IsID(parts[0]) || len(parts[2]) == 0 || len(parts[2]) > 64 {
		return Ref{}, false
	}
	r := Ref{Campaign: parts[0], Language: policy.Language(parts[1]), Chunk: parts[2]}
	index, err := strconv.Atoi(parts[3])
	if err != nil || index < 0 || index >= ChunkSize || r.Language != policy.Japanese && r.Language != policy.English {
		return Ref{}, false
	}
	r.Index = index
	return r, r.String() == s
}

// eventKey is the key of what SES reported of a recipient. It stands outside the campaign's partition: there is one for nearly
// every mail, and they are written as fast as SES reports.
func (r Ref) eventKey() record.Item {
	return record.Key(r.eventPartition(), fmt.Sprintf("%02d", r.Index))
}

func (r Ref) eventPartition() string {
	return "e#" + r.Campaign + "#" + string(r.Language) + "#" + r.Chunk
}
