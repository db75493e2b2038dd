package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lanzha"
	"lanzha/gateway/sandbox/city"
)

// CityCmd writes the events of a simulated city.
type CityCmd struct {
	Days   int    `default:"7" help:"Days of the city's time."`
	Seed   uint64 `default:"1" help:"Another seed is another city. The same one gives the same events, byte by byte."`
	People int    `default:"20000" help:"Inhabitants."`
	Begin  string `default:"2026-03-02" help:"The first day."`
	Region string `default:"530100" help:"Division code of the city."`
	Output string `required:"" type:"path" help:"Folder for calls.csv, messages.csv, transfers.csv, registrations.csv and truth.json."`
	Labels bool   `help:"Add the columns outcome and known: what will be known of each event a day later."`
	JSON   bool   `name:"json" help:"Print what was written as one line of JSON."`
}

// Help says what is in it.
func (c *CityCmd) Help() string {
	return strings.Join(strings.Fields(`Calls, messages, transfers and registrations of people who do not exist, in the order of time: a daily rhythm, contacts, phones, salaries
		and bills; honest people whose work looks like a scam, such as couriers and dispatchers; and scams, some of which hide. truth.json says who is who and which events
		belong to which scam. docs/city.md describes them.`), " ")
}

func (c *CityCmd) open() (*city.City, error) {
	begin, err := time.ParseInLocation(time.DateOnly, c.Begin, city.Zone)
	if err != nil {
		return nil, lanzha.Invalid("begin", "a day is wanted, written as 2026-03-02")
	}
	return city.New(city.Options{Seed: c.Seed, Days: c.Days, People: c.People, Begin: begin, Region: lanzha.Region(c.Region)})
}

// Run writes.
func (c *CityCmd) Run(ctx context.Context, std *Std) error {
	all, err := c.open()
	if err != nil {
		return err
	}
	written, err := all.Write(ctx, c.Output, c.Labels)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(written)
	}
	_, err = fmt.Fprintf(std.Out, "%s: %d calls, %d messages, %d transfers, %d registrations; %d scams and %d look-alikes in truth.json\n%s\n",
		c.Output, written.Calls, written.Messages, written.Transfers, written.Registrations, written.Cases, written.LookAlikes, city.Note)
	return err
}
