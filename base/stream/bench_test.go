package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"lanzha/base/stream"
)

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ size, callers int }{
		{300, 1}, {300, 2}, {300, 4}, {300, 8}, {300, 16}, {300, 64}, {300, 256}, {30_000, 1}, {30_000, 8}, {400_000, 1}, {400_000, 2}, {400_000, 4}, {400_000, 8}, {400_000, 16},
	} {
		b.Run(fmt.Sprintf("size=%d/callers=%d", c.size, c.callers), func(b *testing.B) {
			ctx := context.Background()
			l, err := stream.Open(ctx, stream.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			w, err := l.Claim(ctx, 0, "a")
			if err != nil {
				b.Fatal(err)
			}
			data := make([]byte, c.size)
			b.SetBytes(int64(c.size))
			b.ResetTimer()
			var running sync.WaitGroup
			for i := range c.callers {
				n := b.N / c.callers
				if i < b.N%c.callers {
					n++
				}
				running.Go(func() {
					for range n {
						if _, err := w.Append(ctx, data); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
		})
	}
}

// BenchmarkRead reads a log from its beginning, entry by entry.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{300, 400_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			ctx := context.Background()
			l, err := stream.Open(ctx, stream.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			w, err := l.Claim(ctx, 0, "a")
			if err != nil {
				b.Fatal(err)
			}
			const there = 500
			for range there {
				w.Begin(make([]byte, size))
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ResetTimer()
			for left := b.N; left > 0; {
				if err := l.Read(ctx, 1, ^stream.Seq(0), func(stream.Entry) error {
					if left--; left <= 0 {
						return errEnd
					}
					return nil
				}); err != nil && !errors.Is(err, errEnd) {
					b.Fatal(err)
				}
			}
		})
	}
}
