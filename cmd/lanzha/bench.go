package main

// BenchCmd measures.
type BenchCmd struct {
	Reports BenchReportsCmd `cmd:"" help:"From report to lookup and from answer to den, at 50 reports a second."`
	Lists   BenchListsCmd   `cmd:"" help:"Lists of clues and reports at a million rows."`
}

// BenchReportsCmd is filled in by its file.
type BenchReportsCmd struct{}

// BenchListsCmd is filled in by its file.
type BenchListsCmd struct{}
