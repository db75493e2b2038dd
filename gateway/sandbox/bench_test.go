package sandbox_test

import (
	"testing"

	"lanzha/gateway/sandbox"
)

func BenchmarkLine(b *testing.B) {
	c := sandbox.NewCity(1, "530114")
	var numbers []string
	for i := range 1000 {
		numbers = append(numbers, c.Background(i).Numbers[0], c.StoryAt(i).Fixed)
	}
	i := 0
	for b.Loop() {
		c.Line(numbers[i%len(numbers)])
		i++
	}
}

func BenchmarkNewCity(b *testing.B) {
	for b.Loop() {
		sandbox.NewCity(1, "530114")
	}
}
