package lanzha

import (
	"log/slog"
	"strings"
)

// Secret is a personal value (a number, an account, a name, an ID number).
// Printed by slog it is masked; it never reaches a log in the clear.
type Secret string

// LogValue makes slog print the masked form.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Mask(string(s))) }

// Mask hides the middle of a value: "13888128000" becomes "138****8000",
// "张三丰" becomes "张**". What is shorter than seven characters keeps its
// first only. The empty string stays empty.
func Mask(s string) string {
	r := []rune(s)
	switch n := len(r); {
	case n == 0:
		return ""
	case n < 7:
		return string(r[:1]) + strings.Repeat("*", n-1)
	case n < 15:
		return string(r[:3]) + strings.Repeat("*", n-7) + string(r[n-4:])
	default:
		return string(r[:4]) + strings.Repeat("*", n-8) + string(r[n-4:])
	}
}
