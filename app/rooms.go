package app

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/gateway/camara"
	"lanzha/gateway/manual"
	"lanzha/gateway/platform"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/know/number"
	"lanzha/know/place"
	"lanzha/know/policy"
	"lanzha/know/policy/shelf"
	"lanzha/work/cases"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/clue/disposal"
	"lanzha/work/duty"
	"lanzha/work/index"
	"lanzha/work/register"
	"lanzha/work/register/batch"
	"lanzha/work/register/check"
	"lanzha/work/register/notice"
	"lanzha/work/register/objection"
	"lanzha/work/register/own"
	"lanzha/work/register/penalty"
	"lanzha/work/report"
)

// rooms builds the stages in the order of the work, hooks their jobs into
// journal and outbox, and mounts their operations.
func (a *App) rooms() error {
	zone := a.Config.Location()
	a.Packs = shelf.New(a.DB, a.Journal, a.ids, a.now, shelf.Options{Region: a.Config.Centre.Region, Zone: zone})
	a.Directory = institution.New(a.DB, a.Journal, a.Vault, a.now, a.ids)
	a.Roster = duty.New(a.DB, a.Journal, a.Vault, a.now, a.ids, zone)

	if err := a.detection(); err != nil {
		return err
	}

	reports := report.NewStore(a.Vault)
	a.Reports = &report.Desk{Store: reports, DB: a.DB, Journal: a.Journal, IDs: a.ids, Now: a.now, Zone: zone}

	key, err := platform.LoadKey(filepath.Join(a.Config.Data, "platform.key"))
	if err != nil {
		return err
	}
	files, err := platform.New(filepath.Join(a.Config.Data, "platform"), key)
	if err != nil {
		return err
	}
	a.platform = files
	city, network, byHand := &sandbox.Client{}, &camara.Client{}, manual.Gateway{}

	a.Clues = &clue.Desk{
		Store: clue.NewStore(a.Vault), DB: a.DB, Journal: a.Journal, Outbox: a.Outbox, IDs: a.ids, Now: a.now,
		Reports: reports, Alerts: a.Alerts.Store, Directory: a.Directory,
		Gateways: map[institution.Gateway]clue.Asker{
			institution.ByPlatform: files, institution.ByHand: byHand, institution.ByCAMARA: network, institution.BySandbox: city,
		},
		Leader: a.leader, OfficerName: a.Auth.NameOf,
		Auto: clue.Auto{On: a.Config.Lookups.Auto, Purpose: a.Config.Lookups.Purpose, LegalBasis: a.Config.Lookups.LegalBasis},
	}
	a.Clues.Register()

	a.Disposals = &disposal.Desk{
		Clues: a.Clues, Store: disposal.NewStore(a.Vault), Zone: zone, Unit: a.unit,
		// CAMARA has no operation that stops a line: its carriers' officers do.
		Gateways: map[institution.Gateway]disposal.Disposer{
			institution.ByPlatform: files, institution.ByHand: byHand, institution.ByCAMARA: byHand, institution.BySandbox: city,
		},
	}
	a.Disposals.Register()

	a.Dens = &den.Desk{
		DB: a.DB, Journal: a.Journal, Outbox: a.Outbox, IDs: a.ids, Now: a.now, Clues: a.Clues.Store, Directory: a.Directory,
		Leader: a.leader, OfficerName: a.Auth.NameOf, Options: den.Options{Window: a.Config.Den.Window, ReceiveWithin: a.Config.Den.ReceiveWithin},
	}
	a.Dens.Register()

	a.Cases = &cases.Desk{
		DB: a.DB, Journal: a.Journal, Now: a.now, IDs: a.ids, Zone: zone, Centre: a.Config.Centre.Short,
		Finders: map[string]cases.Finder{
			"report": func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (auth.Resource, error) {
				r, err := reports.Get(ctx, q, id)
				return auth.Resource{Type: "report", ID: id, Region: r.Region}, err
			},
			"clue": func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (auth.Resource, error) {
				if _, err := a.Clues.Store.Get(ctx, q, id); err != nil {
					return auth.Resource{}, err
				}
				regions, err := a.Clues.Store.Regions(ctx, q, id)
				return auth.Resource{Type: "clue", ID: id, Regions: regions}, err
			},
			"den": func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (auth.Resource, error) {
				d, err := a.Dens.Store.Get(ctx, q, id)
				return auth.Resource{Type: "den", ID: id, Region: d.Region, Institution: d.Unit}, err
			},
		},
	}
	a.Cases.Finders["dossier"] = a.Cases.Find
	a.Cases.Follow()

	packs, err := policy.Shipped()
	if err != nil {
		return err
	}
	listings := register.NewStore(a.Vault)
	a.Register = &register.Desk{
		Store: listings, DB: a.DB, Journal: a.Journal, Outbox: a.Outbox, IDs: a.ids, Now: a.now, Zone: zone,
		Law: register.Law(packs), OfficerName: a.Auth.NameOf, Options: register.Options{Retention: a.Config.Register.Retention},
	}
	a.Register.Register()
	a.Notices = &notice.Desk{Register: a.Register, Store: notice.NewStore(a.Vault), Random: rand.Reader, Unit: a.unit, Contact: a.Config.Register.Contact}
	a.Notices.Follow()
	a.Objections = &objection.Desk{Register: a.Register, Store: objection.NewStore(a.Vault)}
	a.Objections.Follow()
	a.Batches = &batch.Desk{Register: a.Register, Gateway: files, Unit: a.unit, Options: batch.Options{FeedbackWithin: a.Config.Register.FeedbackWithin}}
	a.Batches.Follow()
	a.Penalties = &penalty.Desk{
		Store: penalty.NewStore(a.Vault), DB: a.DB, Journal: a.Journal, IDs: a.ids, Now: a.now, Zone: zone, Law: a.Register.Law,
	}
	a.Checks = check.New(&check.Desk{
		DB: a.DB, Journal: a.Journal, Vault: a.Vault, Register: listings, Directory: a.Directory, IDs: a.ids, Now: a.now, Zone: zone,
		Options: check.Options{PerMinute: a.Config.Register.ChecksPerMinute, Region: a.Config.Centre.Region},
	})

	a.mount()
	return nil
}

