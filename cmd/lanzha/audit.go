package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lanzha"
	"lanzha/base/journal"
)

// AuditCmd is the sealed journal.
type AuditCmd struct {
	Checkpoint AuditCheckpointCmd `cmd:"" help:"Print the newest signed checkpoint, to be kept outside of this machine."`
	Verify     AuditVerifyCmd     `cmd:"" help:"Compare the whole journal with its sealed log and with checkpoints kept elsewhere."`
}

// journalKey is where the key that signs checkpoints lies.
func journalKey(data string) string { return filepath.Join(data, "journal.key") }

// AuditCheckpointCmd prints the newest checkpoint.
type AuditCheckpointCmd struct {
	JSON bool `name:"json" help:"Print one line of JSON, the public key in it."`
}

// Run prints the checkpoint on standard output, so that it can be redirected
// into a file as it is, and the public key on standard error.
func (c *AuditCheckpointCmd) Run(ctx context.Context, std *Std, env *Env) error {
	db, cfg, err := openExisting(ctx, env)
	if err != nil {
		return err
	}
	defer db.Close()
	key, err := journal.ReadKey(journalKey(cfg.Data))
	if err != nil {
		return err
	}
	newest, err := journal.Newest(ctx, db.Read())
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return &lanzha.Error{Code: lanzha.CodeNotFound, Message: "nothing has been sealed yet", Hint: "the server seals within a second of what happens; start it"}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(struct {
			journal.Checkpoint
			Key string `json:"key"`
		}{newest, key.Public})
	}
	if _, err := fmt.Fprint(std.Out, newest.Note); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.Err, "Keep this outside of this machine, and its public key with it:\n%s\n", key.Public)
	return err
}

// AuditVerifyCmd verifies the journal.
type AuditVerifyCmd struct {
	Since []string `placeholder:"FILE" type:"existingfile" help:"Checkpoint kept elsewhere; may be given more than once."`
	Key   string   `placeholder:"KEY" help:"Public key kept with the checkpoint; without it, the key in the data folder."`
	JSON  bool     `name:"json" help:"Print one line of JSON."`
}

// Run verifies and fails when anything is wrong.
func (c *AuditVerifyCmd) Run(ctx context.Context, std *Std, env *Env) error {
	db, cfg, err := openExisting(ctx, env)
	if err != nil {
		return err
	}
	defer db.Close()
	verifier, err := c.verifier(cfg.Data)
	if err != nil {
		return err
	}
	var since [][]byte
	for _, path := range c.Since {
		text, err := os.ReadFile(path)
		if err != nil {
			return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "since", Message: "the checkpoint cannot be read", Err: err}
		}
		since = append(since, append(bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), '\n'))
	}
	start := std.Now()
	r, err := journal.Verify(ctx, db, verifier, since...)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(std.Out).Encode(r)
	} else {
		err = tell(std, r, std.Now().Sub(start))
	}
	if err == nil && !r.OK {
		return errSilent
	}
	return err
}

func (c *AuditVerifyCmd) verifier(data string) (note.Verifier, error) {
	if c.Key == "" {
		key, err := journal.ReadKey(journalKey(data))
		return key.Verifier, err
	}
	v, err := note.NewVerifier(c.Key)
	if err != nil {
		return nil, lanzha.Invalid("key", "this is no public key; it looks like lanzha/journal+1a2b3c4d+...")
	}
	return v, nil
}

// tell prints a report for a person.
func tell(std *Std, r journal.Report, took time.Duration) error {
	var b bytes.Buffer
	for _, f := range r.Findings {
		where := fmt.Sprintf("place %d", f.Index)
		if f.Seq != 0 {
			where = fmt.Sprintf("row %d", f.Seq)
		}
		if f.Record != "" {
			where += fmt.Sprintf(" (%s of %s)", f.Kind, f.Record)
		}
		fmt.Fprintf(&b, "%-9s %s: %s\n", f.Fault, where, f.Detail)
	}
	if more := r.Faults - int64(len(r.Findings)); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	verdict := "ok"
	if !r.OK {
		verdict = "NOT OK"
	}
	fmt.Fprintf(&b, "%s: %d rows sealed, %d not yet, %d erased; %d checkpoints of the database compared", verdict, r.Sealed, r.Unsealed, r.Erased, r.Checkpoints)
	if r.Foreign > 0 {
		fmt.Fprintf(&b, ", %d of a key that is not known here", r.Foreign)
	}
	fmt.Fprintf(&b, "; %.1f s\n", took.Seconds())
	for _, c := range r.Since {
		fmt.Fprintf(&b, "compared with the checkpoint of %s at %d rows, kept elsewhere\n", c.At.UTC().Format(time.RFC3339), c.Size)
	}
	if len(r.Since) == 0 {
		fmt.Fprintln(&b, "hint: give --since a checkpoint kept elsewhere; without one, a log that was rewritten whole is not found")
	}
	_, err := std.Out.Write(b.Bytes())
	return err
}
