package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"lanzha"
	"lanzha/gateway"
)

// Push sends a lead to a Lanzha centre as the provincial centre does: POST to
// url (".../api/v1/leads") with the lead's reference as Idempotency-Key, so
// that a repeat is the same lead. key is the API key it signs in with. An
// error means that the lead was not taken, or not known to be: push it again.
func Push(ctx context.Context, url string, key lanzha.Secret, l Lead) error {
	b, err := json.Marshal(l)
	if err != nil {
		return lanzha.Internal("sandbox.Push", err)
	}
	ctx, cancel := context.WithTimeout(ctx, gateway.DefaultTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return lanzha.Invalid("url", "not a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+string(key))
	req.Header.Set("Idempotency-Key", l.Ref)
	reply, err := gateway.Exchange(shared, req)
	if err != nil {
		return err
	}
	if reply.Status >= 300 {
		return fmt.Errorf("sandbox: the centre answered a lead with status %d", reply.Status)
	}
	return nil
}
