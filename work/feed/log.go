package feed

import "context"

// Log is the durable log that events go to. The detector implements it: what
// is in the log, it has seen or will see, in the order of the log.
type Log interface {
	// Append writes the events of a batch, without those refused; they are on
	// disk when it returns. fresh is false when a batch of this source with
	// this number or a later one was there already: then nothing is written.
	// The batch must not be used again after an error: it may be on its way.
	Append(ctx context.Context, kind Kind, b *Batch, h Header) (fresh bool, err error)
	// Taken is the number of the last batch of a source; 0 is none.
	Taken(source string) int64
}
