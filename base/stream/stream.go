// Package stream is the event log: entries come in from the one writer that
// holds the claim, and go out in one order to everybody who reads or follows.
// It lies in NATS JetStream, embedded in the program or in a cluster, and knows
// nothing of what is in an entry. An entry is acknowledged once it is on disk
// (in a cluster: once a majority has it).
//
// It never alters an entry, never takes one from a writer that has lost its
// claim, and never changes the definition of a stream in a cluster.
package stream

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"lanzha"
)

// Seq is the place of an entry in its log. Places ascend, though not one by one,
// and are never used twice; 0 is before the first.
type Seq uint64

// Entry is what stands at a place of the log.
type Entry struct {
	Seq Seq
	// At is when the writer sent it, by the writer's clock. It never runs backwards
	// in the log, even when the clock does.
	At lanzha.Micros
	// Claim is who took the log over, or said that it still holds it; "" for data.
	Claim string
	// Data is valid until the function that got the entry returns.
	Data []byte
}

const (
	// MaxData is the largest entry in bytes: 1 MiB, which a NATS server takes
	// unless it is told otherwise, less what stands beside it.
	MaxData = 1<<20 - 1<<10
	// DefaultMaxBytes is the retention by size when none is given: 16 GiB.
	DefaultMaxBytes = 16 << 30
)

// Options says where the log is and how long entries are kept.
type Options struct {
	// Dir is the folder of the embedded server, made when it is missing. One
	// process at a time can hold it.
	Dir string
	// URL names the servers of a cluster, "nats://a:4222,nats://b:4222". "" embeds
	// a server that keeps its files in Dir.
	URL string
	// Credentials is a file as `nsc` writes it; "" connects without.
	Credentials string
	// Name of the stream in upper or lower case letters, digits, - and _;
	// "" is "lanzha-events".
	Name string
	// Shard is the part of the subjects that this log holds; "" is "all". Each
	// shard is a log of its own: stream NAME-SHARD (NAME alone for "all") on
	// subject lanzha.events.SHARD.
	Shard string
	// MaxAge is how long an entry is kept; 0 is without limit. 100 ms at least.
	MaxAge time.Duration
	// MaxBytes is how much is kept, headers included; then the oldest entries go.
	// 0 is DefaultMaxBytes.
	MaxBytes int64
	// Replicas is how many servers of a cluster keep each entry, 1 to 5; 0 is 1.
	// The embedded server is one.
	Replicas int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes the warnings of the server and the client; nil is silence.
	Log *slog.Logger
}

