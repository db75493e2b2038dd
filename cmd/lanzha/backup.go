package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"lanzha"
	"lanzha/app"
	"lanzha/base/backup"
	"lanzha/base/config"
	"lanzha/base/sqldb"
)

// openExisting opens the configured database where there is one: a command
// that only looks must not leave an empty file behind.
func openExisting(ctx context.Context, env *Env) (*sqldb.DB, *config.Config, error) {
	loaded, err := env.Load()
	if err != nil {
		return nil, nil, err
	}
	if address := loaded.DatabaseAddress(); !strings.Contains(address, "://") {
		if _, err := os.Stat(address); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "there is no database at " + address, Hint: "start `lanzha serve` once, or name the right one with --database or --data"}
		}
	}
	return env.Open(ctx)
}

// BackupCmd writes a backup.
type BackupCmd struct {
	File string `arg:"" type:"path" help:"New file to write."`
	JSON bool   `name:"json" help:"Print one line of JSON."`
}

// Run writes the backup while the server goes on.
func (c *BackupCmd) Run(ctx context.Context, std *Std, env *Env) error {
	db, cfg, err := openExisting(ctx, env)
	if err != nil {
		return err
	}
	defer db.Close()
	w, err := backup.Write(ctx, db, c.File, std.Now())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(w)
	}
	_, err = fmt.Fprintf(std.Out, "%s: %d rows of %d tables, %d bytes, SHA-256 %s\n"+
		"The keys are NOT in it. Keep %s and %s apart from it: without them what is encrypted stays closed.\n",
		c.File, w.Rows(), len(w.Tables), w.Bytes, w.SHA256, cfg.KeysFile(), journalKey(cfg.Data))
	return err
}

// RestoreCmd fills an empty database.
type RestoreCmd struct {
	File string `arg:"" type:"existingfile" help:"File that lanzha backup wrote."`
	JSON bool   `name:"json" help:"Print one line of JSON."`
}

// Run restores all or nothing.
func (c *RestoreCmd) Run(ctx context.Context, std *Std, env *Env) error {
	f, err := backup.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	loaded, err := env.Load()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(loaded.Data, 0o700); err != nil {
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the data folder cannot be made", Hint: "choose another with --data", Err: err}
	}
	db, cfg, err := env.Open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := backup.Restore(ctx, db, f, std.Now, app.Schemas()...)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(r)
	}
	_, err = fmt.Fprintf(std.Out, "%d rows of %d tables restored as of %s, read again and compared.\n"+
		"%d sendings and deadlines that were under way are due again, with their old keys.\n"+
		"The keys are not in a backup: put %s and %s in place before you start the server.\n",
		r.Rows(), len(r.Tables), r.CreatedAt.Format("2006-01-02 15:04:05 MST"), r.Owed, cfg.KeysFile(), journalKey(cfg.Data))
	return err
}
