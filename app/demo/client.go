package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"

	"lanzha/base/api"
)

// Client speaks the public API as one account, as any program would: it knows
// nothing that a stranger could not know.
type Client struct {
	base string
	key  string // API key; empty signs in by session
	http *http.Client
}

// NewClient makes a client of the house at base, "http://127.0.0.1:9611". An
// empty key means that SignIn comes first.
func NewClient(base, key string) *Client {
	jar, _ := cookiejar.New(nil) // without options it does not fail
	return &Client{base: base + api.Prefix, key: key, http: &http.Client{
		Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 256},
	}}
}

// Call sends a request and decodes the answer into out, which may be nil. The
// version is sent as If-Match when it is not 0. A problem is returned as
// *api.Problem.
func (c *Client) Call(ctx context.Context, method, path string, version int64, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	if version != 0 {
		request.Header.Set("If-Match", api.ETag(version))
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		problem := &api.Problem{Status: answer.StatusCode, Detail: answer.Status}
		_ = json.Unmarshal(text, problem) // what is no problem document keeps its status line
		return fmt.Errorf("%s %s: %w", method, path, problem)
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, out)
}

// SignIn opens a session and, where the first password must be changed, sets
// the given one.
func (c *Client) SignIn(ctx context.Context, login, password, next string) error {
	if err := c.Call(ctx, http.MethodPost, "/session", 0, map[string]string{"login": login, "password": password}, nil); err != nil {
		return err
	}
	return c.Call(ctx, http.MethodPost, "/me/password", 0, map[string]string{"current": password, "next": next}, nil)
}

// Events follows the live events from now on until ctx ends; the channel is
// closed then. It has begun to listen when it returns.
func (c *Client) Events(ctx context.Context) (<-chan api.Event, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/events", nil)
	if err != nil {
		return nil, err
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	answer, err := c.http.Do(request) //nolint:bodyclose // closed by who follows it
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, fmt.Errorf("GET /events: %s", answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && lines.Text() != "" { // the opening event
	}
	events := make(chan api.Event, 1024)
	go func() {
		defer close(events)
		defer answer.Body.Close()
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var e api.Event
			if json.Unmarshal([]byte(data), &e) != nil || e.Kind == "" {
				continue
			}
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

// query appends parameters to a path.
func query(path string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return path + "?" + v.Encode()
}

func document(year, n int, form string) string { return fmt.Sprintf(form, year, strconv.Itoa(n)) }
