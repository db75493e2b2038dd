// Command testpg starts a PostgreSQL of its own on a free port of loopback,
// runs a command with LANZHA_TEST_POSTGRES set to its address, stops it, and
// ends as the command did. It needs Debian's postgresql package; as root it
// runs the server as the user postgres, which refuses root.
//
//	testpg go test ./...
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testpg:", err)
		code = 1
	}
	os.Exit(code)
}

func run(command []string) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("usage: testpg COMMAND [ARG...]")
	}
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		return 1, errors.New("no PostgreSQL found: apt-get install postgresql")
	}
	slices.Sort(bins)
	bin := bins[len(bins)-1]
	dir, err := os.MkdirTemp("", "lanzha-pg-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		return 1, err
	}
	port, err := freePort()
	if err != nil {
		return 1, err
	}
	data := filepath.Join(dir, "data")
	if out, err := as(bin+"/initdb", "-D", data, "-U", "lanzha", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// fsync stays on: the databases under test make the promises that ship.
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c max_connections=400 -c shared_buffers=256MB -c timezone=UTC", port, dir)
	if out, err := as(bin+"/pg_ctl", "-D", data, "-w", "-t", "60", "-o", options, "-l", filepath.Join(dir, "log"), "start").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("pg_ctl start: %w\n%s", err, out)
	}
	defer as(bin+"/pg_ctl", "-D", data, "-m", "immediate", "stop").Run() //nolint:errcheck // the folder goes anyway

	child := exec.Command(command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Env = append(os.Environ(),
		"LANZHA_TEST_POSTGRES=postgres://lanzha@127.0.0.1:"+strconv.Itoa(port)+"/postgres?sslmode=disable")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := child.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range signals {
			_ = child.Process.Signal(s) // gone already is as good
		}
	}()
	err = child.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// as prepares a command that runs as the user postgres when we are root.
func as(name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "postgres", "--", name}, args...)
		name = "runuser"
	}
	c := exec.Command(name, args...)
	c.Dir = os.TempDir()
	return c
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
