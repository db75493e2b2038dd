package main

// BenchListsCmd is filled in by its file.
type BenchListsCmd struct{}
