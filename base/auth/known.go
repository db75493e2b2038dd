package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// knownFor is how long a credential is taken without asking the database
// again, for institutions that ask thousands of times a second. What this
// process itself changes of any account takes effect at once; what another
// process changed, and an expiry, within this time.
const knownFor = time.Second

// maxKnown bounds the credentials remembered; institutions have a few each.
const maxKnown = 10_000

type credentialKey struct {
	kind string
	hash [sha256.Size]byte
}

// known remembers whose credentials were good a moment ago. The zero value
// remembers nothing.
type known struct {
	mu    sync.RWMutex
	epoch int64 // counts the times that all was forgotten
	held  map[credentialKey]held
}

type held struct {
	who *principal
	at  time.Time
}

// get finds who holds a credential, nil where that must be asked; what is
// found out then is put with the epoch.
func (k *known) get(key credentialKey, now time.Time) (*principal, int64) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if h, ok := k.held[key]; ok && now.Sub(h.at).Abs() < knownFor {
		return h.who, k.epoch
	}
	return nil, k.epoch
}

// put remembers, unless something was changed since the asking.
func (k *known) put(key credentialKey, who *principal, now time.Time, epoch int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.epoch != epoch {
		return
	}
	if k.held == nil || len(k.held) >= maxKnown {
		k.held = map[credentialKey]held{}
	}
	k.held[key] = held{who, now}
}

// forget makes every credential be asked for again.
func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch++
	clear(k.held)
}
