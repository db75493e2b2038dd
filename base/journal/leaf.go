package journal

import (
	"context"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"

	"lanzha"
	"lanzha/base/sqldb"
)

// leafRow is what the sealed log keeps of a row: everything but the payload
// and its salt, of which it keeps the hash. It holds no personal data.
type leafRow struct {
	Cursor
	At          int64
	Kind        string
	Record      lanzha.ID
	Version     int64
	Actor       lanzha.ID
	Purpose     string
	Region      lanzha.Region
	Institution lanzha.ID
	PayloadHash []byte
	About       string // records in whose timelines it stands, each with its length, sorted
}

// leafColumns are those of scanLeaf, of a journal j.
const leafColumns = `j.epoch, j.xid, j.seq, j.at, j.kind, j.record, j.version, j.actor, j.purpose, j.region, j.institution, j.payload_hash,
	COALESCE((SELECT string_agg(length(a.record) || ':' || a.record, '' ORDER BY a.record) FROM journal_about a WHERE a.seq = j.seq), '')`

func (r *leafRow) dest() []any {
	return []any{&r.Epoch, &r.Xid, &r.Seq, &r.At, &r.Kind, &r.Record, &r.Version, &r.Actor, &r.Purpose, &r.Region, &r.Institution, &r.PayloadHash, &r.About}
}

func scanLeaf(s sqldb.Scanner) (leafRow, error) {
	var r leafRow
	err := s.Scan(r.dest()...)
	return r, err
}

// leafVersion starts each leaf, so that another encoding can follow.
const leafVersion = "lanzha journal leaf 1\n"

// hash is the leaf's hash: of the version line, the numbers as 8 bytes each,
// the highest first, and the texts each after its length. Equal hashes mean
// equal rows.
func (r *leafRow) hash() tlog.Hash {
	b := make([]byte, 0, 512)
	b = append(b, leafVersion...)
	for _, n := range []int64{r.Epoch, r.Xid, r.Seq, r.At, r.Version} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range []string{r.Kind, string(r.Record), string(r.Actor), r.Purpose, string(r.Region), string(r.Institution), string(r.PayloadHash), r.About} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return tlog.RecordHash(b)
}

// frontier computes the log's root leaf by leaf in memory of its height.
type frontier struct {
	size  int64
	nodes [63]tlog.Hash // the complete subtree of each height, where size has that bit
}

// loadFrontier reads the frontier of the stored log at a size. The subtree
// (level, n) stands with the leaf that completes it; where one is missing, the
// error is CodeConflict.
func loadFrontier(ctx context.Context, q sqldb.Queryer, size int64) (frontier, error) {
	f := frontier{size: size}
	for level := range f.nodes {
		if size>>level&1 == 0 {
			continue
		}
		last := size>>level<<level - 1
		hashes, err := sqldb.One(ctx, q, "leaf of the log", sqldb.Value[[]byte], `SELECT hashes FROM journal_leaf WHERE idx = $1`, last)
		if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
			return f, err
		}
		if len(hashes) < (level+1)*tlog.HashSize {
			return f, disagrees
		}
		copy(f.nodes[level][:], hashes[level*tlog.HashSize:])
	}
	return f, nil
}

// add takes the next leaf and returns the hashes to be stored with it.
func (f *frontier) add(h tlog.Hash) []byte {
	out := append(make([]byte, 0, 2*tlog.HashSize), h[:]...)
	level := 0
	for n := f.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(f.nodes[level], h)
		out = append(out, h[:]...)
		level++
	}
	f.nodes[level] = h
	f.size++
	return out
}

// root is the hash of the whole log so far.
func (f *frontier) root() tlog.Hash {
	var root tlog.Hash
	found := false
	for level := range f.nodes {
		switch {
		case f.size>>level&1 == 0:
		case !found:
			root, found = f.nodes[level], true
		default:
			root = tlog.NodeHash(f.nodes[level], root)
		}
	}
	if !found {
		root, _ = tlog.TreeHash(0, nil) // the empty log's; reads nothing
	}
	return root
}
