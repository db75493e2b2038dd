package iso20022

import (
	"context"
	"embed"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of transfers and their reports.
func Schema() sqldb.Schema { return sqldb.Schema{Room: "iso20022", Files: files} }

// store keeps transfers until they are settled, and reports.
type store struct {
	vault *vault.Vault
}

// kept is a transfer as it is stored.
type kept struct {
	ID      lanzha.ID
	Message string // MsgId of its pacs.008
	State   Outcome
	Transfer
	Verdict *Scored `json:",omitempty"` // once it was settled and judged
}

func (k *kept) field() vault.Field {
	return vault.Field{Table: "iso20022_transfer", Column: "body", Row: k.ID}
}

func (s *store) seal(k *kept) (string, error) {
	text, err := json.Marshal(struct {
		Transfer
		Verdict *Scored `json:",omitempty"`
	}{k.Transfer, k.Verdict})
	if err != nil {
		return "", lanzha.Internal("iso20022.seal", err)
	}
	return s.vault.Seal(k.field(), string(text))
}

// digestOf is the digest of a pacs.008 that is kept; "" is none.
func (s *store) digestOf(ctx context.Context, q sqldb.Queryer, tenant, message string) (string, error) {
	d, err := sqldb.One(ctx, q, "message", sqldb.Value[string], `SELECT digest FROM iso20022_transfer WHERE tenant = $1 AND message = $2 ORDER BY place LIMIT 1`, tenant, message)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return "", nil
	}
	return d, err
}

func (s *store) insert(ctx context.Context, tx *sqldb.Tx, tenant, digest string, place int, k *kept, now time.Time) error {
	body, err := s.seal(k)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO iso20022_transfer (id, tenant, message, place, digest, end_to_end, uetr, tx, instr, state, body, taken_at, leased_to)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)`,
		string(k.ID), tenant, k.Message, place, digest, k.EndToEnd, k.UETR, k.TxID, k.InstrID, string(k.State), body, int64(lanzha.At(now)))
	return err
}

// find reads up to limit transfers, the newest first, whose column ("uetr",
// "end_to_end", "tx", "instr", "message") has the value.
func (s *store) find(ctx context.Context, tx *sqldb.Tx, tenant, column, value string, limit int) ([]*kept, error) {
	return sqldb.All(ctx, tx, func(row sqldb.Scanner) (*kept, error) {
		k := &kept{}
		var body string
		if err := row.Scan(&k.ID, &k.Message, &k.State, &body); err != nil {
			return nil, err
		}
		text, err := s.vault.Unseal(k.field(), body)
		if err != nil {
			return nil, err
		}
		part := struct {
			*Transfer
			Verdict **Scored
		}{&k.Transfer, &k.Verdict}
		return k, json.Unmarshal([]byte(text), &part)
	}, `SELECT id, message, state, body FROM iso20022_transfer WHERE tenant = $1 AND `+column+` = $2 ORDER BY id DESC LIMIT $3`+tx.ForUpdate(),
		tenant, value, limit)
}

// lease reserves a transfer for the one who has it scored; false: somebody
// else does so now.
func (s *store) lease(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, now, until time.Time) (bool, error) {
	n, err := sqldb.Exec(ctx, tx, `UPDATE iso20022_transfer SET leased_to = $1 WHERE id = $2 AND state = 'awaiting' AND leased_to < $3`,
		int64(lanzha.At(until)), string(id), int64(lanzha.At(now)))
	return n > 0, err
}

func (s *store) release(ctx context.Context, tx *sqldb.Tx, id lanzha.ID) error {
	return sqldb.Later(ctx, tx, `UPDATE iso20022_transfer SET leased_to = 0 WHERE id = $1`, string(id))
}

func (s *store) settle(ctx context.Context, tx *sqldb.Tx, k *kept) error {
	body, err := s.seal(k)
	if err != nil {
		return err
	}
	return sqldb.Later(ctx, tx, `UPDATE iso20022_transfer SET state = $1, body = $2, leased_to = 0 WHERE id = $3`, string(k.State), body, string(k.ID))
}

func reportField(id lanzha.ID) vault.Field {
	return vault.Field{Table: "iso20022_report", Column: "body", Row: id}
}

// report reads a report and the digest of its message; "" is none.
func (s *store) report(ctx context.Context, q sqldb.Queryer, tenant, message string) (body, digest string, err error) {
	type row struct {
		id           lanzha.ID
		body, digest string
	}
	r, err := sqldb.One(ctx, q, "report", func(s sqldb.Scanner) (r row, err error) {
		return r, s.Scan(&r.id, &r.body, &r.digest)
	}, `SELECT id, body, digest FROM iso20022_report WHERE tenant = $1 AND message = $2`, tenant, message)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return "", "", nil
	} else if err != nil {
		return "", "", err
	}
	body, err = s.vault.Unseal(reportField(r.id), r.body)
	return body, r.digest, err
}

func (s *store) insertReport(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, tenant, message, digest, body string, now time.Time) error {
	sealed, err := s.vault.Seal(reportField(id), body)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, tx, `INSERT INTO iso20022_report (id, tenant, message, digest, body, made_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(id), tenant, message, digest, sealed, int64(lanzha.At(now)))
	return err
}

// index is the blind index under which an account is counted.
func (s *store) index(account string) string { return s.vault.Index(account)[0] }

func (s *store) insertCount(ctx context.Context, tx *sqldb.Tx, report lanzha.ID, place int, tenant string, t *Transfer, at time.Time) error {
	return sqldb.Later(ctx, tx, `INSERT INTO iso20022_count (report, place, tenant, payer, payee, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(report), place, tenant, s.index(t.DebtorAccount), s.index(t.CreditorAccount), int64(lanzha.At(at)))
}

// count is how many pacs.002 about the account, as payer or payee, are not
// older than the span before at. Those after at count too, as they do where
// the rule comes from.
func (s *store) count(ctx context.Context, q sqldb.Queryer, tenant, column, account string, at time.Time, span time.Duration) (int64, error) {
	args := []any{tenant, int64(lanzha.At(at.Add(-span)))}
	places := []string{}
	for _, index := range s.vault.Index(account) { // under every generation of keys
		args = append(args, index)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	return sqldb.One(ctx, q, "count", sqldb.Value[int64],
		`SELECT COUNT(*) FROM iso20022_count WHERE tenant = $1 AND at >= $2 AND `+column+` IN (`+strings.Join(places, ", ")+`)`, args...)
}

// forget erases what was taken before an instant.
func (s *store) forget(ctx context.Context, tx *sqldb.Tx, before time.Time) error {
	for _, statement := range []string{
		`DELETE FROM iso20022_transfer WHERE taken_at < $1`,
		`DELETE FROM iso20022_report WHERE made_at < $1`,
		`DELETE FROM iso20022_count WHERE at < $1`,
	} {
		if err := sqldb.Later(ctx, tx, statement, int64(lanzha.At(before))); err != nil {
			return err
		}
	}
	return nil
}
