package stream

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"lanzha"
)

// server is the embedded NATS server. It listens nowhere: the program speaks to
// it through pipes.
type server struct {
	lock    *os.File
	current atomic.Pointer[natsserver.Server]
}

const (
	// serverReady bounds the start of the embedded server. It takes milliseconds
	// unless it has to read its files again after a crash.
	serverReady = 2 * time.Minute
	// serverMemory is what streams in memory may take; there are none.
	serverMemory = 1 << 20
)

func startServer(o Options) (*server, error) {
	const op = "stream.Open"
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, lanzha.Internal(op, err)
	}
	lock, err := os.OpenFile(filepath.Join(o.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, lanzha.Internal(op, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, &lanzha.Error{Code: lanzha.CodeConflict, Op: op, Message: "another process holds the event log's folder",
			Hint: "stop it, or name another folder", Err: err}
	}
	s := &server{lock: lock}
	if err := s.start(o); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *server) start(o Options) error {
	n, err := natsserver.NewServer(&natsserver.Options{
		ServerName:         "lanzha",
		DontListen:         true,
		NoSigs:             true,
		NoSystemAccount:    true,
		JetStream:          true,
		StoreDir:           o.Dir,
		SyncAlways:         true,
		JetStreamMaxMemory: serverMemory,
		JetStreamMaxStore:  o.MaxBytes + storeSlack,
		MaxPayload:         maxFrame + 1<<20,
	})
	if err != nil {
		return lanzha.Internal("stream.Open", err)
	}
	n.SetLoggerV2(serverLog{o.Log}, false, false, false)
	n.Start()
	if !n.ReadyForConnections(serverReady) {
		n.Shutdown()
		n.WaitForShutdown()
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "stream.Open", Message: "the event log's server did not start"}
	}
	s.current.Store(n)
	return nil
}

// storeSlack is what the server may store beyond the retention, in bytes: what
// is about to be removed, and batches before their commit.
const storeSlack = 256 << 20

// InProcessConn makes a pipe to the server as it runs now.
func (s *server) InProcessConn() (net.Conn, error) { return s.current.Load().InProcessConn() }

func (s *server) stop() error {
	n := s.current.Load()
	n.Shutdown()
	n.WaitForShutdown()
	return s.lock.Close()
}

// serverLog hands the server's warnings on. They name streams and files; what
// is in a message never stands in them, since tracing is off.
type serverLog struct{ log *slog.Logger }

func (serverLog) Noticef(string, ...any) {}
func (serverLog) Debugf(string, ...any)  {}
func (serverLog) Tracef(string, ...any)  {}
func (l serverLog) Warnf(format string, v ...any) {
	l.log.Warn("event log: server", "err", fmt.Sprintf(format, v...))
}
func (l serverLog) Errorf(format string, v ...any) {
	l.log.Error("event log: server", "err", fmt.Sprintf(format, v...))
}
func (l serverLog) Fatalf(format string, v ...any) {
	l.log.Error("event log: server", "err", fmt.Sprintf(format, v...))
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
