package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"lanzha/base/config"
	"lanzha/base/sqldb"
)

// Env is the flags that every command takes and what they lead to.
type Env struct {
	ConfigFile string `name:"config" short:"c" placeholder:"FILE" help:"Configuration file (YAML). None runs on defaults."`
	Database   string `placeholder:"ADDRESS" help:"Path of a SQLite file, or postgres://..."`
	Data       string `placeholder:"DIR" help:"Folder of the database file and the keys."`
	Listen     string `placeholder:"ADDRESS" help:"Address to serve on (127.0.0.1:9611)."`
}

// Load reads the configuration: file, then environment, then flags.
func (e *Env) Load() (*config.Loaded, error) {
	flags := map[string]string{}
	for path, value := range map[string]string{"database": e.Database, "data": e.Data, "listen": e.Listen} {
		if value != "" {
			flags[path] = value
		}
	}
	return config.Load(config.Sources{File: e.ConfigFile, Env: os.Environ(), Flags: flags})
}

// Open opens the configured database as it is, without migrating it.
func (e *Env) Open(ctx context.Context) (*sqldb.DB, *config.Config, error) {
	loaded, err := e.Load()
	if err != nil {
		return nil, nil, err
	}
	db, err := sqldb.Open(ctx, loaded.Config.DatabaseAddress(), sqldb.Options{})
	return db, &loaded.Config, err
}

// ConfigCmd shows the configuration.
type ConfigCmd struct {
	Print ConfigPrintCmd `cmd:"" help:"Every option, its value and where it came from; secrets are hidden."`
}

// ConfigPrintCmd shows every option.
type ConfigPrintCmd struct{}

// Run prints the options as YAML paths with their origin.
func (c *ConfigPrintCmd) Run(std *Std, env *Env) error {
	loaded, err := env.Load()
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, line := range loaded.Print() {
		fmt.Fprintln(&text, line)
	}
	_, err = fmt.Fprint(std.Out, text.String())
	return err
}
