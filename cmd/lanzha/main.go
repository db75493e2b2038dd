// Command lanzha is the whole house: the server, the demo, and one command for
// each engine, so that it can be used and tested without a server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"lanzha"
)

// Std is what a command reads and writes.
type Std struct {
	In       io.Reader
	Out, Err io.Writer
	Now      func() time.Time
}

// CLI is the command line.
type CLI struct {
	Env `embed:""`

	Serve    ServeCmd    `cmd:"" help:"Run the server and the console."`
	Demo     DemoCmd     `cmd:"" help:"Run everything with a simulated city and play the main job."`
	Number   NumberCmd   `cmd:"" help:"Say what kind of number this is and where it belongs."`
	Extract  ExtractCmd  `cmd:"" help:"Find numbers, accounts, amounts, addresses of sites and times in text on standard input."`
	Features FeaturesCmd `cmd:"" help:"Compute declared features of calls, messages or transfers in a file."`
	Load     LoadCmd     `cmd:"" help:"Load a file of calls, messages, transfers or registrations into a running server."`
	City     CityCmd     `cmd:"" help:"Write the events of a simulated city, and the truth about them."`
	Rule     RuleCmd     `cmd:"" help:"Rules of detection: checked, tried on cases and on stored events."`
	Policy   PolicyCmd   `cmd:"" help:"Rule packs: law as data, evaluated, tested and compared."`
	Audit    AuditCmd    `cmd:"" help:"The sealed journal: print a checkpoint, verify against one."`
	Backup   BackupCmd   `cmd:"" help:"Write the database to one file."`
	Restore  RestoreCmd  `cmd:"" help:"Fill an empty database from a backup."`
	User     UserCmd     `cmd:"" help:"Accounts: add one, set a password."`
	Config   ConfigCmd   `cmd:"" help:"Show the configuration and where each value came from."`
	Doctor   DoctorCmd   `cmd:"" help:"Check that everything is in order, and say what to do where not."`
	Bench    BenchCmd    `cmd:"" help:"Measure; prints one line of JSON."`
	OpenAPI  OpenAPICmd  `cmd:"" name:"openapi" help:"Print the OpenAPI document."`
	Version  VersionCmd  `cmd:"" help:"Print the version."`
}

// VersionCmd prints the version.
type VersionCmd struct{}

// Run prints the version.
func (c *VersionCmd) Run(std *Std) error {
	_, err := fmt.Fprintln(std.Out, "lanzha", version())
	return err
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], &Std{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now})
	stop()
	os.Exit(code)
}

// run is main without the process: 0 is success, 1 a failure, 2 a wrong
// command line.
func run(ctx context.Context, args []string, std *Std) int {
	var cli CLI
	status := -1
	parser, err := kong.New(&cli,
		kong.Name("lanzha"),
		kong.Description("拦诈: the operations platform of an anti-fraud centre."),
		kong.UsageOnError(),
		kong.Writers(std.Out, std.Err),
		kong.Exit(func(code int) { status = code; panic(exited{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		fmt.Fprintln(std.Err, "lanzha:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parse(parser, args)
	if status >= 0 {
		return status
	}
	if err != nil {
		fmt.Fprintf(std.Err, "lanzha: %v\nhint: lanzha --help lists the commands\n", err)
		return 2
	}
	command.Bind(&cli.Env)
	if err := command.Run(); err != nil && !errors.Is(err, errSilent) {
		report(std.Err, err)
		return 1
	} else if err != nil {
		return 1
	}
	return 0
}

// errSilent ends a command with status 1 that has said what there is to say.
var errSilent = errors.New("failed")

// exited is how --help leaves the parser.
type exited struct{}

func parse(parser *kong.Kong, args []string) (command *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exited); !ok {
				panic(r)
			}
		}
	}()
	return parser.Parse(args)
}

// report prints an error as a person reads it: what failed, then what to do.
func report(w io.Writer, err error) {
	e, ok := errors.AsType[*lanzha.Error](err)
	text := err.Error()
	if ok && e.Op != "" {
		text = strings.Replace(text, e.Op+": ", "", 1) // where in the code is nothing to a person
	}
	fmt.Fprintf(w, "lanzha: %s\n", text)
	if ok && e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", strings.TrimSpace(e.Hint))
	}
}
