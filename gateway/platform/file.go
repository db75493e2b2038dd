package platform

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadKey reads an Ed25519 key (PKCS #8, PEM) and makes one where the file is
// missing. Two processes that start at once get the same key. A file that
// others may read is refused.
func LoadKey(path string) (ed25519.PrivateKey, error) {
	for range 2 {
		key, err := readKey(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return key, err
		}
		if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("platform: make the signing key: %w", err)
		}
	}
	return readKey(path)
}

func readKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("platform: signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("platform: others may read the signing key %s: chmod 600", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("platform: signing key: %w", err)
	}
	if p, _ := pem.Decode(b); p != nil {
		if k, err := x509.ParsePKCS8PrivateKey(p.Bytes); err == nil {
			if key, ok := k.(ed25519.PrivateKey); ok {
				return key, nil
			}
		}
	}
	return nil, fmt.Errorf("platform: %s holds no Ed25519 key in PKCS #8", path)
}

// makeKey writes a new key; the link fails when another process was faster.
func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return place(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), os.Link)
}

// writeFile puts b at path, whole or not at all, and on disk when it returns.
func writeFile(path string, b []byte) error {
	if err := place(path, b, os.Rename); err != nil {
		return fmt.Errorf("platform: write an entry: %w", err)
	}
	return nil
}

// place writes a file beside path, syncs it, moves it to path and syncs the
// folder.
func place(path string, b []byte, move func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when it was renamed
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := move(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
