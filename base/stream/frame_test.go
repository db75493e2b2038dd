package stream_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/base/stream"
)

// frame1 is version 1 as it lies on disks: it must be read for ever.
const frame1 = "e701" + "0123456789abcdef" + "0000000000000007" + "0006447d1ed34800" +
	"0104" + "6e6f6465" + // claim "node"
	"0002" + "6869" + // "hi"
	"0000" // ""

func TestFramesOfVersionOneAreRead(t *testing.T) {
	data, err := hex.DecodeString(frame1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stream.ParseFrame(3, data)
	if err != nil {
		t.Fatal(err)
	}
	const at = 0x0006447d1ed34800
	want := []stream.Entry{
		{Seq: 3*1024 - 2, At: at, Claim: "node"},
		{Seq: 3*1024 - 1, At: at, Data: []byte("hi")},
		{Seq: 3 * 1024, At: at, Data: []byte{}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if made := hex.EncodeToString(stream.Frame(0x0123456789abcdef, 7, at, "node", []byte("hi"), nil)); made != frame1 {
		t.Errorf("version 1 is written as %s", made)
	}
}

func FuzzFrame(f *testing.F) {
	data, err := hex.DecodeString(frame1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:30])
	f.Add([]byte("anything"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := stream.ParseFrame(1, data)
		if err != nil && len(got) > 0 {
			t.Error("entries of a frame that is damaged")
		}
		for i := 1; i < len(got); i++ {
			if got[i].Seq != got[i-1].Seq+1 {
				t.Error("places do not ascend")
			}
		}
	})
}
