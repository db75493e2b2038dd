package iso20022

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/work/feed"
)

// errShort is a scorer that says less than it was asked.
var errShort = errors.New("the scorer did not judge every event")

const (
	// DefaultKeep is how long transfers and reports are kept.
	DefaultKeep = 30 * 24 * time.Hour

	// leaseFor is how long one who has a transfer scored keeps others from it.
	// A process that dies meanwhile leaves it to the next pacs.002: what the
	// dead one had appended already is then in the event log twice.
	leaseFor = time.Minute

	maxSame = 100 // transfers of one name that are looked at
)

// Desk takes the messages. Its fields are set before it is mounted.
type Desk struct {
	DB     *sqldb.DB
	Vault  *vault.Vault
	IDs    *lanzha.IDs
	Now    func() time.Time
	Zone   *time.Location // of times that tell none
	Scorer Scorer
	Log    *slog.Logger
	Keep   time.Duration // 0 is DefaultKeep

	// Gate says whether the one who acts in ctx may send transfers; who may
	// send them may read what was said of them. Reports are the institution's.
	Gate func(ctx context.Context) error

	// Open lets programs on this host in that show no key, as test networks
	// do. It never lets in what a proxy forwards.
	Open bool

	// Map is a configuration of Tazama that reports are made from; nil: they
	// show our packs. It changes nothing of what the Scorer is given and raises.
	Map *Map

	// Refused is told of transfers of a message that cannot be taken while
	// others of it can; nil tells the sender alone.
	Refused func(ctx context.Context, refused []feed.Refusal) error
}

func (d *Desk) store() *store { return &store{d.Vault} }

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func usedBefore(path string) error {
	return invalid(path, "another message with this MsgId came before")
}

// take takes a message that was read from body. Sent again, it changes
// nothing. root names the message's place in an error.
func (d *Desk) take(ctx context.Context, tenant string, m *Message, body []byte, root, traceParent string, began time.Time) error {
	if len(m.Refused) > 0 && d.Refused != nil {
		if err := d.Refused(ctx, m.Refused); err != nil {
			return err
		}
	}
	switch {
	case len(m.Transfers) > 0:
		err := d.await(ctx, tenant, m, digest(body), root)
		if sqldb.IsUnique(err) { // the same message came twice at once
			err = d.await(ctx, tenant, m, digest(body), root)
		}
		return err
	case len(m.Statuses) > 0:
		err := d.settle(ctx, tenant, m, digest(body), root, traceParent, began)
		if sqldb.IsUnique(err) { // another process reported on it meanwhile
			err = d.settle(ctx, tenant, m, digest(body), root, traceParent, began)
		}
		return err
	}
	return nil // a quote: nothing has moved, and nothing is kept
}

// await keeps the transfers of a pacs.008 until they are settled.
func (d *Desk) await(ctx context.Context, tenant string, m *Message, digest, root string) error {
	s := d.store()
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if before, err := s.digestOf(ctx, tx, tenant, m.ID); err != nil || before != "" {
			if err == nil && before != digest {
				err = usedBefore(root + "/GrpHdr/MsgId")
			}
			return err
		}
		for i, t := range m.Transfers {
			if err := s.insert(ctx, tx, tenant, digest, i, &kept{ID: d.IDs.Next(), Message: m.ID, State: Awaiting, Transfer: t}, d.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle finds the transfers of a pacs.002, has those scored that it settles,
// and keeps the report.
func (d *Desk) settle(ctx context.Context, tenant string, m *Message, digest, root, traceParent string, began time.Time) error {
	s := d.store()
	watch := &stopwatch{d.Now, began}
	all := []*judged{}
	again := false
	err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		all, again = all[:0], false
		_, before, err := s.report(ctx, tx, tenant, m.ID)
		switch {
		case err != nil:
			return err
		case before == digest:
			again = true
			return nil
		case before != "":
			return usedBefore(root + "/GrpHdr/MsgId")
		}
		now := d.Now()
		for _, status := range m.Statuses {
			found, err := s.meant(ctx, tx, tenant, status)
			if err != nil {
				return err
			}
			for _, k := range found {
				j := &judged{kept: k, code: status.Code, outcome: OutcomeOf(status.Code)}
				if slices.ContainsFunc(all, func(o *judged) bool { return o.ID == k.ID }) {
					return invalid(status.Path, "the message speaks of this transfer twice")
				}
				if k.State == Awaiting && j.outcome == Settled {
					if j.fresh, err = s.lease(ctx, tx, k.ID, now, now.Add(leaseFor)); err != nil {
						return err
					} else if !j.fresh {
						return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "iso20022.settle", Message: "this transfer is being evaluated", Hint: "send the message again in a second"}
					}
				}
				all = append(all, j)
			}
		}
		return nil
	})
	if err != nil || again {
		return err
	}
	meta := metaData{Preparation: watch.lap(), TraceParent: traceParent}
	direction, scoring, err := d.score(ctx, m, all, watch)
	meta.Direction = direction
	// What was scored is in the event log: from here on the work is finished
	// even if the client has gone.
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		release := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			for _, j := range all {
				if j.fresh {
					if err := s.release(ctx, tx, j.ID); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if release != nil {
			return release
		}
		return err
	}
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		id := d.IDs.Next()
		for i, j := range all {
			if j.fresh || j.State == Awaiting && j.outcome == Rejected {
				after := *j.kept
				after.State = j.outcome
				if err := s.settle(ctx, tx, &after); err != nil {
					return err
				}
			}
			if d.Map != nil {
				if err := s.insertCount(ctx, tx, id, i, tenant, &j.Transfer, m.At); err != nil {
					return err
				}
			}
		}
		report, err := d.report(ctx, tenant, m, all, meta, scoring, watch, func(*judged) counter {
			return func(ctx context.Context, column, account string, span time.Duration) (int64, error) {
				return s.count(ctx, tx, tenant, column, account, m.At, span)
			}
		})
		if err != nil {
			return err
		}
		text, err := json.Marshal(report)
		if err != nil {
			return lanzha.Internal("iso20022.settle", err)
		}
		return s.insertReport(ctx, tx, id, tenant, m.ID, digest, string(text), d.Now())
	})
}

