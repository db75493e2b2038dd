package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"lanzha"
	"lanzha/work/report/extract"
)

// ExtractCmd finds numbers, cards, accounts, amounts, links and times in text.
type ExtractCmd struct {
	JSON bool   `name:"json" help:"Print one line of JSON: finds with kind, value, raw, span (code points) and note."`
	At   string `help:"When the report was taken, RFC 3339 or 2006-01-02 15:04; words such as 昨天 are told from it. Default: now."`
	Zone string `help:"Zone of the centre." default:"Asia/Shanghai"`
}

// maxInput bounds what is read from standard input: 64 MiB.
const maxInput = 64 << 20

type printedFind struct {
	Kind  extract.Kind `json:"kind"`
	Value string       `json:"value"`
	Raw   string       `json:"raw"`
	Span  [2]int       `json:"span"`
	Note  string       `json:"note,omitempty"`
}

// Run reads the text on standard input and prints what was found in it.
func (c *ExtractCmd) Run(std *Std) error {
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "zone", Message: "there is no such zone", Hint: "name it as in Asia/Shanghai"}
	}
	at := std.Now()
	if c.At != "" {
		if at, err = time.Parse(time.RFC3339, c.At); err != nil {
			if at, err = time.ParseInLocation("2006-01-02 15:04", c.At, loc); err != nil {
				return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "at", Message: "this is not a time", Hint: "write it as 2023-02-20T16:00:00+08:00 or \"2023-02-20 16:00\""}
			}
		}
	}
	text, err := io.ReadAll(io.LimitReader(std.In, maxInput+1))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if len(text) > maxInput {
		return &lanzha.Error{Code: lanzha.CodeTooLarge, Field: "text", Message: "the text is longer than 64 MiB", Hint: "send it in parts"}
	}
	finds := extract.Extract(string(text), at, loc)
	if !c.JSON {
		for _, f := range finds {
			if _, err := fmt.Fprintf(std.Out, "%d-%d\t%s\t%s\t%s\t%s\n", f.Start, f.End, f.Kind, f.Value, f.Note, f.Raw); err != nil {
				return err
			}
		}
		return nil
	}
	out := struct {
		Finds []printedFind `json:"finds"`
	}{make([]printedFind, 0, len(finds))}
	for _, f := range finds {
		out.Finds = append(out.Finds, printedFind{f.Kind, f.Value, f.Raw, [2]int{f.Start, f.End}, f.Note})
	}
	enc := json.NewEncoder(std.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
