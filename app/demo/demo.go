// Package demo plays the main job on a simulated city, again and again: a
// report comes in, the number in it is found, its carrier is asked, the answer
// and a second lead meet at one address, a suspected den is raised, judged,
// approved, sent to the local police, and what they find on site confirms it.
// Everything goes over the public API and real HTTP; what it prints is read
// from real rows.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/know/place"
	"lanzha/work/clue"
	"lanzha/work/duty"
)

// Account is one of the demo's accounts, to sign in with.
type Account struct {
	Login, Password, Name string
	Role                  auth.Role

	first string // the one-time password, until it is changed
}

// Demo is a house with a simulated city around it.
type Demo struct {
	House    *app.App
	City     *sandbox.City
	Sandbox  *sandbox.Server
	Accounts []Account

	now     func() time.Time
	base    string // of the house
	clients map[auth.Role]*Client
	centre  *Client
	feeder  lanzha.Secret             // API key with which the city's events are sent
	unit    map[lanzha.Region]*Client // by district
	listen  net.Listener              // of the sandbox
}

// Options are how the city is.
type Options struct {
	Seed  uint64
	Pace  float64 // how fast carriers answer: 1 is a human pace, 0 at once
	Calm  bool    // carriers make no errors and have no outages: for measuring our own share
	Clock func() time.Time
}

// New builds the city around a house that serves, or will serve, at base. The
// directory, the accounts and the duty list are filled through the rooms
// themselves, as an administrator would on the first day.
func New(ctx context.Context, house *app.App, base string, o Options) (*Demo, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, lanzha.Internal("demo.New", err)
	}
	d := &Demo{
		House: house, City: sandbox.NewCity(o.Seed, house.Config.Centre.Region), now: o.Clock, base: base,
		clients: map[auth.Role]*Client{}, unit: map[lanzha.Region]*Client{}, listen: l,
	}
	d.Sandbox = sandbox.NewServer(d.City, sandbox.Options{Scale: o.Pace, Now: o.Clock})
	if o.Calm {
		for _, endpoint := range []string{"/carrier/1", "/carrier/2", "/carrier/3", "/bank/1", "/bank/2"} {
			if err := d.Sandbox.SetMode(endpoint, sandbox.Mode{}); err != nil {
				return nil, err
			}
		}
	}
	return d, d.furnish(auth.WithActor(ctx, auth.System()))
}

