package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"lanzha/base/sqldb"
)

// withAnnex adds to a payload, a JSON object, what ties its annex to it.
func withAnnex(payload, annex []byte) []byte {
	sum := sha256.Sum256(annex)
	out := append(make([]byte, 0, len(payload)+80), payload[:len(payload)-1]...)
	if len(payload) > len("{}") {
		out = append(out, ',')
	}
	out = append(out, `"annex":"`...)
	out = hex.AppendEncode(out, sum[:])
	return append(out, `"}`...)
}

// annexFits reports whether the annex is the one that the payload names; no
// annex fits a payload that names none.
func annexFits(payload string, annex []byte) bool {
	var named struct {
		Annex string `json:"annex"`
	}
	if !strings.Contains(payload, `"annex"`) || json.Unmarshal([]byte(payload), &named) != nil || named.Annex == "" {
		return len(annex) == 0
	}
	sum := sha256.Sum256(annex)
	return named.Annex == hex.EncodeToString(sum[:])
}

// Annex reads the annex of a row; a row without one, or whose payload was
// erased, is CodeNotFound.
func (j *Journal) Annex(ctx context.Context, q sqldb.Queryer, seq int64) ([]byte, error) {
	return sqldb.One(ctx, q, "annex", sqldb.Value[[]byte], `SELECT data FROM journal_annex WHERE seq = $1`, seq)
}
