package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"lanzha"
	"lanzha/base/sqldb"
)

const (
	sealBatch = 128         // rows sealed in one transaction, for which others wait
	sealEvery = time.Second // how long a row waits at most, when the sealer keeps up
	sealLast  = 5 * time.Second
)

// Sealer copies settled rows into the Merkle log and signs its state. Any
// number of processes may run one; the lock of one row is the lease.
type Sealer struct {
	j      *Journal
	signer note.Signer
	known  note.Verifiers
}

// NewSealer makes the sealer of a journal.
func NewSealer(j *Journal, k Key) *Sealer {
	return &Sealer{j: j, signer: k.Signer, known: note.VerifierList(k.Verifier)}
}

// Run seals about every second until ctx ends, and then once more, so that an
// orderly stop leaves nothing unsealed. A failure leaves the rows for the next
// round; Lag shows it.
func (s *Sealer) Run(ctx context.Context) error {
	every := time.NewTicker(sealEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealLast)
			defer cancel()
			_, _ = s.Seal(last) // what it leaves is sealed after the next start
			return nil
		case <-every.C:
			_, _ = s.Seal(ctx) // tried again with the next tick
		}
	}
}

// Seal seals what is settled now and returns how many rows that were. Before
// it goes on it holds the stored log against the newest checkpoint, so that it
// never signs a log that somebody rewrote: that is CodeConflict.
func (s *Sealer) Seal(ctx context.Context) (int64, error) {
	var total int64
	for {
		// Looking costs no write; most rounds of a quiet night end here.
		state, err := readState(ctx, s.j.db.Read(), "")
		if err != nil {
			return total, err
		}
		if rows, err := s.j.After(ctx, s.j.db.Read(), state.Cursor, 1); err != nil || len(rows) == 0 {
			return total, err
		}
		var n int
		if err := s.j.db.Tx(ctx, func(tx *sqldb.Tx) error {
			n, err = s.batch(ctx, tx)
			return err
		}); err != nil {
			return total, err
		}
		total += int64(n)
		if n < sealBatch {
			return total, nil
		}
	}
}

// state is how far the log has come: its size, and its last row.
type state struct {
	Size int64
	Cursor
}

func readState(ctx context.Context, q sqldb.Queryer, lock string) (state, error) {
	return sqldb.One(ctx, q, "state of the log", func(s sqldb.Scanner) (state, error) {
		var st state
		err := s.Scan(&st.Size, &st.Epoch, &st.Xid, &st.Seq)
		return st, err
	}, `SELECT size, epoch, xid, seq FROM journal_seal WHERE one = 1`+lock)
}

func (s *Sealer) batch(ctx context.Context, tx *sqldb.Tx) (int, error) {
	lock := ""
	if tx.Dialect == sqldb.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	st, err := readState(ctx, tx, lock)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return 0, nil // another process is sealing
	}
	if err != nil {
		return 0, err
	}
	rows, err := sqldb.All(ctx, tx, scanLeaf, `SELECT `+leafColumns+s.j.following(), st.Epoch, st.Xid, st.Seq, sealBatch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	f, err := loadFrontier(ctx, tx, st.Size)
	if err != nil {
		return 0, err
	}
	last, err := s.agrees(ctx, tx, f)
	if err != nil {
		return 0, err
	}
	args := make([]any, 0, 3*len(rows))
	for _, r := range rows {
		idx := f.size
		args = append(args, idx, r.Seq, f.add(r.hash()))
	}
	if err := insertLeaves(ctx, tx, args); err != nil {
		return 0, err
	}
	end := rows[len(rows)-1].Cursor
	if _, err := sqldb.Exec(ctx, tx, `UPDATE journal_seal SET size = $1, epoch = $2, xid = $3, seq = $4 WHERE one = 1`, f.size, end.Epoch, end.Xid, end.Seq); err != nil {
		return 0, err
	}
	return len(rows), s.sign(ctx, tx, f, last)
}

var disagrees = &lanzha.Error{
	Code: lanzha.CodeConflict, Op: "journal.Seal", Message: "the sealed log does not agree with its newest checkpoint; sealing has stopped",
	Hint: "run `lanzha audit verify --since` with a checkpoint kept elsewhere",
}

// agrees holds the stored log against the newest checkpoint, which it returns.
func (s *Sealer) agrees(ctx context.Context, tx *sqldb.Tx, f frontier) (Checkpoint, error) {
	last, err := Newest(ctx, tx)
	switch {
	case lanzha.CodeOf(err) == lanzha.CodeNotFound && f.size == 0:
		return Checkpoint{}, nil
	case err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound:
		return last, err
	}
	if _, bad := openCheckpoint([]byte(last.Note), s.known); err != nil || last.Size != f.size || last.root != f.root() || isForged(bad) {
		return last, disagrees
	}
	return last, nil
}

