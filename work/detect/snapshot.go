package detect

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"lanzha"
	"lanzha/base/stream"
	"lanzha/work/detect/rule"
)

// A snapshot is the state as an entry of the log left it: magic, the length of
// the head (4 bytes, low first), the head as JSON, the machine, and the CRC-32C
// of all that (4 bytes). It is kept only once the alerts up to that entry are
// stored: whoever begins with it computes none of them again.
const (
	snapshotMagic  = "lanzha detect 1\n"
	snapshotPrefix = "state-"
	snapshotsKept  = 2 // the last one may be damaged
	maxHead        = 256 << 20
)

type head struct {
	Log     string                   `json:"log"`
	Seq     stream.Seq               `json:"seq"`
	Sources map[string][2]stream.Seq `json:"sources"` // number and entry
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// snapshotDue reports whether the state has gone on for long enough since it
// was last written down.
func (d *Detector) snapshotDue() bool {
	d.mu.Lock()
	seq := d.seq
	d.mu.Unlock()
	at, last := d.status.snapshot()
	passed := d.Now().Sub(at)
	return seq > last && (passed >= d.Options.Snapshot || passed < 0) // a clock that went back
}

// snapshot writes the state down and keeps it.
func (d *Detector) snapshot(ctx context.Context, log *stream.Log) error {
	file, seq, err := d.writeState(log)
	if err != nil || file == "" {
		return err
	}
	return d.keepState(ctx, file, seq)
}

// snapshotBeside writes the state down, and keeps it while the work goes on.
func (d *Detector) snapshotBeside(ctx context.Context, log *stream.Log, others *sync.WaitGroup) error {
	file, seq, err := d.writeState(log)
	if err != nil || file == "" {
		return err
	}
	others.Go(func() {
		if err := d.keepState(ctx, file, seq); err != nil && ctx.Err() == nil {
			d.trouble("the state cannot be written down", err)
		}
	})
	return nil
}

// writeState writes the state to a file of no standing. Nothing is computed
// meanwhile. An empty name says that there is nothing new.
func (d *Detector) writeState(log *stream.Log) (name string, seq stream.Seq, err error) {
	if err := os.MkdirAll(d.Options.Dir, 0o700); err != nil {
		return "", 0, lanzha.Internal("detect.snapshot", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, last := d.status.snapshot(); d.seq <= last {
		return "", 0, nil
	}
	d.status.snapshotBegan(d.Now())
	f, err := os.CreateTemp(d.Options.Dir, "writing-")
	if err != nil {
		return "", 0, lanzha.Internal("detect.snapshot", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(lanzha.Internal("detect.snapshot", err), os.Remove(f.Name()))
		}
	}()
	h, err := json.Marshal(head{log.ID(), d.seq, d.intake.known()})
	if err != nil {
		return "", 0, err
	}
	sum := crc32.New(castagnoli)
	out := bufio.NewWriterSize(f, 1<<20)
	w := io.MultiWriter(out, sum)
	if _, err := w.Write(append(binary.LittleEndian.AppendUint32([]byte(snapshotMagic), uint32(len(h))), h...)); err != nil {
		return "", 0, err
	}
	if err := d.machine.Snapshot(w); err != nil {
		return "", 0, err
	}
	if _, err := out.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return "", 0, err
	}
	return f.Name(), d.seq, out.Flush()
}

// known is the sources as a snapshot keeps them.
func (in *intake) known() map[string][2]stream.Seq {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make(map[string][2]stream.Seq, len(in.sources))
	for name, s := range in.sources {
		if s.taken > 0 {
			out[name] = [2]stream.Seq{stream.Seq(s.taken), s.seq}
		}
	}
	return out
}

// keepState gives a written state its standing, once it is on disk and the
// alerts up to it are stored.
func (d *Detector) keepState(ctx context.Context, file string, seq stream.Seq) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(lanzha.Internal("detect.snapshot", err), os.Remove(file))
		}
	}()
	size, err := syncFile(file)
	if err != nil {
		return err
	}
	if err := d.raised.keptUpTo(ctx, seq); err != nil {
		return fmt.Errorf("the alerts up to it are not stored: %w", err)
	}
	name := filepath.Join(d.Options.Dir, fmt.Sprintf("%s%020d", snapshotPrefix, seq))
	if err := os.Rename(file, name); err != nil {
		return err
	}
	file = name
	if _, err := syncFile(d.Options.Dir); err != nil {
		return err
	}
	d.status.snapshotKept(d.Now(), seq, size)
	for _, old := range d.snapshots()[min(snapshotsKept, len(d.snapshots())):] {
		if err := os.Remove(old); err != nil {
			d.trouble("an old state cannot be removed", err)
		}
	}
	return nil
}

