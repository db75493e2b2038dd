// Package camara asks carriers through the CAMARA interfaces of GSMA Open
// Gateway: KYC Fill-in 0.4, KYC Tenure 0.2, SIM Swap 2 and Number Recycling
// 0.2, two-legged, with the number in the body.
//
// A question becomes the operations that its fields need and no others, side
// by side; their replies become one answer. All carry the question's key as
// x-correlator, so that a repeat is known as one.
//
// What the interfaces cannot say stays empty: they know no sales outlet, and
// location is not asked here. The address of KYC Fill-in is the subscriber's
// own, not where the line is installed: its role is "id", and it does not by
// itself point to a place.
package camara

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"lanzha"
	"lanzha/gateway"
	"lanzha/know/institution"
	"lanzha/work/clue"
)

// Client implements clue.Asker. The zero value is ready and may be used from
// many goroutines; no question waits for another.
type Client struct {
	// Token gives the bearer token for an institution; nil uses the
	// institution's secret as the token. It is called for every operation and
	// keeps what it wants to reuse.
	Token func(context.Context, institution.Institution) (string, error)
	// Timeout bounds one question with all its operations; 0 is
	// gateway.DefaultTimeout.
	Timeout time.Duration
	// HTTP is the client; nil is one of gateway.NewHTTP, shared.
	HTTP *http.Client
}

var (
	shared            = gateway.NewHTTP()
	_      clue.Asker = (*Client)(nil)
)

// Paths of the operations below an institution's endpoint (CAMARA's apiRoot).
const (
	fillInPath   = "/kyc-fill-in/v0.4/fill-in"
	tenurePath   = "/kyc-tenure/v0.2/check-tenure"
	simSwapPath  = "/sim-swap/v2/retrieve-date"
	recycledPath = "/number-recycling/v0.2/check"
)

// Ask puts one question. An error says that nobody knows whether it arrived:
// ask again with the same key. An error body of CAMARA that will not change on
// asking again is a refusal with its code and message; what is neither comes
// back "unreadable" with the raw reply. Who the subscriber is decides: when a
// carrier refuses only the operations beside it, their fields stay empty.
func (c *Client) Ask(ctx context.Context, q clue.Question) (clue.Answer, error) {
	if !phoneNumber.MatchString(q.Value) {
		return clue.Answer{State: clue.AnswerRefused, Reason: "CAMARA 接口只能查询国际格式的电话号码"}, nil
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = gateway.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	var (
		plan  = operations(q)
		s     subscriber
		group sync.WaitGroup
	)
	outcomes := make([]outcome, len(plan))
	if len(plan) == 0 {
		return clue.Answer{State: clue.AnswerRefused, Reason: "CAMARA 接口不提供所查询的内容"}, nil
	}
	for i, op := range plan {
		group.Go(func() { outcomes[i] = op(ctx, c, q, &s) })
	}
	group.Wait()
	refusal := outcome{}
	for i, o := range outcomes {
		switch {
		case o.err != nil: // asked again as a whole; nothing else counts
			return clue.Answer{}, o.err
		case o.state == clue.AnswerUnreadable:
			refusal = o
		case o.state == clue.AnswerRefused && i == 0 && refusal.well():
			refusal = o
		}
	}
	if !refusal.well() {
		return clue.Answer{State: refusal.state, Reason: refusal.reason, Raw: refusal.raw}, nil
	}
	return s.answer(q), nil
}

// outcome is how one operation ended: an error, a refusal, something
// unreadable, or (all zero) well.
type outcome struct {
	err    error
	state  string
	reason string
	raw    []byte
}

func (o outcome) well() bool { return o.err == nil && o.state == "" }

// operation asks one interface and files what it says in the subscriber; each
// writes fields of its own.
type operation func(context.Context, *Client, clue.Question, *subscriber) outcome

// operations are what the fields of a question need, the deciding one first.
func operations(q clue.Question) []operation {
	var ops []operation
	asks := func(f clue.Field) bool { return slices.Contains(q.Fields, f) }
	if asks(clue.FieldSubscriber) || asks(clue.FieldInstallAddress) {
		ops = append(ops, fillIn)
	}
	if asks(clue.FieldOpenedOn) || asks(clue.FieldStatus) {
		ops = append(ops, life)
	}
	if asks(clue.FieldStatus) {
		ops = append(ops, recycled)
	}
	return ops
}

// recycling looks back this far: a number that changed hands within it may
// still be blamed for what its last holder did.
const recycling = 90 * 24 * time.Hour

var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

// call sends one operation and reads its reply into out; ok says whether what
// was read makes sense.
func (c *Client) call(ctx context.Context, q clue.Question, path string, body map[string]string, out any, ok func() bool) outcome {
	req, err := c.request(ctx, q, path, body)
	if err != nil {
		return outcome{err: err}
	}
	hc := c.HTTP
	if hc == nil {
		hc = shared
	}
	reply, err := gateway.Exchange(hc, req)
	switch {
	case err != nil:
		return outcome{err: err}
	case gateway.Again(reply.Status):
		return outcome{err: fmt.Errorf("camara: %s answered with status %d", req.URL.Host, reply.Status)}
	case reply.Status == http.StatusOK && !reply.Cut && gateway.Decode(reply.Body, out, false) == nil && ok():
		return outcome{}
	}
	if e, is := readError(reply); is {
		return outcome{state: clue.AnswerRefused, reason: e.Code + ": " + e.Message}
	}
	return outcome{state: clue.AnswerUnreadable, raw: reply.Raw()}
}

func (c *Client) request(ctx context.Context, q clue.Question, path string, body map[string]string) (*http.Request, error) {
	body["phoneNumber"] = q.Value
	b, err := json.Marshal(body)
	if err != nil {
		return nil, lanzha.Internal("camara.request", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(q.Institution.Endpoint, "/")+path, bytes.NewReader(b))
	if err != nil {
		return nil, lanzha.Invalid("endpoint", "the institution's endpoint is not a URL")
	}
	token := string(q.Institution.Secret)
	if c.Token != nil {
		if token, err = c.Token(ctx, q.Institution); err != nil {
			return nil, fmt.Errorf("camara: token: %w", err)
		}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("x-correlator", q.Key)
	return req, nil
}

// errorInfo is CAMARA's error body.
type errorInfo struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// readError reads an error body. A status of 4xx without one, or with one that
// names another status, comes from something between us and the carrier.
func readError(r gateway.Reply) (errorInfo, bool) {
	var e errorInfo
	if r.Cut || gateway.Decode(r.Body, &e, false) != nil {
		return errorInfo{}, false
	}
	return e, r.Status >= 400 && e.Status == r.Status && e.Code != "" && len(e.Code) <= 96 && len(e.Message) <= 2048
}