// insertLeaves writes (idx, seq, hashes) in statements of few sizes, which the
// database keeps prepared.
func insertLeaves(ctx context.Context, tx *sqldb.Tx, args []any) error {
	for size := 256; len(args) > 0; size /= 4 {
		for len(args) >= 3*size {
			var q strings.Builder
			q.WriteString("INSERT INTO journal_leaf (idx, seq, hashes) VALUES ")
			for i := range size {
				if i > 0 {
					q.WriteByte(',')
				}
				fmt.Fprintf(&q, "($%d,$%d,$%d)", 3*i+1, 3*i+2, 3*i+3)
			}
			if _, err := sqldb.Exec(ctx, tx, q.String(), args[:3*size]...); err != nil {
				return err
			}
			args = args[3*size:]
		}
	}
	return nil
}

// sign keeps a checkpoint of the log. It takes the place of the last one of
// the same minute.
func (s *Sealer) sign(ctx context.Context, tx *sqldb.Tx, f frontier, last Checkpoint) error {
	now := s.j.now().UTC()
	text := fmt.Sprintf("%s\n%d\n%s\ntime %s\n", s.signer.Name(), f.size, f.root(), now.Format(time.RFC3339))
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		return lanzha.Internal("journal.Seal", err)
	}
	if last.Size > 0 && last.At.Truncate(time.Minute).Equal(now.Truncate(time.Minute)) {
		if _, err := sqldb.Exec(ctx, tx, `DELETE FROM journal_checkpoint WHERE size = $1`, last.Size); err != nil {
			return err
		}
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO journal_checkpoint (size, at, note) VALUES ($1, $2, $3)`, f.size, int64(lanzha.At(now)), string(signed))
	return err
}

// Checkpoint is a signed state of the log: its first Size rows and no others
// are what they were at that time. Kept elsewhere, it finds any later change.
type Checkpoint struct {
	Size int64     `json:"size"` // rows in the log
	At   time.Time `json:"at"`   // when it was signed, to the second
	Note string    `json:"note"` // the signed text (C2SP tlog-checkpoint)

	root tlog.Hash
}

// Newest is the newest checkpoint in the database; before the first it is
// CodeNotFound.
func Newest(ctx context.Context, q sqldb.Queryer) (Checkpoint, error) {
	text, err := sqldb.One(ctx, q, "checkpoint", sqldb.Value[string], `SELECT note FROM journal_checkpoint ORDER BY size DESC LIMIT 1`)
	if err != nil {
		return Checkpoint{}, err
	}
	return parseCheckpoint(text)
}

// Checkpoint is the newest checkpoint of this journal; before the first it is
// CodeNotFound.
func (s *Sealer) Checkpoint(ctx context.Context) (Checkpoint, error) {
	return Newest(ctx, s.j.db.Read())
}

// parseCheckpoint reads a checkpoint without looking at its signatures.
func parseCheckpoint(text string) (Checkpoint, error) {
	c := Checkpoint{Note: text}
	bad := lanzha.Invalid("checkpoint", "this is not a checkpoint of a Lanzha journal")
	body, _, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(body, "\n")
	if !ok || len(lines) < 4 || lines[0] != keyName {
		return c, bad
	}
	var errs [3]error
	c.Size, errs[0] = strconv.ParseInt(lines[1], 10, 64)
	c.root, errs[1] = tlog.ParseHash(lines[2])
	c.At, errs[2] = time.Parse("time "+time.RFC3339, lines[3])
	if errors.Join(errs[:]...) != nil || c.Size < 0 {
		return c, bad
	}
	return c, nil
}

// openCheckpoint reads a checkpoint that carries a signature of a known key.
func openCheckpoint(text []byte, known note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(text, known)
	if err != nil {
		return Checkpoint{}, err
	}
	return parseCheckpoint(n.Text + "\n")
}

// isForged tells a signature that is wrong from one of another key, of a
// process that does not share ours.
func isForged(err error) bool {
	if err == nil {
		return false
	}
	_, unknown := errors.AsType[*note.UnverifiedNoteError](err)
	return !unknown
}

// Lag is what waits for the sealer: the number of rows, counted up to a
// thousand, and when the oldest of them happened (zero when none waits).
func (j *Journal) Lag(ctx context.Context) (rows int64, oldest time.Time, err error) {
	st, err := readState(ctx, j.db.Read(), "")
	if err != nil {
		return 0, time.Time{}, err
	}
	waiting, err := j.After(ctx, j.db.Read(), st.Cursor, 1000)
	if err != nil || len(waiting) == 0 {
		return 0, time.Time{}, err
	}
	return int64(len(waiting)), waiting[0].At, nil
}

// InOrder reports whether rows written now would stand after all that are
// there. They would not where the files of a PostgreSQL were put back by other
// means than a restore of Lanzha, which opens a new epoch.
func (j *Journal) InOrder(ctx context.Context) (bool, error) {
	if j.db.Dialect != sqldb.Postgres {
		return true, nil
	}
	return sqldb.One(ctx, j.db.Read(), "order", sqldb.Value[bool], `SELECT COALESCE(max(xid), 0) < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
		FROM journal WHERE epoch = (SELECT max(n) FROM journal_epoch)`)
}
