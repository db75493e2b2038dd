package journal

import (
	"strings"
	"testing"
	"time"
)

// FuzzParseCheckpoint holds that what is read as a checkpoint is one.
func FuzzParseCheckpoint(f *testing.F) {
	f.Add(keyName + "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-03-01T08:00:00Z\n\n")
	f.Add(keyName + "\n-1\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text)
		if err == nil && (c.Size < 0 || c.At.IsZero() && !strings.Contains(text, time.Time{}.Format(time.RFC3339)) || !strings.HasPrefix(text, keyName+"\n") || c.Note != text) {
			t.Errorf("%q is read as %+v", text, c)
		}
	})
}
