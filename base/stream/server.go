package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"lanzha"
)

// server is the embedded NATS server. It listens nowhere: the program speaks to
// it through pipes.
type server struct {
	o      Options
	failed func() // called when the server has logged an error
	lock   *os.File

	mu      sync.Mutex // of starts and stops
	started time.Time
	stopped bool
	current atomic.Pointer[natsserver.Server]
	sick    atomic.Bool // it has logged an error since it started
}

const (
	// serverReady bounds the start of the server. It takes milliseconds unless it
	// has to read its files again after a crash.
	serverReady = 2 * time.Minute
	// serverMemory is what streams in memory may take, in bytes; there are none.
	serverMemory = 1 << 20
	// storeSlack is what the server may store beyond the retention, in bytes: what
	// is about to be removed.
	storeSlack = 256 << 20
	// restartAfter is the least time between two starts of a server that fails.
	restartAfter = 200 * time.Millisecond
)

// diskReserve is what is left free on the disk, in bytes, for the server's own
// bookkeeping and for the neighbours of the log.
var diskReserve uint64 = 64 << 20

func startServer(o Options, failed func()) (*server, error) {
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
	s := &server{o: o, failed: failed, lock: lock}
	if err := s.start(); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *server) start() error {
	const op = "stream.Open"
	n, err := natsserver.NewServer(&natsserver.Options{
		ServerName:         "lanzha",
		DontListen:         true,
		NoSigs:             true,
		NoSystemAccount:    true,
		JetStream:          true,
		StoreDir:           s.o.Dir,
		SyncAlways:         true,
		JetStreamMaxMemory: serverMemory,
		JetStreamMaxStore:  s.o.MaxBytes + storeSlack,
		MaxPayload:         maxFrame + 1<<16,
	})
	if err != nil {
		return lanzha.Internal(op, err)
	}
	n.SetLoggerV2(serverLog{s.o.Log, s}, false, false, false)
	n.Start()
	if !n.ReadyForConnections(serverReady) || !n.JetStreamEnabled() {
		n.Shutdown()
		n.WaitForShutdown()
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: op, Message: "the event log's server did not start",
			Hint: "the program's log says why; look whether the disk is full"}
	}
	s.sick.Store(false)
	s.started = time.Now()
	s.current.Store(n)
	return nil
}

// InProcessConn makes a pipe to the server as it runs now.
func (s *server) InProcessConn() (net.Conn, error) { return s.current.Load().InProcessConn() }

// room reports whether the disk has room for a frame; errRefused when it has
// none. The server would go on until a write fails, and then take nothing more
// until it is started again.
func (s *server) room(frame int) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.o.Dir, &disk); err != nil {
		return err
	}
	if left := disk.Bavail * uint64(disk.Bsize); left < diskReserve+uint64(frame) {
		return errors.Join(errRefused, fmt.Errorf("%d bytes left on the disk, %d are kept free", left, diskReserve))
	}
	return nil
}

// heal starts the server again when a write has failed, since its stream takes
// nothing more after that. What it has acknowledged is in its files. errSick is
// a server that fails again at once.
func (s *server) heal() error {
	if !s.sick.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped || !s.sick.Load():
		return nil
	case time.Since(s.started) < restartAfter:
		return errSick
	}
	if err := s.room(0); err != nil {
		return err
	}
	s.o.Log.Warn("event log: the server is started again after an error")
	s.started = time.Now()
	s.shutdown()
	if err := s.start(); err != nil {
		return errors.Join(errSick, err)
	}
	return nil
}

func (s *server) shutdown() {
	n := s.current.Load()
	n.Shutdown()
	n.WaitForShutdown()
}

func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.shutdown()
	return s.lock.Close()
}

// serverLog hands the server's warnings on. They name streams and files; what
// is in a message never stands in them, since tracing is off.
type serverLog struct {
	log *slog.Logger
	s   *server
}

// Noticef and its like are what the interface wants.
func (serverLog) Noticef(string, ...any) {}

// Debugf is off.
func (serverLog) Debugf(string, ...any) {}

// Tracef is off.
func (serverLog) Tracef(string, ...any) {}

// Warnf hands on.
func (l serverLog) Warnf(format string, v ...any) {
	l.log.Warn("event log: server", "err", fmt.Sprintf(format, v...))
}

// Errorf hands on, and wakes who waits for an answer that may never come.
func (l serverLog) Errorf(format string, v ...any) {
	l.log.Error("event log: server", "err", fmt.Sprintf(format, v...))
	l.s.sick.Store(true)
	l.s.failed()
}

// Fatalf is the same: it is the program that decides about its end.
func (l serverLog) Fatalf(format string, v ...any) { l.Errorf(format, v...) }