// mount adds every room's operations to the API, in the order of the house.
func (a *App) mount() {
	may := a.Auth.Decider
	api.MountSession(a.API, a.Auth)
	api.MountAccounts(a.API, a.Auth)
	api.MountPeople(a.API, a.Auth)
	api.MountJournal(a.API, a.DB, a.Journal, may)
	api.Live(a.API, a.DB, a.Journal, api.Visible(may))
	a.Packs.Mount(a.API, may)
	number.Mount(a.API)
	a.Directory.Mount(a.API, may)
	a.Roster.Mount(a.API, may)
	a.Intake.Mount(a.API, may)
	a.Detector.Mount(a.API, may)
	a.Alerts.Mount(a.API, may)
	a.Reports.Mount(a.API, may)
	a.Clues.Mount(a.API, may)
	a.Disposals.Mount(a.API, may)
	a.platform.Mount(a.API, may, a.DB, a.Clues, a.Disposals, a.Batches)
	a.Dens.Mount(a.API, may)
	a.Cases.Mount(a.API, may)
	a.Register.Mount(a.API, may)
	a.Notices.Mount(a.API, may)
	a.Objections.Mount(a.API, may)
	a.Batches.Mount(a.API, may)
	(&own.Desk{Register: a.Register, Notices: a.Notices, Objections: a.Objections, Proxied: a.Config.TLS.Proxy}).Mount(a.API)
	a.Checks.Mount(a.API, may)
	a.Penalties.Mount(a.API, may)
	search := &index.Index{
		DB: a.DB, Reports: a.Reports.Store, Clues: a.Clues.Store, Dens: a.Dens.Store, Cases: a.Cases.Store, Directory: a.Directory, Now: a.now,
	}
	search.Mount(a.API, may)
}

// leader is who leads the duty of a region now; "" is nobody.
func (a *App) leader(ctx context.Context, q sqldb.Queryer, region lanzha.Region, at time.Time) (lanzha.ID, error) {
	found, err := a.Roster.OnDuty(ctx, q, region, duty.Leader, at)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// unit is how a region's centre is called on a notice: this house by its own
// name, another by its division.
func (a *App) unit(region lanzha.Region) string {
	if region == a.Config.Centre.Region {
		return a.Config.Centre.Name
	}
	return place.FullName(region) + "反诈中心"
}
