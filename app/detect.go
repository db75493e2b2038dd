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
)

// detection builds the detector and the desk of its alerts. The event log is
// opened by Run, not here: commands may look into a house that runs.
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
	a.Alerts.Named = a.Detector.Lists
	if c.On {
		a.Alerts.Changer = a.Detector
	}
	a.Alerts.Register()
	a.telemetry.Registry.MustRegister(a.Detector)
	return nil
}