// furnish fills directory, accounts and duty list.
func (d *Demo) furnish(ctx context.Context) error {
	known := map[string]institution.Institution{}
	for _, in := range d.City.Institutions("http://" + d.listen.Addr().String()) {
		err := d.House.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			made, err := d.House.Directory.Create(ctx, tx, "", in)
			known[in.Code] = made
			return err
		})
		if err != nil {
			return fmt.Errorf("institution %s: %w", in.Code, err)
		}
	}
	password := "demo-" + strings.ToLower(rand.Text()[:10])
	region := d.City.Region()
	staff := []struct {
		login, name string
		role        auth.Role
	}{
		{"officer", "接警员甲", auth.Officer}, {"analyst", "研判员乙", auth.Analyst}, {"leader", "值班领导丙", auth.Leader},
		{"manager", "管理员丁", auth.Admin}, {"auditor", "督察员戊", auth.Auditor},
	}
	var leader auth.Account
	for _, s := range staff {
		account, err := d.account(ctx, auth.Draft{Login: s.login, Name: s.name, Roles: []auth.Role{s.role}, Region: region}, password)
		if err != nil {
			return err
		}
		if s.role == auth.Leader {
			leader = account
		}
	}
	carrier := known["sim-carrier-1"]
	sender, err := d.account(ctx, auth.Draft{Login: "carrier", Name: "运营商专员己", Roles: []auth.Role{auth.Responder}, Region: region, Institution: carrier.ID}, password)
	if err != nil {
		return err
	}
	for code, in := range known {
		if in.Kind != institution.Police || in.Region.District() == "" {
			continue
		}
		login := strings.TrimPrefix(code, "sim-")
		if _, err := d.account(ctx, auth.Draft{Login: login, Name: "民警" + string(in.Region[4:]), Roles: []auth.Role{auth.Unit}, Region: in.Region, Institution: in.ID}, password); err != nil {
			return err
		}
		d.unit[in.Region] = nil
	}
	provincial, err := d.account(ctx, auth.Draft{Login: "province", Name: "省级平台", Roles: []auth.Role{auth.Responder}, Institution: known["sim-centre"].ID}, password)
	if err != nil {
		return err
	}
	if err := d.House.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, key, err := d.House.Auth.AddKey(ctx, tx, provincial.ID, "演示", time.Time{})
		if err != nil {
			return err
		}
		d.centre = NewClient(d.base, key)
		_, key, err = d.House.Auth.AddKey(ctx, tx, sender.ID, "演示事件", time.Time{})
		d.feeder = lanzha.Secret(key)
		return err
	}); err != nil {
		return err
	}
	zone := d.House.Config.Location()
	day := d.now().In(zone)
	return d.House.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		for i := range 3 {
			from := time.Date(day.Year(), day.Month(), day.Day()+i, 0, 0, 0, 0, zone)
			if _, err := d.House.Roster.Replace(ctx, tx, "", duty.List{Region: region, Day: from.Format(time.DateOnly), Entries: []duty.Entry{
				{Account: leader.ID, Role: duty.Leader, From: from, To: from.AddDate(0, 0, 1)},
			}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// account makes an account that will sign in with its first password and
// change it to next.
func (d *Demo) account(ctx context.Context, draft auth.Draft, next string) (auth.Account, error) {
	first, err := d.House.Auth.FirstPassword(ctx, draft.Login, "")
	if err != nil {
		return auth.Account{}, err
	}
	var account auth.Account
	err = d.House.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		account, err = d.House.Auth.Create(ctx, tx, draft, first)
		return err
	})
	if err != nil {
		return account, fmt.Errorf("account %s: %w", draft.Login, err)
	}
	d.Accounts = append(d.Accounts, Account{Login: draft.Login, Password: next, Name: draft.Name, Role: draft.Roles[0], first: first.Password})
	return account, nil
}

// Run serves the city until ctx ends.
func (d *Demo) Run(ctx context.Context) error {
	server := &http.Server{Handler: d.Sandbox, ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(d.listen); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	return group.Wait()
}

// SignIn opens the sessions that the play needs, once the house serves: each
// account changes its first password, as people do.
func (d *Demo) SignIn(ctx context.Context) error {
	for _, a := range d.Accounts {
		c := NewClient(d.base, "")
		if err := c.SignIn(ctx, a.Login, a.first, a.Password); err != nil {
			return err
		}
		if a.Role == auth.Unit {
			d.unit[lanzha.Region(strings.TrimPrefix(a.Login, "police-"))] = c
		} else if d.clients[a.Role] == nil {
			d.clients[a.Role] = c
		}
	}
	return nil
}

// As is the session of a role.
func (d *Demo) As(role auth.Role) *Client { return d.clients[role] }

// Result is what one play shows.
type Result struct {
	ReportToLookupMS int64    `json:"report_to_lookup_ms"`
	Lookups          []Asked  `json:"lookups"`
	AnswerToDenMS    int64    `json:"answer_to_den_ms"`
	Den              Found    `json:"den"`
	Dossier          Contents `json:"dossier"`
}

// Asked is one lookup of the story.
type Asked struct {
	Institution string `json:"institution"`
	AnsweredMS  int64  `json:"answered_ms"`
}

// Found is the den of the story.
type Found struct {
	Address string `json:"address"`
	Clues   int    `json:"clues"`
}

// Contents is what the dossier says in the end.
type Contents struct {
	People  int `json:"people"`
	Devices struct {
		GOIP   int `json:"goip"`
		Router int `json:"router"`
	} `json:"devices"`
}

// Once plays the n-th story to its end. tell is called as each step is done;
// pause waits between the steps of people, and may return at once.
func (d *Demo) Once(ctx context.Context, n int, tell func(string), pause func(context.Context)) (Result, error) {
	var out Result
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	officer := d.As(auth.Officer)
	events, err := officer.Events(ctx)
	if err != nil {
		return out, err
	}
	story := d.City.StoryAt(n)
	began := d.now()
	report, err := d.report(ctx, story.Report)
	if err != nil {
		return out, err
	}
	tell("警情已受理：" + place.FullName(story.Report.Region))
	var lead struct{ Clue lanzha.ID }
	if err := d.centre.Call(ctx, http.MethodPost, "/leads", 0, map[string]any{
		"value": story.Lead.Value, "region": story.Place.Region, "ref": story.Lead.Ref, "note": story.Lead.Note,
	}, &lead); err != nil {
		return out, err
	}
	tell("省级平台推送线索 " + story.Lead.Ref)
	id, raised, err := waitForDen(ctx, events, lead.Clue)
	if err != nil {
		return out, err
	}
	if err := d.asked(ctx, report, lead.Clue, began, raised, &out); err != nil {
		return out, err
	}
	tell(fmt.Sprintf("疑似窝点已生成，距最后一条反馈 %d 毫秒", out.AnswerToDenMS))
	if err := d.judge(ctx, id, story, tell, pause); err != nil {
		return out, err
	}
	return out, d.conclude(ctx, id, &out)
}

// report hands in a citizen's report as the officer on the telephone would.
func (d *Demo) report(ctx context.Context, r sandbox.Report) (lanzha.ID, error) {
	var made struct{ ID lanzha.ID }
	err := d.As(auth.Officer).Call(ctx, http.MethodPost, "/reports", 0, map[string]any{
		"type": r.Type, "channel": r.Channel, "ref110": r.Ref110, "region": r.Region, "text": r.Text(d.now()),
		"caller": map[string]string{"name": r.Caller.Name, "phone": r.Caller.Phone},
	}, &made)
	return made.ID, err
}

// Background hands in the i-th ordinary report.
func (d *Demo) Background(ctx context.Context, i int) error {
	_, err := d.report(ctx, d.City.Background(i))
	return err
}

// waitForDen follows the live events until a den is raised on a clue.
func waitForDen(ctx context.Context, events <-chan api.Event, of lanzha.ID) (lanzha.ID, time.Time, error) {
	for e := range events {
		if e.Kind != "den.suspected" {
			continue
		}
		var payload struct{ Clues []lanzha.ID }
		if err := json.Unmarshal(e.Payload, &payload); err != nil {
			return "", e.At, err
		}
		for _, c := range payload.Clues {
			if c == of {
				return e.Record, e.At, nil
			}
		}
	}
	return "", time.Time{}, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "no suspected den came up", Hint: "the carriers of the city may be out; try another --seed", Err: ctx.Err()}
}

// asked reads the lookups behind the den back from the house.
func (d *Demo) asked(ctx context.Context, report, lead lanzha.ID, began, raised time.Time, out *Result) error {
	var clues struct{ Items []clue.Body }
	if err := d.As(auth.Officer).Call(ctx, http.MethodGet, query("/clues", "source", string(report)), 0, nil, &clues); err != nil {
		return err
	}
	ids := []lanzha.ID{}
	for _, c := range clues.Items {
		if c.Kind.IsLine() {
			ids = append(ids, c.ID)
		}
	}
	last := time.Time{}
	for _, id := range append(ids, lead) {
		var page clue.Page
		if err := d.As(auth.Officer).Call(ctx, http.MethodGet, "/clues/"+string(id), 0, nil, &page); err != nil {
			return err
		}
		for _, l := range page.Lookups {
			if l.AnsweredAt == nil {
				continue
			}
			out.Lookups = append(out.Lookups, Asked{Institution: l.InstitutionName, AnsweredMS: l.TookMS})
			if l.AnsweredAt.After(last) && !l.AnsweredAt.After(raised) {
				last = *l.AnsweredAt
			}
			if id != lead && l.SentAt != nil {
				out.ReportToLookupMS = max(out.ReportToLookupMS, l.SentAt.Sub(began).Milliseconds())
			}
		}
	}
	out.AnswerToDenMS = raised.Sub(last).Milliseconds()
	return nil
}

// denView is what the play reads of a den.
type denView struct {
	ID       lanzha.ID
	Version  int64
	State    string
	Region   lanzha.Region
	Address  string
	Evidence []struct{ Clue struct{ ID lanzha.ID } }
}

// judge takes the den through the hands of people: analyst, leader, local
// police.
func (d *Demo) judge(ctx context.Context, id lanzha.ID, story sandbox.Story, tell func(string), pause func(context.Context)) error {
	var den denView
	if err := d.As(auth.Officer).Call(ctx, http.MethodGet, "/dens/"+string(id), 0, nil, &den); err != nil {
		return err
	}
	district := den.Region
	unit := d.unit[district]
	if unit == nil {
		return &lanzha.Error{Code: lanzha.CodeNotFound, Message: "the city has no police station in " + string(district)}
	}
	var police struct{ Items []struct{ ID lanzha.ID } }
	if err := d.As(auth.Officer).Call(ctx, http.MethodGet, query("/institutions", "kind", "police", "region", string(district)), 0, nil, &police); err != nil {
		return err
	}
	if len(police.Items) == 0 {
		return &lanzha.Error{Code: lanzha.CodeNotFound, Message: "the directory has no police of " + string(district)}
	}
	at := d.now()
	steps := []struct {
		who  *Client
		verb string
		body any
		said string
	}{
		{d.As(auth.Analyst), "analyse", map[string]any{"opinion": "两条独立线索指向同一地址，建议现场核查。"}, "研判完成，建议现场核查"},
		{d.As(auth.Leader), "approve", map[string]any{"documentKind": "inspection", "documentNo": document(at.Year(), n5(id), "模拟检字〔%d〕%s号")}, "领导审批同意，检查证已登记"},
		{d.As(auth.Leader), "dispatch", map[string]any{"institution": police.Items[0].ID}, "已下发属地公安"},
		{unit, "receive", nil, "属地已签收"},
		{unit, "confirm", story.Found, fmt.Sprintf("现场核查：抓获%d人，查获GOIP设备%d台、路由器%d台", story.Found.People, story.Found.Devices.GOIP, story.Found.Devices.Router)},
	}
	for _, s := range steps {
		pause(ctx)
		if err := s.who.Call(ctx, http.MethodPost, "/dens/"+string(id)+"/"+s.verb, den.Version, s.body, &den); err != nil {
			return err
		}
		tell(s.said)
	}
	return nil
}

// n5 is a small number that follows from an ID, for a document of the play.
func n5(id lanzha.ID) int {
	n := 0
	for _, c := range string(id) {
		n = (n*31 + int(c)) % 90_000
	}
	return 10_000 + n
}

// conclude reads the end of the story back: the den and its dossier, which
// hears of the outcome by the journal.
func (d *Demo) conclude(ctx context.Context, id lanzha.ID, out *Result) error {
	var den denView
	if err := d.As(auth.Officer).Call(ctx, http.MethodGet, "/dens/"+string(id), 0, nil, &den); err != nil {
		return err
	}
	out.Den = Found{Address: den.Address}
	seen := map[lanzha.ID]bool{}
	for _, e := range den.Evidence {
		seen[e.Clue.ID] = true
	}
	out.Den.Clues = len(seen)
	for {
		var list struct {
			Items []struct {
				ID     lanzha.ID
				Den    lanzha.ID
				Result string
			}
		}
		if err := d.As(auth.Officer).Call(ctx, http.MethodGet, query("/dossiers", "limit", strconv.Itoa(100)), 0, nil, &list); err != nil {
			return err
		}
		for _, dossier := range list.Items {
			if dossier.Den == id && dossier.Result == "confirmed" {
				var full struct{ Outcome *Contents }
				full.Outcome = &out.Dossier
				return d.As(auth.Officer).Call(ctx, http.MethodGet, "/dossiers/"+string(dossier.ID), 0, nil, &full)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