// Log is one shard's event log. Its methods may be called from many goroutines.
type Log struct {
	o       Options
	stream  string // name in JetStream
	subject string
	stored  string // subject on which the writer tells that entries are stored

	server *server // nil when in a cluster
	nc     *nats.Conn
	js     jetstream.JetStream
	id     string

	// trouble is told when an answer may never come: the connection is lost, or the
	// embedded server has failed.
	trouble bell

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	writers sync.WaitGroup
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Open starts the embedded server or connects to the cluster, and makes the
// stream when there is none. CodeInvalid is a setting that is wrong or that
// contradicts the stream in the cluster; CodeConflict is a folder that another
// process holds; CodeUnavailable is a cluster that does not answer.
func Open(ctx context.Context, o Options) (*Log, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	l := &Log{o: o, stream: o.Name, subject: "lanzha.events." + o.Shard, stored: "lanzha.stored." + o.Shard}
	if o.Shard != "all" {
		l.stream += "-" + o.Shard
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (o *Options) complete() error {
	if o.Name == "" {
		o.Name = "lanzha-events"
	}
	if o.Shard == "" {
		o.Shard = "all"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case !plainName.MatchString(o.Name):
		return lanzha.Invalid("name", "the event log's name has letters, digits, - and _ only")
	case !plainName.MatchString(o.Shard):
		return lanzha.Invalid("shard", "a shard's name has letters, digits, - and _ only")
	case o.URL == "" && o.Dir == "":
		return lanzha.Invalid("dir", "the event log needs a folder or the address of a cluster")
	case o.MaxAge < 0 || (o.MaxAge > 0 && o.MaxAge < 100*time.Millisecond):
		return lanzha.Invalid("maxAge", "the event log keeps entries for 100 ms at least")
	case o.MaxBytes < 0:
		return lanzha.Invalid("maxBytes", "the event log cannot keep fewer than 0 bytes")
	case o.Replicas < 1 || o.Replicas > 5:
		return lanzha.Invalid("replicas", "the event log has 1 to 5 replicas")
	case o.URL == "" && o.Replicas != 1:
		return lanzha.Invalid("replicas", "the embedded event log has one replica; more need a cluster")
	}
	return nil
}

func (l *Log) open(ctx context.Context) error {
	options := []nats.Option{
		nats.Name("lanzha"),
		nats.MaxReconnects(-1),
		nats.Timeout(answerIn),
		nats.ReconnectBufSize(-1), // what is sent while away fails at once; the writer sends it again
		nats.DisconnectErrHandler(func(*nats.Conn, error) { l.trouble.tell() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			l.o.Log.Warn("event log: client", "err", err.Error())
		}),
	}
	url := l.o.URL
	if url == "" {
		s, err := startServer(l.o, l.trouble.tell)
		if err != nil {
			return err
		}
		l.server = s
		options = append(options, nats.InProcessServer(s), nats.ReconnectWait(5*time.Millisecond), nats.ReconnectJitter(time.Millisecond, 0))
	} else {
		options = append(options, nats.ReconnectWait(200*time.Millisecond), nats.PingInterval(5*time.Second))
		if l.o.Credentials != "" {
			options = append(options, nats.UserCredentials(l.o.Credentials))
		}
	}
	var err error
	if l.nc, err = nats.Connect(url, options...); err != nil {
		return silent("stream.Open", err)
	}
	if l.js, err = jetstream.New(l.nc); err != nil {
		return lanzha.Internal("stream.Open", err)
	}
	return l.define(ctx)
}

// idKey is where the stream's definition keeps the ID of the log.
const idKey = "lanzha-log"

func (l *Log) definition() jetstream.StreamConfig {
	duplicates := time.Minute // not used: the fence does not let an entry in twice
	if l.o.MaxAge > 0 {
		duplicates = min(duplicates, l.o.MaxAge)
	}
	return jetstream.StreamConfig{
		Name:              l.stream,
		Description:       "event log of Lanzha",
		Subjects:          []string{l.subject},
		Storage:           jetstream.FileStorage,
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxAge:            l.o.MaxAge,
		MaxBytes:          l.o.MaxBytes,
		MaxMsgs:           -1,
		MaxMsgsPerSubject: -1,
		MaxMsgSize:        -1, // the server's limit counts
		Replicas:          l.o.Replicas,
		Duplicates:        duplicates,
		AllowDirect:       true,
		DenyDelete:        true,
		DenyPurge:         true,
	}
}

// define finds the stream or makes it.
func (l *Log) define(ctx context.Context) error {
	const op = "stream.Open"
	want := l.definition()
	s, err := l.js.Stream(ctx, l.stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		want.Metadata = map[string]string{idKey: string(lanzha.NewIDs(l.o.Now, rand.Reader).Next())}
		s, err = l.js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody was faster
			s, err = l.js.Stream(ctx, l.stream)
		}
	}
	if err != nil {
		return l.wrap(op, err)
	}
	is := s.CachedInfo().Config
	if l.server != nil && (is.MaxAge != want.MaxAge || is.MaxBytes != want.MaxBytes) {
		// The embedded stream is the program's own: its settings are the ones that count.
		l.o.Log.Info("event log: retention has changed")
		want.Metadata = is.Metadata
		if s, err = l.js.UpdateStream(ctx, want); err != nil {
			return l.wrap(op, err)
		}
		is = s.CachedInfo().Config
	}
	if d := differences(want, is); len(d) > 0 {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: op, Field: "stream", Message: "the event log's stream is not as the settings say",
			Hint: "alter the settings, or the stream by the tools of NATS; it is never altered from here",
			Err:  errors.New(l.stream + ": " + strings.Join(d, "; "))}
	}
	if l.id = is.Metadata[idKey]; l.id == "" {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: op, Field: "stream", Message: "the stream was not made by the event log: it has no ID",
			Hint: "name another stream, or remove this one by the tools of NATS"}
	}
	return nil
}

// differences names where a stream is not as it must be.
func differences(want, is jetstream.StreamConfig) []string {
	text := func(c jetstream.StreamConfig) map[string]string {
		out := map[string]string{}
		add := func(name string, v any) { b, _ := json.Marshal(v); out[name] = string(b) }
		add("subjects", c.Subjects)
		add("storage", c.Storage)
		add("retention", c.Retention)
		add("discard", c.Discard)
		add("max_age", c.MaxAge.String())
		add("max_bytes", c.MaxBytes)
		add("max_msgs", c.MaxMsgs)
		add("num_replicas", c.Replicas)
		add("allow_direct", c.AllowDirect)
		add("sealed", c.Sealed)
		add("mirror", c.Mirror != nil)
		add("sources", len(c.Sources))
		return out
	}
	var out []string
	w, i := text(want), text(is)
	for _, name := range slices.Sorted(maps.Keys(w)) {
		if w[name] != i[name] {
			out = append(out, fmt.Sprintf("%s is %s, not %s", name, i[name], w[name]))
		}
	}
	return out
}

// ID tells this log from every other: it is made at random with the stream and
// kept with it. Positions of another log mean nothing here.
func (l *Log) ID() string { return l.id }

// Bounds are the places between which the entries are: none is before first,
// and last holds the last. They are 0 and 0 when there never was an entry. When
// retention has removed all of them, first is one more than last, so that last
// is still what Claim wants.
func (l *Log) Bounds(ctx context.Context) (first, last Seq, err error) {
	b, err := l.bounds(ctx)
	if err != nil {
		return 0, 0, l.wrap("stream.Bounds", err)
	}
	if b.Last == 0 {
		return 0, 0, nil
	}
	if b.Messages == 0 {
		b.First = b.Last + 1
	}
	return end(b.First-1) + 1, end(b.Last), nil
}

// Close ends the writers, the connection and the embedded server. What is not
// acknowledged yet fails.
func (l *Log) Close() error {
	l.cancel()
	l.writers.Wait()
	if l.nc != nil {
		l.nc.Close()
	}
	if l.server != nil {
		return l.server.stop()
	}
	return nil
}

// bell wakes all who listen when it is rung.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// listen returns what is closed at the next ring.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
