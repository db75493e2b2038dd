package feature

// Scale is how many of the units that a Value counts in make one of what people
// read: 1 of a count, 100 of an amount (fen in a yuan), 1,000,000 of seconds and
// of instants (microseconds in a second). 0 is the bits of a float64.
func (f *Feature) Scale() int64 {
	switch f.form {
	case amounts:
		return 100
	case seconds, instants:
		return 1_000_000
	case floats:
		return 0
	}
	return 1
}

// IsTime reports whether the feature is an instant.
func (f *Feature) IsTime() bool { return f.form == instants }
