package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lanzha": main})
}

// TestScripts runs testdata/script: one story of a user each.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values["server"] = &server{}
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": startServer, "stop": stopServer, "get": getPage, "shape": checkShape, "helps": everyHelp,
		},
	})
}

// server is the server of a script, from `serve` to `stop`.
type server struct {
	cmd   *exec.Cmd
	said  strings.Builder
	ended chan error
	base  string
}

// startServer runs lanzha serve until it says where.
func startServer(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value("server").(*server)
	path, err := exec.LookPath("lanzha")
	ts.Check(err)
	*s = server{cmd: exec.Command(path, append([]string{"serve"}, args...)...), ended: make(chan error, 1)}
	s.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		s.cmd.Env = append(s.cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Defer(func() { _ = s.cmd.Process.Kill() }) // it may be gone
	lines := bufio.NewScanner(out)
	for s.base == "" && lines.Scan() {
		s.said.WriteString(lines.Text() + "\n")
		if base, ok := strings.CutPrefix(lines.Text(), "lanzha serves on "); ok {
			s.base = base
		}
	}
	if s.base == "" {
		ts.Fatalf("the server does not start: %v\n%s", s.cmd.Wait(), s.said.String())
	}
	go func() {
		_, _ = io.Copy(io.Discard, out) // to its end
		s.ended <- s.cmd.Wait()
	}()
	ts.Setenv("ADDRESS", strings.TrimPrefix(s.base, "http://"))
}

// stopServer ends the server in order and keeps what it said in a file.
func stopServer(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value("server").(*server)
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		ts.Check(err)
	case <-time.After(30 * time.Second):
		ts.Fatalf("the server does not stop")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(s.said.String()), 0o600))
}

// getPage asks the server for a path and wants a status.
func getPage(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, ts.Value("server").(*server).base+args[0], nil)
		ts.Check(err)
		got, err := http.DefaultClient.Do(request)
		ts.Check(err)
		ts.Check(got.Body.Close())
		if strings.HasPrefix(got.Status, args[1]) {
			return
		}
		// It is not ready until its event log is open.
		if got.StatusCode != http.StatusServiceUnavailable || time.Now().After(end) {
			ts.Fatalf("GET %s: %s, want %s", args[0], got.Status, args[1])
		}
	}
}

// checkShape wants the line that the issue states of a played story, with
// figures that can be true.
func checkShape(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if strings.Count(text, "\n") != 1 {
		ts.Fatalf("want one line: %s", text)
	}
	var got struct {
		ReportToLookup *int64 `json:"report_to_lookup_ms"`
		Lookups        []struct {
			Institution string `json:"institution"`
			Answered    *int64 `json:"answered_ms"`
		} `json:"lookups"`
		AnswerToDen *int64 `json:"answer_to_den_ms"`
		Den         struct {
			Address string `json:"address"`
			Clues   int    `json:"clues"`
		} `json:"den"`
		Dossier struct {
			People  int            `json:"people"`
			Devices map[string]int `json:"devices"`
		} `json:"dossier"`
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	ts.Check(decoder.Decode(&got))
	switch {
	case got.ReportToLookup == nil || *got.ReportToLookup < 0, got.AnswerToDen == nil || *got.AnswerToDen < 0,
		len(got.Lookups) < 2, got.Den.Clues < 2, got.Den.Address == "", got.Dossier.People == 0,
		got.Dossier.Devices["goip"] == 0, got.Dossier.Devices["router"] == 0:
		ts.Fatalf("the story did not come to its end: %s", text)
	}
	for _, l := range got.Lookups {
		if l.Institution == "" || l.Answered == nil || *l.Answered <= 0 {
			ts.Fatalf("a lookup without institution or answer: %s", text)
		}
	}
}

// everyHelp asks every command for its help, and wants a sentence of each
// command, argument and flag.
func everyHelp(ts *testscript.TestScript, _ bool, _ []string) {
	parser, err := kong.New(&CLI{})
	ts.Check(err)
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		for _, value := range append(valuesOf(n.Flags), n.Positional...) {
			if value.Help == "" {
				ts.Fatalf("lanzha %s: %s has no help", strings.Join(path, " "), value.Name)
			}
		}
		if len(path) > 0 {
			if n.Help == "" || !strings.HasSuffix(n.Help, ".") {
				ts.Fatalf("lanzha %s: %q is no sentence", strings.Join(path, " "), n.Help)
			}
			ts.Check(ts.Exec("lanzha", append(path, "--help")...))
		}
		for _, child := range n.Children {
			walk(child, append(path[:len(path):len(path)], child.Name))
		}
	}
	walk(parser.Model.Node, nil)
}

func valuesOf(flags []*kong.Flag) []*kong.Positional {
	out := []*kong.Positional{}
	for _, f := range flags {
		out = append(out, f.Value)
	}
	return out
}
