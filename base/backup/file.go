package backup

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"lanzha"
)

// File is a backup that was read from its first byte to its last and is whole.
type File struct {
	Manifest
	zip *zip.ReadCloser
}

// Open reads a backup and checks every hash and count. What is cut short,
// altered or of a later format is CodeInvalid and says which part.
func Open(path string) (*File, error) {
	z, err := zip.OpenReader(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Op: "backup.Open", Message: "the backup file cannot be read", Err: err}
	case err != nil:
		return nil, damaged("it is no backup, or its end is missing", err)
	}
	f := &File{zip: z}
	if err := f.check(); err != nil {
		_ = z.Close() // the damage is what counts
		return nil, err
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.zip.Close() }

func damaged(what string, err error) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Op: "backup.Open", Message: "the backup is damaged: " + what, Hint: "nothing was restored; take another copy of it", Err: err}
}

func (f *File) check() error {
	text, err := fs.ReadFile(f.zip, manifestName)
	if err != nil {
		return damaged("its manifest cannot be read", err)
	}
	if err := json.Unmarshal(text, &f.Manifest); err != nil {
		return damaged("its manifest cannot be read", err)
	}
	if f.Format != format {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Op: "backup.Open", Message: fmt.Sprintf("the backup has format %d; this Lanzha reads format %d", f.Format, format), Hint: "restore it with the version that wrote it"}
	}
	for _, t := range f.Tables {
		if len(t.Columns) == 0 || len(t.Key) == 0 {
			return damaged("the table "+t.Name+" has no columns", nil)
		}
		sum := sha256.New()
		var n int64
		if err := f.lines(t, func(line []byte) error { n++; _, err := sum.Write(line); return err }); err != nil {
			return damaged("the table "+t.Name+" cannot be read", err)
		}
		if n != t.Rows || hex.EncodeToString(sum.Sum(nil)) != t.SHA256 {
			return damaged(fmt.Sprintf("the table %s has %d rows that are not the %d written", t.Name, n, t.Rows), nil)
		}
	}
	return nil
}

// lines calls fn with each line of a table, its newline included.
func (f *File) lines(t Table, fn func(line []byte) error) error {
	part, err := f.zip.Open(t.File)
	if err != nil {
		return err
	}
	defer part.Close()
	in := bufio.NewReaderSize(part, 1<<16)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if err := fn(line); err != nil {
				return err
			}
		}
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}
