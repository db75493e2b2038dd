package app

import (
	"context"
	"path/filepath"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/stream"
	"lanzha/work/clue"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
	"lanzha/work/feed/intake"
	"lanzha/work/feed/iso20022"
)

// detection builds the detector, the intake of its events and the desk of its
// alerts. The event log is opened by Run, not here: commands may look into a
// house that runs.
func (a *App) detection() error {
	c := a.Config.Detect
	a.Alerts = &alert.Desk{
		Store: alert.NewStore(a.Vault), DB: a.DB, Journal: a.Journal, Outbox: a.Outbox, IDs: a.ids, Now: a.now, Zone: a.Config.Location(),
		Directory: a.Directory, Centre: a.Config.Centre.Region, OfficerName: a.Auth.NameOf,
		Clue: func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (alert.Subject, error) {
			found, err := a.Clues.Store.Get(ctx, q, id)
			return clue.SubjectOf(found), err
		},
	}
	address := c.Address
	if address == "" {
		address = a.Config.Listen
	}
	folder := filepath.Join(a.Config.Data, "events")
	var err error
	a.Detector, err = detect.New(&detect.Detector{
		DB: a.DB, Journal: a.Journal, Vault: a.Vault, Alerts: a.Alerts, IDs: a.ids, Now: a.now, Log: a.log,
		Options: detect.Options{
			Off: !c.On,
			Stream: stream.Options{
				Dir: filepath.Join(folder, "log"), URL: c.NATS, Credentials: c.Credentials, Shard: c.Shard,
				MaxAge: c.Keep, MaxBytes: c.MaxBytes, Replicas: int(c.Replicas),
			},
			Dir: filepath.Join(folder, "state", c.Shard), Late: c.Late, Address: address, Region: a.Config.Centre.Region,
			PerMinute: c.ScoresPerMinute, Snapshot: c.Snapshot,
		},
	})
	if err != nil {
		return err
	}
	a.Intake = &intake.Desk{
		DB: a.DB, Vault: a.Vault, Journal: a.Journal, IDs: a.ids, Now: a.now, Log: a.Detector, Region: a.Config.Centre.Region, Logger: a.log,
	}
	if err := a.payments(); err != nil {
		return err
	}
	a.Alerts.Named = a.Detector.Lists
	if c.On {
		a.Alerts.Changer = a.Detector
	}
	a.Alerts.Register()
	a.telemetry.Registry.MustRegister(a.Detector)
	return nil
}

// payments takes payment messages, and asks the detector about each.
func (a *App) payments() error {
	a.Payments = &iso20022.Desk{
		DB: a.DB, Vault: a.Vault, IDs: a.ids, Now: a.now, Zone: a.Config.Location(), Log: a.log,
		Scorer: &iso20022.Asker{Ask: a.Detector.Score, Packs: a.transferRules},
		Gate:   func(ctx context.Context) error { return a.Auth.Gate(ctx, "feed.send") },
		Open:   a.Config.Feed.Tazama.Open,
		Refused: func(ctx context.Context, refused []feed.Refusal) error {
			return a.Intake.KeepOf(ctx, intake.ISO20022, feed.Transfer, refused)
		},
	}
	var err error
	if name := a.Config.Feed.Tazama.Map; name != "" {
		a.Payments.Map, err = iso20022.LoadMap(name)
	}
	return err
}

// transferRules are the live rules for transfers in force, by pack.
func (a *App) transferRules() []iso20022.Pack {
	out := []iso20022.Pack{}
	for _, p := range a.Detector.Packs() {
		of := iso20022.Pack{Name: p.Name, Version: p.Version, High: p.Bands.High}
		for _, r := range p.Rules {
			if r.Event == feed.Transfer && r.Status == rule.Live {
				of.Rules = append(of.Rules, r.ID)
			}
		}
		if len(of.Rules) > 0 {
			out = append(out, of)
		}
	}
	return out
}
