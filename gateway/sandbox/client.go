package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lanzha"
	"lanzha/gateway"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

// Client asks institutions that speak the sandbox's protocol. It implements
// clue.Asker and disposal.Disposer and may be used from many goroutines; no
// question waits for another.
type Client struct {
	// Timeout bounds one exchange; 0 is gateway.DefaultTimeout.
	Timeout time.Duration
	// HTTP is the client; nil is one of gateway.NewHTTP, shared.
	HTTP *http.Client
}

var shared = gateway.NewHTTP()

var (
	_ clue.Asker        = (*Client)(nil)
	_ disposal.Disposer = (*Client)(nil)
)

// Ask puts one question and waits for the answer. An error says that the
// question may or may not have arrived: ask again with the same key. What
// cannot be read comes back as an answer in state "unreadable" with the raw
// reply.
func (c *Client) Ask(ctx context.Context, q clue.Question) (clue.Answer, error) {
	reply, err := c.post(ctx, q.Institution, "/ask", askBody{
		Key: q.Key, Kind: string(q.Kind), Value: q.Value, Truth: string(q.Truth), Fields: fields(q.Fields),
		Purpose: q.Purpose, LegalBasis: q.LegalBasis, DocumentNo: q.DocumentNo,
		LocationDecisionNo: q.LocationDecisionNo, Officers: q.Officers,
		AskedAt: q.AskedAt.UTC(), DueAt: q.DueAt.UTC(),
	})
	if err != nil {
		return clue.Answer{}, err
	}
	if reason, ok := refused(reply); ok {
		return clue.Answer{State: clue.AnswerRefused, Reason: reason}, nil
	}
	a, err := readAnswer(reply.Body, q.Key)
	if err != nil || reply.Cut || reply.Status != http.StatusOK {
		return clue.Answer{State: clue.AnswerUnreadable, Raw: reply.Raw()}, nil //nolint:nilerr // an unreadable reply is a result
	}
	out := clue.Answer{
		State: a.State, Outlet: a.Outlet, OpenedOn: a.OpenedOn,
		InstallAddress: a.InstallAddress, AddressRole: a.AddressRole, LineStatus: a.LineStatus,
		Location: a.Location, Reason: a.Reason, PlatformNo: a.PlatformNo, At: a.At,
	}
	if a.Subscriber != nil {
		out.Subscriber = &clue.Person{Name: a.Subscriber.Name, IDNumber: a.Subscriber.IDNumber}
	}
	return out, nil
}

func fields(of []clue.Field) []string {
	out := make([]string, len(of))
	for i, f := range of {
		out[i] = string(f)
	}
	return out
}

// Dispose hands one order over and waits for the receipt. Errors and unreadable
// replies are as for Ask.
func (c *Client) Dispose(ctx context.Context, o disposal.Order) (disposal.Receipt, error) {
	reply, err := c.post(ctx, o.Institution, "/dispose", orderBody{
		Key: o.Key, Kind: string(o.Kind), ValueKind: string(o.ValueKind), Value: o.Value, Reason: o.Reason,
		LegalBasis: o.LegalBasis, DocumentNo: o.DocumentNo, DueAt: o.DueAt.UTC(),
	})
	if err != nil {
		return disposal.Receipt{}, err
	}
	if reason, ok := refused(reply); ok {
		return disposal.Receipt{State: disposal.ReceiptRefused, Reason: reason}, nil
	}
	r, err := readReceipt(reply.Body, o.Key)
	if err != nil || reply.Cut || reply.Status != http.StatusOK {
		return disposal.Receipt{State: disposal.ReceiptUnreadable, Raw: reply.Raw()}, nil //nolint:nilerr // an unreadable reply is a result
	}
	return disposal.Receipt{State: r.State, Reason: r.Reason, PlatformNo: r.PlatformNo, At: r.At}, nil
}

// post sends one document. Statuses that ask for patience come back as errors.
func (c *Client) post(ctx context.Context, to institution.Institution, path string, body any) (gateway.Reply, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = gateway.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	b, err := json.Marshal(body)
	if err != nil {
		return gateway.Reply{}, lanzha.Internal("sandbox.post", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(to.Endpoint, "/")+path, bytes.NewReader(b))
	if err != nil {
		return gateway.Reply{}, lanzha.Invalid("endpoint", "the institution's endpoint is not a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	if to.Secret != "" {
		req.Header.Set("Authorization", "Bearer "+string(to.Secret))
	}
	hc := c.HTTP
	if hc == nil {
		hc = shared
	}
	reply, err := gateway.Exchange(hc, req)
	if err != nil {
		return gateway.Reply{}, err
	}
	if gateway.Again(reply.Status) {
		return gateway.Reply{}, fmt.Errorf("sandbox: %s answered with status %d", req.URL.Host, reply.Status)
	}
	return reply, nil
}

// refused reads the reason of a refusal by status: the far side understood and
// will not. A 4xx without a reason that can be read is no refusal.
func refused(r gateway.Reply) (string, bool) {
	if r.Status < 400 || r.Status >= 500 || r.Cut {
		return "", false
	}
	var body refusal
	if gateway.Decode(r.Body, &body, true) != nil || body.Reason == "" {
		return "", false
	}
	return body.Reason, true
}