func syncFile(name string) (size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err == nil {
		size = info.Size()
	}
	return size, errors.Join(err, f.Sync(), f.Close())
}

// snapshots are the files of kept states, the newest first.
func (d *Detector) snapshots() []string {
	found, err := os.ReadDir(d.Options.Dir)
	if err != nil {
		return nil // there is none yet
	}
	var out []string
	for _, f := range found {
		if strings.HasPrefix(f.Name(), snapshotPrefix) {
			out = append(out, filepath.Join(d.Options.Dir, f.Name()))
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// restore begins with the newest snapshot that belongs to the log and whose
// alerts are all stored, or with nothing, and clears away what a process that
// was killed had begun to write.
func (d *Detector) restore(ctx context.Context, log *stream.Log) error {
	first, last, err := log.Bounds(ctx)
	if err != nil {
		return err
	}
	kept, err := cursor(ctx, d.DB.Read(), log.ID())
	if err != nil {
		return err
	}
	begun, err := filepath.Glob(filepath.Join(d.Options.Dir, "writing-*"))
	if err != nil {
		return lanzha.Internal("detect.restore", err)
	}
	for _, name := range begun {
		if err := os.Remove(name); err != nil {
			return lanzha.Internal("detect.restore", err)
		}
	}
	d.raised.reset(kept)
	for _, name := range d.snapshots() {
		machine, h, err := d.readState(name)
		switch {
		case err != nil:
			d.trouble("a written state cannot be read", err)
			continue
		case h.Log != log.ID() || h.Seq > last || h.Seq > kept:
			continue
		}
		d.begin(machine, h)
		d.status.snapshotKept(d.Now(), h.Seq, 0)
		if h.Seq+1 < first {
			d.trouble("the event log does not reach back to the written state", fmt.Errorf("state %d, log from %d", h.Seq, first))
		}
		return nil
	}
	machine, err := d.empty()
	if err != nil {
		return err
	}
	d.begin(machine, head{Log: log.ID()})
	d.status.snapshotKept(d.Now(), 0, 0)
	d.lost = last == 0 || first > 1
	if first > 1 {
		// The packs stood in entries that are gone.
		d.begin(machine, head{Log: log.ID(), Seq: first - 1})
		d.trouble("there is no written state, and the event log does not reach back to its beginning", fmt.Errorf("log from %d", first))
		packs, err := activePacks(ctx, d.DB.Read())
		if err != nil {
			return err
		}
		return machine.Apply(rule.Change{Packs: textsOf(packs)}, lanzha.At(d.Now()))
	}
	return nil
}

// begin makes a state the present one.
func (d *Detector) begin(machine *rule.Machine, h head) {
	d.mu.Lock()
	d.machine, d.seq, d.lost = machine, h.Seq, false
	d.columns = [maxKinds][]column{}
	d.mu.Unlock()
	d.raised.computed(h.Seq)
	d.intake.mu.Lock()
	defer d.intake.mu.Unlock()
	d.intake.sources = map[string]*source{}
	for name, s := range h.Sources {
		d.intake.sources[name] = &source{taken: int64(s[0]), seq: s[1]}
	}
}

// readState reads a snapshot.
func (d *Detector) readState(name string) (*rule.Machine, head, error) {
	var h head
	f, err := os.Open(name)
	if err != nil {
		return nil, h, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, h, err
	}
	sum := crc32.New(castagnoli)
	in := bufio.NewReaderSize(io.TeeReader(io.LimitReader(f, info.Size()-4), sum), 1<<20)
	begin := make([]byte, len(snapshotMagic)+4)
	if _, err := io.ReadFull(in, begin); err != nil {
		return nil, h, err
	}
	length := binary.LittleEndian.Uint32(begin[len(snapshotMagic):])
	if string(begin[:len(snapshotMagic)]) != snapshotMagic || length > maxHead {
		return nil, h, errors.New("it is no snapshot of this version")
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, h, err
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, h, err
	}
	machine, err := rule.Restore(in, rule.Options{Late: d.Options.Late})
	if err != nil {
		return nil, h, err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, h, err
	}
	var end [4]byte
	if _, err := io.ReadFull(f, end[:]); err != nil {
		return nil, h, err
	}
	if binary.LittleEndian.Uint32(end[:]) != sum.Sum32() {
		return nil, h, errors.New("its sum is wrong: it is damaged")
	}
	return machine, h, nil
}
