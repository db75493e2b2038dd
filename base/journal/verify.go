package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"lanzha"
	"lanzha/base/sqldb"
)

// Fault is what was done to the journal.
type Fault string

// The faults.
const (
	FaultChanged   Fault = "changed"   // the row's fields, its timelines or its payload are not what was sealed
	FaultRemoved   Fault = "removed"   // a sealed row is gone
	FaultInserted  Fault = "inserted"  // a row stands before rows that were sealed earlier
	FaultSwapped   Fault = "swapped"   // the row holds what was sealed as another row
	FaultErased    Fault = "erased"    // the payload was emptied, and no journal row says by whom and why
	FaultRewritten Fault = "rewritten" // the sealed log itself is not the one of a checkpoint
	FaultCut       Fault = "cut"       // the sealed log is shorter than a checkpoint says
	FaultForged    Fault = "forged"    // a checkpoint's signature is wrong
)

// Finding is one fault and where it is.
type Finding struct {
	Fault  Fault     `json:"fault"`
	Index  int64     `json:"index"`            // place in the sealed log, from 0; of an inserted row, the row that it stands before
	To     int64     `json:"to,omitempty"`     // where only a stretch of the log can be told: its end, not included
	Seq    int64     `json:"seq,omitempty"`    // the row; 0 where that can no longer be told
	Kind   string    `json:"kind,omitempty"`   // what the row says now
	Record lanzha.ID `json:"record,omitempty"` // likewise
	Detail string    `json:"detail"`           // one sentence
}

// end sorts a stretch of the log after the rows in it that tell more.
func (f Finding) end() int64 { return max(f.Index, f.To-1) }

// Report is what Verify found.
type Report struct {
	OK          bool         `json:"ok"`
	Since       []Checkpoint `json:"since"`       // the checkpoints from elsewhere
	Sealed      int64        `json:"sealed"`      // rows in the sealed log
	Unsealed    int64        `json:"unsealed"`    // rows that wait for the sealer
	Erased      int64        `json:"erased"`      // sealed rows whose payload was erased as it should be
	Checkpoints int64        `json:"checkpoints"` // checkpoints in the database that were compared
	Foreign     int64        `json:"foreign"`     // checkpoints in the database of a key that is not known here
	Faults      int64        `json:"faults"`      // how many in all
	Findings    []Finding    `json:"findings"`    // the first hundred, in the order of the log
}

// First is the first fault in the order of the log; nil when there is none.
func (r Report) First() *Finding {
	if len(r.Findings) == 0 {
		return nil
	}
	return &r.Findings[0]
}

const (
	verifyPage  = 2048
	verifyFinds = 100 // findings told one by one
)

// KindErased is the kind of the row that Erase appends.
const KindErased = "journal.erased"

type erasure struct {
	Seqs []int64 `json:"seqs"`
}

// Erase empties the payload and the salt of rows, takes their annexes, and appends a row that says
// which, by whom and for what purpose. What was sealed stays valid; without
// the salt the hash that is left tells nothing. A row that does not exist is
// CodeNotFound; one that tells of an erasure is CodeConflict.
func (j *Journal) Erase(ctx context.Context, tx *sqldb.Tx, at time.Time, actor lanzha.ID, purpose string, seqs ...int64) error {
	if len(seqs) == 0 {
		return nil
	}
	e := Entry{Kind: KindErased, Actor: actor, Purpose: purpose, Payload: erasure{seqs}}
	for _, seq := range seqs {
		r, err := sqldb.One(ctx, tx, "journal row", scanRow, `SELECT `+columns+` FROM journal j WHERE j.seq = $1`, seq)
		if err != nil {
			return err
		}
		if r.Kind == KindErased {
			return lanzha.Conflict("row %d says what was erased, and stays", seq)
		}
		if e.Record == "" {
			e.Record, e.Region, e.Institution = r.Record, r.Region, r.Institution
		}
		e.About = append(e.About, r.Record)
		if _, err := sqldb.Exec(ctx, tx, `UPDATE journal SET payload = '', salt = $1 WHERE seq = $2`, []byte{}, seq); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, `DELETE FROM journal_annex WHERE seq = $1`, seq); err != nil {
			return err
		}
	}
	err := j.Append(ctx, tx, at, e)
	return err
}

