package detect

import (
	"context"
	"embed"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of the detector.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "detect", Files: files} }

// cursor is up to where the alerts of a log are stored; 0 is nothing.
func cursor(ctx context.Context, q sqldb.Queryer, log string) (stream.Seq, error) {
	seq, err := sqldb.One(ctx, q, "cursor", sqldb.Value[int64], `SELECT seq FROM detect_cursor WHERE log = $1`, log)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return 0, nil
	}
	return stream.Seq(seq), err
}

// moveCursor moves it on; it never goes back.
func moveCursor(ctx context.Context, tx *sqldb.Tx, log string, seq stream.Seq, at lanzha.Micros) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO detect_cursor (log, seq, at) VALUES ($1, $2, $3)
		ON CONFLICT (log) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE detect_cursor.seq < excluded.seq`, log, int64(seq), int64(at))
	return err
}

const packColumns = `id, version, name, number, sha256, text, origin, state, note, drafted_by, drafted_at, decided_by, decided_at`

func scanPack(s sqldb.Scanner) (Pack, error) {
	var p Pack
	var drafted, decided lanzha.Micros
	err := s.Scan(&p.ID, &p.Version, &p.Name, &p.Number, &p.SHA256, &p.Text, &p.Origin, &p.State, &p.Note, &p.DraftedBy, &drafted, &p.DecidedBy, &decided)
	p.DraftedAt, p.DecidedAt = drafted.Time(), decided.Time()
	return p, err
}

func insertPack(ctx context.Context, tx *sqldb.Tx, p Pack) error {
	_, err := sqldb.Exec(ctx, tx, `INSERT INTO detect_pack (`+packColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(p.ID), p.Version, p.Name, p.Number, p.SHA256, p.Text, string(p.Origin), string(p.State), p.Note,
		string(p.DraftedBy), int64(lanzha.At(p.DraftedAt)), string(p.DecidedBy), int64(lanzha.At(p.DecidedAt)))
	return err
}

// updatePack writes state and decision of the version before.
func updatePack(ctx context.Context, tx *sqldb.Tx, p Pack) error {
	n, err := sqldb.Exec(ctx, tx, `UPDATE detect_pack SET version = $1, state = $2, decided_by = $3, decided_at = $4 WHERE id = $5 AND version = $6`,
		p.Version, string(p.State), string(p.DecidedBy), int64(lanzha.At(p.DecidedAt)), string(p.ID), p.Version-1)
	if err == nil && n == 0 {
		return lanzha.Conflict("somebody decided on this pack before you")
	}
	return err
}

func packByID(ctx context.Context, q sqldb.Queryer, id lanzha.ID, lock string) (Pack, error) {
	return sqldb.One(ctx, q, "pack", scanPack, `SELECT `+packColumns+` FROM detect_pack WHERE id = $1`+lock, string(id))
}

// activePacks are those that run, by name.
func activePacks(ctx context.Context, q sqldb.Queryer) ([]Pack, error) {
	return sqldb.All(ctx, q, scanPack, `SELECT `+packColumns+` FROM detect_pack WHERE state = 'active' ORDER BY name`)
}

// listPacks lists packs of a state, or all, the newest first.
func listPacks(ctx context.Context, q sqldb.Queryer, state PackState, before lanzha.ID, limit int) ([]Pack, error) {
	var where sqldb.Where
	if state != "" {
		where.And("state = ?", string(state))
	}
	if before != "" {
		where.And("id < ?", string(before))
	}
	end := ` ORDER BY id DESC LIMIT ` + where.Arg(limit)
	return sqldb.All(ctx, q, scanPack, `SELECT `+packColumns+` FROM detect_pack WHERE `+where.String()+end, where.Args()...)
}

// releaseKnown reports whether a release's text was taken in before.
func releaseKnown(ctx context.Context, q sqldb.Queryer, name, sha string) (bool, error) {
	n, err := sqldb.One(ctx, q, "pack", sqldb.Value[int64], `SELECT count(*) FROM detect_pack WHERE name = $1 AND sha256 = $2 AND origin = 'release'`, name, sha)
	return n > 0, err
}
