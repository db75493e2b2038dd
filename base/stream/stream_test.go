package stream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"lanzha/base/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, o stream.Options) *stream.Log {
	t.Helper()
	l, err := stream.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEntriesComeBackInOrder(t *testing.T) {
	ctx := context.Background()
	l := open(t, stream.Options{Dir: t.TempDir()})
	defer l.Close()
	w, err := l.Claim(ctx, 0, "a")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for i := range 20 {
		var data [][]byte
		for j := range i + 1 {
			text := fmt.Sprintf("%d.%d", i, j)
			want = append(want, text)
			data = append(data, []byte(text))
		}
		if _, err := w.Append(ctx, data...); err != nil {
			t.Fatal(err)
		}
	}
	first, last, err := l.Bounds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if first != 1 || last == 0 {
		t.Errorf("bounds %d %d", first, last)
	}
	end := errors.New("end")
	err = l.Follow(ctx, first, func(e stream.Entry) error {
		if e.Claim == "" {
			got = append(got, string(e.Data))
		}
		if e.Seq == last {
			return end
		}
		return nil
	})
	if !errors.Is(err, end) {
		t.Error(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