// score has the transfers scored that the message settles, at the time at
// which it does. It tells how long it took to hand them over and to score.
func (d *Desk) score(ctx context.Context, m *Message, all []*judged, watch *stopwatch) (direction, scoring int64, err error) {
	fresh, transfers := []*judged{}, []Transfer{}
	for _, j := range all {
		if j.fresh {
			t := j.Transfer
			t.At = m.At
			fresh, transfers = append(fresh, j), append(transfers, t)
		}
	}
	b := Batch(transfers)
	if len(b.Refused) > 0 {
		return 0, 0, &lanzha.Error{Code: lanzha.CodeInvalid, Op: "iso20022.score", Field: b.Refused[0].Field, Message: b.Refused[0].Reason}
	}
	direction = watch.lap()
	if len(b.Events) == 0 {
		return direction, watch.lap(), nil
	}
	scored, err := d.Scorer.Score(ctx, feed.Transfer, b)
	if err == nil && len(scored) != len(b.Events) {
		err = lanzha.Internal("iso20022.score", errShort)
	}
	if err != nil {
		return direction, 0, err
	}
	for i := range scored {
		fresh[b.Events[i].Row-1].Verdict = &scored[i]
	}
	return direction, watch.lap(), nil
}

// meant are the transfers that a status speaks of.
func (s *store) meant(ctx context.Context, tx *sqldb.Tx, tenant string, status Status) ([]*kept, error) {
	if status.Whole {
		found, err := s.find(ctx, tx, tenant, "message", status.Message, maxTransfers)
		if err == nil && len(found) == 0 {
			err = unknown(status.Path)
		}
		return found, err
	}
	for _, by := range []struct{ column, value string }{
		{"uetr", status.UETR}, {"end_to_end", status.EndToEnd}, {"tx", status.TxID}, {"instr", status.InstrID},
	} {
		if by.value == "" || by.column == "end_to_end" && by.value == "NOTPROVIDED" {
			continue
		}
		found, err := s.find(ctx, tx, tenant, by.column, by.value, maxSame)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		for _, narrower := range []func(*kept) bool{
			func(k *kept) bool { return status.Message != "" && k.Message == status.Message },
			func(k *kept) bool { return status.EndToEnd != "" && k.EndToEnd == status.EndToEnd },
			func(k *kept) bool { return status.TxID != "" && k.TxID == status.TxID },
			func(k *kept) bool { return k.State == Awaiting },
		} {
			if some := slices.DeleteFunc(slices.Clone(found), func(k *kept) bool { return !narrower(k) }); len(some) > 0 {
				found = some
			}
		}
		if len(found) > 1 && found[0].State == Awaiting {
			return nil, invalid(status.Path, "several transfers that are under way have this name; OrgnlUETR or OrgnlTxId tells them apart")
		}
		return found[:1], nil
	}
	return nil, unknown(status.Path)
}

func unknown(path string) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: path, Message: "no pacs.008 of yours told of this transfer", Hint: "send the pacs.008 first"}
}

// Report is the report of a pacs.002 as JSON; nil when there is none.
func (d *Desk) Report(ctx context.Context, tenant, message string) (json.RawMessage, error) {
	body, _, err := d.store().report(ctx, d.DB.Read(), tenant, strings.TrimSpace(message))
	if err != nil || body == "" {
		return nil, err
	}
	return json.RawMessage(body), nil
}

// Forget erases transfers and reports that were kept long enough.
func (d *Desk) Forget(ctx context.Context) error {
	keep := d.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.store().forget(ctx, tx, d.Now().Add(-keep)) })
}