// Verify reads the whole journal in one snapshot and compares it with its
// sealed log, the sealed log with the checkpoints in the database, and with
// those kept elsewhere. Whoever can write the database can rewrite the first
// two; only a checkpoint from elsewhere finds that. One that is not signed by
// the verifier's key is CodeInvalid. Memory does not grow with the journal,
// only with the number of erasures.
func Verify(ctx context.Context, db *sqldb.DB, verifier note.Verifier, since ...[]byte) (Report, error) {
	v := &verification{ctx: ctx, known: note.VerifierList(verifier), erased: map[int64]bool{}}
	for _, text := range since {
		c, err := openCheckpoint(text, v.known)
		if err != nil {
			return Report{}, &lanzha.Error{
				Code: lanzha.CodeInvalid, Op: "journal.Verify", Field: "since", Message: "the checkpoint is not signed by this journal's key",
				Hint: "give the file as `lanzha audit checkpoint` printed it, and the key that was kept with it", Err: err,
			}
		}
		c.Note = string(text)
		v.report.Since = append(v.report.Since, c)
	}
	slices.SortFunc(v.report.Since, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	err := db.Snapshot(ctx, func(q sqldb.Queryer) error {
		v.q = q
		for _, step := range []func() error{v.erasures, v.log, v.unsealed} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	v.swaps()
	slices.SortStableFunc(v.report.Findings, func(a, b Finding) int { return cmp.Compare(a.end(), b.end()) })
	v.report.OK = v.report.Faults == 0
	return v.report, err
}

type verification struct {
	ctx    context.Context
	q      sqldb.Queryer
	known  note.Verifiers
	report Report
	erased map[int64]bool // rows that journal.erased rows name

	f      frontier
	broken bool   // a leaf is gone: the log's root can no longer be computed
	last   Cursor // of the last row that is as it was sealed
	good   int64  // size of the last checkpoint that agreed

	ahead   []Checkpoint // the database's next checkpoints
	read    int64        // size of the last of them that was read
	suspect []suspect    // rows that differ, for swaps
}

// suspect is a row that is not what was sealed in its place.
type suspect struct {
	finding int // in report.Findings
	row     leafRow
	sealed  tlog.Hash
}

func (v *verification) find(f Finding) {
	v.report.Faults++
	if len(v.report.Findings) < verifyFinds {
		v.report.Findings = append(v.report.Findings, f)
	}
}

// erasures learns which rows may be empty.
func (v *verification) erasures() error {
	var after int64
	for {
		rows, err := sqldb.All(v.ctx, v.q, scanRow, `SELECT `+columns+` FROM journal j WHERE j.kind = $1 AND j.seq > $2 ORDER BY j.seq LIMIT $3`, KindErased, after, verifyPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			after = r.Seq
			var e erasure
			if json.Unmarshal(r.Payload, &e) == nil { // what cannot be read permits nothing; the row itself is checked like any other
				for _, seq := range e.Seqs {
					v.erased[seq] = true
				}
			}
		}
	}
}

// fullRow is a row with what its leaf hides, and where it is sealed.
type fullRow struct {
	leafRow
	payload string
	salt    []byte
	annex   []byte
	idx     int64
	hashes  []byte
}

// fullColumns are those of leafRow.dest and then of payload, salt and annex.
const fullColumns = leafColumns + `, j.payload, j.salt, (SELECT x.data FROM journal_annex x WHERE x.seq = j.seq)`

func (r *fullRow) payloadFits() bool {
	return bytes.Equal(payloadHash(r.salt, []byte(r.payload)), r.PayloadHash) && annexFits(r.payload, r.annex)
}

func (r *fullRow) empty() bool { return r.payload == "" && len(r.salt) == 0 && len(r.annex) == 0 }

// log walks the sealed log from its first leaf to its last.
func (v *verification) log() error {
	size, err := sqldb.One(v.ctx, v.q, "size", sqldb.Value[int64], `SELECT COALESCE(max(idx), -1) + 1 FROM journal_leaf`)
	if err != nil {
		return err
	}
	v.report.Sealed = size
	if err := v.compare(); err != nil {
		return err
	}
	for from := int64(0); from < size; from += verifyPage {
		rows, err := sqldb.All(v.ctx, v.q, func(s sqldb.Scanner) (fullRow, error) {
			var r fullRow
			err := s.Scan(append(r.dest(), &r.payload, &r.salt, &r.annex, &r.idx, &r.hashes)...)
			return r, err
		}, `SELECT `+fullColumns+`, l.idx, l.hashes FROM journal_leaf l JOIN journal j ON j.seq = l.seq
			WHERE l.idx >= $1 AND l.idx < $2 ORDER BY l.idx`, from, from+verifyPage)
		if err != nil {
			return err
		}
		for idx := from; idx < min(from+verifyPage, size); idx++ {
			if len(rows) > 0 && rows[0].idx == idx {
				v.leaf(idx, rows[0].hashes)
				v.row(&rows[0])
				rows = rows[1:]
			} else if err := v.missing(idx); err != nil {
				return err
			}
			if err := v.compare(); err != nil {
				return err
			}
		}
	}
	return v.beyond()
}

// leaf adds a leaf to the root and holds the stored subtrees against it.
func (v *verification) leaf(idx int64, hashes []byte) {
	if v.broken {
		return
	}
	if len(hashes) < tlog.HashSize {
		v.broken = true
		v.find(Finding{Fault: FaultRewritten, Index: idx, Detail: "the sealed log has no hash here"})
		return
	}
	if want := v.f.add(tlog.Hash(hashes[:tlog.HashSize])); !bytes.Equal(want, hashes) {
		v.find(Finding{Fault: FaultRewritten, Index: idx, Detail: "the sealed log's hashes do not fit together here"})
	}
}

// row holds a row against its leaf.
func (v *verification) row(r *fullRow) {
	f := Finding{Index: r.idx, Seq: r.Seq, Kind: r.Kind, Record: r.Record}
	switch sealed := r.hash(); {
	case !bytes.HasPrefix(r.hashes, sealed[:]):
		f.Fault, f.Detail = FaultChanged, "the row or its timelines are not what was sealed"
		if len(v.report.Findings) < verifyFinds && len(r.hashes) >= tlog.HashSize {
			v.suspect = append(v.suspect, suspect{len(v.report.Findings), r.leafRow, tlog.Hash(r.hashes[:tlog.HashSize])})
		}
	case !v.last.Before(r.Cursor):
		f.Fault, f.Detail = FaultInserted, fmt.Sprintf("the row stands in the log after row %d, and before it in the journal", v.last.Seq)
	case r.empty() && !v.erased[r.Seq]:
		f.Fault, f.Detail = FaultErased, "the payload was emptied, and no row of the journal says by whom"
	case !r.empty() && !r.payloadFits():
		f.Fault, f.Detail = FaultChanged, "the payload is not what was sealed"
	default:
		if r.empty() {
			v.report.Erased++
		}
		v.last = r.Cursor
		return
	}
	v.find(f)
}

// missing is a place whose row or leaf is gone.
func (v *verification) missing(idx int64) error {
	type leaf struct {
		seq    int64
		hashes []byte
	}
	l, err := sqldb.One(v.ctx, v.q, "leaf", func(s sqldb.Scanner) (l leaf, err error) {
		err = s.Scan(&l.seq, &l.hashes)
		return l, err
	}, `SELECT seq, hashes FROM journal_leaf WHERE idx = $1`, idx)
	switch lanzha.CodeOf(err) {
	case "":
		v.leaf(idx, l.hashes)
		v.find(Finding{Fault: FaultRemoved, Index: idx, Seq: l.seq, Detail: "the row was sealed and is gone"})
	case lanzha.CodeNotFound:
		v.broken = true
		v.find(Finding{Fault: FaultRemoved, Index: idx, Detail: fmt.Sprintf("a row after row %d is gone, and its place in the sealed log too", v.last.Seq)})
	default:
		return err
	}
	return nil
}

// compare holds the log, at its present size, against all checkpoints of that
// size, those from elsewhere and the database's own.
func (v *verification) compare() error {
	for _, c := range v.report.Since {
		if c.Size == v.f.size && !v.broken {
			v.against(c, "the checkpoint kept elsewhere")
		}
	}
	for {
		if len(v.ahead) == 0 && v.read >= 0 {
			var err error
			v.ahead, err = sqldb.All(v.ctx, v.q, func(s sqldb.Scanner) (c Checkpoint, err error) {
				err = s.Scan(&c.Size, &c.Note)
				return c, err
			}, `SELECT size, note FROM journal_checkpoint WHERE size > $1 ORDER BY size LIMIT $2`, v.read, verifyPage)
			if err != nil {
				return err
			}
			if v.read = -1; len(v.ahead) == verifyPage {
				v.read = v.ahead[verifyPage-1].Size
			}
		}
		if len(v.ahead) == 0 || v.ahead[0].Size > v.f.size || v.broken {
			return nil
		}
		v.own(v.ahead[0])
		v.ahead = v.ahead[1:]
	}
}

// own takes a checkpoint of the database itself.
func (v *verification) own(stored Checkpoint) {
	c, err := openCheckpoint([]byte(stored.Note), v.known)
	switch {
	case isForged(err) || err == nil && c.Size != stored.Size:
		v.find(Finding{Fault: FaultForged, Index: stored.Size, Detail: fmt.Sprintf("the database's checkpoint at %d rows is not what was signed", stored.Size)})
	case err != nil:
		v.report.Foreign++
	default:
		v.report.Checkpoints++
		v.against(c, "the database's checkpoint")
	}
}

func (v *verification) against(c Checkpoint, whose string) {
	if c.root == v.f.root() {
		v.good = max(v.good, c.Size)
		return
	}
	v.find(Finding{Fault: FaultRewritten, Index: v.good, To: c.Size, Detail: fmt.Sprintf(
		"the sealed log is not the one that %s of %s signed at %d rows; up to %d rows it is", whose, c.At.UTC().Format(time.RFC3339), c.Size, v.good)})
}

// beyond tells of checkpoints that are larger than the log.
func (v *verification) beyond() error {
	size := v.report.Sealed
	for _, c := range v.report.Since {
		if c.Size > size {
			v.find(Finding{Fault: FaultCut, Index: size, To: c.Size, Detail: fmt.Sprintf(
				"the checkpoint kept elsewhere, of %s, has %d rows more; a restore from an older backup looks the same", c.At.UTC().Format(time.RFC3339), c.Size-size)})
		}
	}
	newest, err := Newest(v.ctx, v.q)
	switch {
	case lanzha.CodeOf(err) == lanzha.CodeInvalid:
		v.find(Finding{Fault: FaultForged, Index: size, Detail: "the database's newest checkpoint cannot be read"})
	case lanzha.CodeOf(err) == lanzha.CodeNotFound && size > 0:
		v.find(Finding{Fault: FaultCut, Index: 0, To: size, Detail: "the database's checkpoints are gone"})
	case err == nil && newest.Size > size:
		v.find(Finding{Fault: FaultCut, Index: size, To: newest.Size, Detail: fmt.Sprintf("the database's own checkpoint has %d rows more", newest.Size-size)})
	case lanzha.CodeOf(err) == lanzha.CodeInternal:
		return err
	}
	return nil
}

// unsealed reads the rows that have no leaf: before the end of the sealed log
// they were inserted, after it they wait.
func (v *verification) unsealed() error {
	rows, err := v.q.QueryContext(v.ctx, `SELECT `+fullColumns+` FROM journal j LEFT JOIN journal_leaf l ON l.seq = j.seq
		WHERE l.seq IS NULL ORDER BY j.epoch, j.xid, j.seq`)
	if err != nil {
		return lanzha.Internal("journal.Verify", err)
	}
	defer rows.Close()
	var inserted []leafRow
	for rows.Next() {
		var r fullRow
		if err := rows.Scan(append(r.dest(), &r.payload, &r.salt, &r.annex)...); err != nil {
			return lanzha.Internal("journal.Verify", err)
		}
		f := Finding{Index: v.report.Sealed, Seq: r.Seq, Kind: r.Kind, Record: r.Record}
		switch {
		case r.Before(v.last):
			v.report.Faults++
			if len(inserted) < verifyFinds {
				inserted = append(inserted, r.leafRow)
			}
			continue
		case r.empty() && !v.erased[r.Seq]:
			f.Fault, f.Detail = FaultErased, "the payload was emptied before it was sealed, and no row of the journal says by whom"
			v.find(f)
		case !r.empty() && !r.payloadFits():
			f.Fault, f.Detail = FaultChanged, "the payload does not fit its hash; the row was not sealed yet"
			v.find(f)
		}
		v.report.Unsealed++
	}
	if err := rows.Err(); err != nil {
		return lanzha.Internal("journal.Verify", err)
	}
	for _, r := range inserted {
		next, err := sqldb.One(v.ctx, v.q, "next row", sqldb.Value[int64], `SELECT l.idx FROM journal j JOIN journal_leaf l ON l.seq = j.seq
			WHERE (j.epoch, j.xid, j.seq) > ($1, $2, $3) ORDER BY j.epoch, j.xid, j.seq LIMIT 1`, r.Epoch, r.Xid, r.Seq)
		if err != nil {
			return err
		}
		v.report.Findings = append(v.report.Findings, Finding{Fault: FaultInserted, Index: next, Seq: r.Seq, Kind: r.Kind, Record: r.Record,
			Detail: "the row stands among sealed rows and was never sealed"})
	}
	return nil
}

// swaps looks among the rows that differ for those that hold what was sealed
// in another's place.
func (v *verification) swaps() {
	for _, a := range v.suspect {
		for _, b := range v.suspect {
			if a.row.Seq != b.row.Seq && a.row.was(b) {
				f := &v.report.Findings[a.finding]
				f.Fault, f.Detail = FaultSwapped, fmt.Sprintf("the row holds what was sealed as row %d", b.row.Seq)
			}
		}
	}
}

// was reports whether r is what was sealed in b's place, however much of the
// number, the time and the timelines stayed where it was.
func (r leafRow) was(b suspect) bool {
	for _, cursor := range []Cursor{r.Cursor, b.row.Cursor, {Epoch: r.Epoch, Xid: r.Xid, Seq: b.row.Seq}} {
		for _, at := range []int64{r.At, b.row.At} {
			for _, about := range []string{r.About, b.row.About} {
				tried := r
				tried.Cursor, tried.At, tried.About = cursor, at, about
				if tried.hash() == b.sealed {
					return true
				}
			}
		}
	}
	return false
}
