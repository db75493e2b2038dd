package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

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

// ask sends a message and returns the answer. It gives up when none can be
// expected any more.
func (l *Log) ask(ctx context.Context, m *nats.Msg) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	trouble := l.trouble.listen()
	go func() {
		select {
		case <-trouble:
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := l.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return nil, err
	}
	return answer.Data, nil
}

// api asks JetStream for something and decodes its answer.
func (l *Log) api(ctx context.Context, subject, request string, answer any) error {
	data, err := l.ask(ctx, &nats.Msg{Subject: "$JS.API." + subject + "." + l.stream, Data: []byte(request)})
	if err != nil {
		return err
	}
	var failed struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(data, &failed); err != nil {
		return err
	}
	if failed.Error != nil {
		return failed.Error
	}
	return json.Unmarshal(data, answer)
}

// bounds are the messages between which a stream is.
type bounds struct {
	Messages uint64 `json:"messages"`
	First    uint64 `json:"first_seq"`
	Last     uint64 `json:"last_seq"`
}

// bounds are asked of the server that leads the stream.
func (l *Log) bounds(ctx context.Context) (bounds, error) {
	var got struct {
		State bounds `json:"state"`
	}
	err := l.api(ctx, "STREAM.INFO", "", &got)
	return got.State, err
}

// mark reads who wrote a message, from the server that leads the stream. A
// message that is not there or not of this log has the zero mark.
func (l *Log) mark(ctx context.Context, n uint64) (mark, error) {
	var got struct {
		Message struct {
			Data []byte `json:"data"`
		} `json:"message"`
	}
	err := l.api(ctx, "STREAM.MSG.GET", fmt.Sprintf(`{"seq":%d}`, n), &got)
	if e, ok := errors.AsType[*apiError](err); ok && e.notFound() {
		return mark{}, nil
	} else if err != nil {
		return mark{}, err
	}
	m, err := parseMark(got.Message.Data)
	if errors.Is(err, errForeign) {
		return mark{}, nil
	}
	return m, err
}

func silent(op string, err error) *lanzha.Error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log does not answer", Hint: "try again in a moment", Err: err}
}

// wrap classes what went wrong on the way to the server.
func (l *Log) wrap(op string, err error) error {
	if _, ok := errors.AsType[*lanzha.Error](err); ok {
		return err
	}
	return silent(op, err)
}
