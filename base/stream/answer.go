package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"lanzha"
)

// apiError is what JetStream answers instead.
type apiError struct {
	Code int    `json:"err_code"`
	Text string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (JetStream %d)", e.Text, e.Code) }

// The codes are those of the server's list of errors.

func (e *apiError) notFound() bool { return e.Code == 10037 }

// wrongLast is "wrong last sequence", in its two forms.
func (e *apiError) wrongLast() bool { return e.Code == 10071 || e.Code == 10164 }

// noRoom is a limit of the account, of the server, of storage, or of the stream.
func (e *apiError) noRoom() bool {
	return e.Code == 10002 || e.Code == 10023 || e.Code == 10047 || e.Code == 10077
}

// state is where the stream begins and ends, from the server that leads it.
func (l *Log) state(ctx context.Context) (jetstream.StreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return jetstream.StreamState{}, err
	}
	return s.CachedInfo().State, nil
}

// mark reads who wrote a message, from the server that leads the stream. A
// message that is not there or not of this log has the zero mark.
func (l *Log) mark(ctx context.Context, n uint64) (mark, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	answer, err := l.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+l.stream, fmt.Appendf(nil, `{"seq":%d}`, n))
	if err != nil {
		return mark{}, err
	}
	var got struct {
		Message struct {
			Data []byte `json:"data"`
		} `json:"message"`
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		return mark{}, err
	}
	if got.Error != nil {
		if got.Error.notFound() {
			return mark{}, nil
		}
		return mark{}, got.Error
	}
	m, err := parseMark(got.Message.Data)
	if errors.Is(err, errForeign) {
		return mark{}, nil
	}
	return m, err
}

func unavailable(op, message string, err error) *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: message, Hint: "try again in a moment", Err: err}
}

// wrap classes what went wrong on the way to the server.
func (l *Log) wrap(op string, err error) error {
	if _, ok := errors.AsType[*lanzha.Error](err); ok {
		return err
	}
	return unavailable(op, "the event log does not answer", err)
}
