// Package config is what an operator may set: one YAML file, then the
// environment, then flags, the later winning. An empty configuration runs.
// What comes in is text; what goes out is a checked Config and, for every
// option, where its value came from. It never opens what the options name.
package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lanzha"
)

// Config is every option of the house. The tags hold the default, the help
// text, and whether the value is a secret. A field named by the path "tls.cert"
// is set in the file under tls: cert:, in the environment by LANZHA_TLS_CERT
// (unless an env tag names another), and by a flag that the command line maps
// to the path.
type Config struct {
	Listen   string   `yaml:"listen" default:"127.0.0.1:9611" help:"address and port to serve on"`
	Data     string   `yaml:"data" default:"./lanzha-data" help:"folder for the database file and the keys"`
	Database string   `yaml:"database" help:"path of a SQLite file or postgres://...; empty is lanzha.db in the data folder"`
	Centre   Centre   `yaml:"centre"`
	Keys     Keys     `yaml:"keys"`
	OIDC     OIDC     `yaml:"oidc"`
	TLS      TLS      `yaml:"tls"`
	Lookups  Lookups  `yaml:"lookups"`
	Den      Den      `yaml:"den"`
	Register Register `yaml:"register"`
	Feed     Feed     `yaml:"feed"`
	Detect   Detect   `yaml:"detect"`
	Log      Log      `yaml:"log"`
}

// Centre is whose house this is.
type Centre struct {
	Name   string        `yaml:"name" default:"反诈中心" help:"name of the centre, as it stands on documents"`
	Short  string        `yaml:"short" help:"what heads the numbers of dossiers, as 昆 in 昆专档〔2026〕3号; may be empty"`
	Region lanzha.Region `yaml:"region" help:"administrative division code of the centre (GB/T 2260); empty is the whole country"`
	Zone   string        `yaml:"zone" default:"Asia/Shanghai" help:"time zone of legal days and of printed times"`
}

// Keys is where the keyset lives. It is never in the database.
type Keys struct {
	File string `yaml:"file" help:"file of the keyset; empty is keyset.json in the data folder"`
	Text string `yaml:"-" env:"LANZHA_KEYS" secret:"true" help:"the keyset itself, instead of a file"`
}

// OIDC is sign-in by an identity provider. An empty Issuer turns it off.
type OIDC struct {
	Issuer           string   `yaml:"issuer" help:"address of the identity provider; empty turns sign-in by it off"`
	ClientID         string   `yaml:"clientId" help:"our name at the identity provider"`
	ClientSecretFile string   `yaml:"clientSecretFile" help:"file of our secret at the identity provider; empty for a public client"`
	RedirectURL      string   `yaml:"redirectUrl" help:"address of /api/v1/session/oidc/callback as the browser sees it"`
	Claim            string   `yaml:"claim" default:"preferred_username" help:"claim of the ID token that holds the login"`
	Scopes           []string `yaml:"scopes" default:"openid,profile" help:"scopes asked for"`
}

// TLS makes the server speak HTTPS. Both files empty is plain HTTP.
type TLS struct {
	Cert     string `yaml:"cert" help:"certificate chain, PEM"`
	Key      string `yaml:"key" help:"private key, PEM"`
	ClientCA string `yaml:"clientCa" help:"authorities of client certificates, PEM; empty accepts none"`
	Proxy    bool   `yaml:"proxy" default:"false" help:"browsers reach us by HTTPS through a proxy that ends it: the session's cookie goes by HTTPS alone"`
}

// Lookups is what happens by itself when a report brings a new clue.
type Lookups struct {
	Auto       bool   `yaml:"auto" default:"true" help:"ask the institution at once when a report brings a new clue"`
	Purpose    string `yaml:"purpose" default:"核查涉诈线索" help:"purpose stated in lookups that go out by themselves"`
	LegalBasis string `yaml:"legalBasis" default:"《中华人民共和国反电信网络诈骗法》" help:"legal basis stated in lookups that go out by themselves"`
}

// Den is when clues at one place make a suspected den.
type Den struct {
	Window        time.Duration `yaml:"window" default:"720h" help:"how far apart the answers about one place may lie"`
	ReceiveWithin time.Duration `yaml:"receiveWithin" default:"30m" help:"how long the local police have to receive a den before the leader on duty hears of it"`
}

// Register is the punishment register.
type Register struct {
	ChecksPerMinute int64 `yaml:"checksPerMinute" default:"6000" help:"how many persons an institution may check in a minute, where no quota of its own is set; each process counts for itself"`

	Retention      time.Duration `yaml:"retention" default:"0s" help:"how long after the last end of a subject's listings name and number are kept, as 26280h; 0 erases on a leader's command only"`
	FeedbackWithin time.Duration `yaml:"feedbackWithin" default:"0s" help:"how long executing institutions have to report back on an upward batch before that is told; 0 is no clock"`
	Contact        string        `yaml:"contact" help:"telephone for objections, as it stands on notices; empty is 96110"`
}

// Feed is how events come in beside the API's own ways.
type Feed struct {
	NATS        string `yaml:"nats" help:"servers of another NATS on which events are sent to us, as nats://a:4222,nats://b:4222, subject lanzha.feed.<kind>; empty takes none"`
	Credentials string `yaml:"credentials" help:"file of our credentials there, as nsc writes it; empty connects without"`
	Tazama      Tazama `yaml:"tazama"`
}

// Tazama is the paths that clients of Tazama speak to.
type Tazama struct {
	Open bool   `yaml:"open" help:"take messages of this machine itself without a key, for trials; never behind a proxy"`
	Map  string `yaml:"map" help:"report as a configuration of Tazama says: its file as JSON, or public for the published one; empty reports our own rules"`
}

// Detect is detection: the event log and the rules over it.
type Detect struct {
	On          bool          `yaml:"on" default:"true" help:"take events and judge them; false turns detection off"`
	NATS        string        `yaml:"nats" help:"servers of a NATS cluster that holds the event log, as nats://a:4222,nats://b:4222; empty keeps it in the data folder"`
	Credentials string        `yaml:"credentials" help:"file of our credentials at the cluster, as nsc writes it; empty connects without"`
	Shard       string        `yaml:"shard" default:"all" help:"part of the subjects whose events this log holds; each shard is a log with an active process of its own"`
	Replicas    int64         `yaml:"replicas" default:"1" help:"how many servers of a cluster keep each entry of the event log, 1 to 5; without a cluster 1"`
	Late        time.Duration `yaml:"late" default:"10m" help:"how long after a later one an event may come and still count at its own time, up to 24h"`
	Keep        time.Duration `yaml:"keep" default:"168h" help:"how long events stay in the event log; evidence of alerts reaches back seven days"`
	MaxBytes    int64         `yaml:"maxBytes" default:"17179869184" help:"how large the event log may be; beyond it the oldest events go"`
	Snapshot    time.Duration `yaml:"snapshot" default:"10m" help:"how often the state is written down; what came since is computed again at a start"`
	Address     string        `yaml:"address" help:"where this process is reached, told by a standby to those who ask it; empty is listen"`

	ScoresPerMinute int64 `yaml:"scoresPerMinute" default:"1200000" help:"how many events an institution may have judged in a minute; each process counts for itself"`
}

// Log is the program's own log, on standard error.
type Log struct {
	Level  string `yaml:"level" default:"info" help:"debug, info, warn or error"`
	Format string `yaml:"format" default:"text" help:"text or json"`
}

// DatabaseAddress is Database, or the file in the data folder.
func (c *Config) DatabaseAddress() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "lanzha.db")
}

// KeysFile is Keys.File, or the file in the data folder.
func (c *Config) KeysFile() string {
	if c.Keys.File != "" {
		return c.Keys.File
	}
	return filepath.Join(c.Data, "keyset.json")
}

// Location is the centre's time zone. The configuration has been checked, so
// it is known.
func (c *Config) Location() *time.Location {
	zone, err := time.LoadLocation(c.Centre.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// check says what does not fit together. Field names the option.
func (c *Config) check() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return lanzha.Invalid("listen", "want an address with a port, as 127.0.0.1:9611")
	}
	if c.Data == "" {
		return lanzha.Invalid("data", "must name a folder")
	}
	if c.Centre.Region != "" && !c.Centre.Region.Valid() {
		return lanzha.Invalid("centre.region", "want six digits, as 530100")
	}
	if _, err := time.LoadLocation(c.Centre.Zone); err != nil || c.Centre.Zone == "" {
		return lanzha.Invalid("centre.zone", "no such time zone: %q", c.Centre.Zone)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return lanzha.Invalid("tls", "cert and key go together")
	}
	if c.TLS.ClientCA != "" && c.TLS.Cert == "" {
		return lanzha.Invalid("tls.clientCa", "needs cert and key")
	}
	if c.OIDC.Issuer != "" {
		if u, err := url.Parse(c.OIDC.Issuer); err != nil || u.Host == "" {
			return lanzha.Invalid("oidc.issuer", "want an address, as https://id.example.org")
		}
		if c.OIDC.ClientID == "" || c.OIDC.RedirectURL == "" || c.OIDC.Claim == "" {
			return lanzha.Invalid("oidc", "issuer needs clientId, redirectUrl and claim")
		}
	}
	if c.Lookups.Auto && (c.Lookups.Purpose == "" || c.Lookups.LegalBasis == "") {
		return lanzha.Invalid("lookups", "lookups that go out by themselves state a purpose and a legalBasis")
	}
	if c.Den.Window <= 0 {
		return lanzha.Invalid("den.window", "must be longer than nothing")
	}
	if c.Den.ReceiveWithin <= 0 {
		return lanzha.Invalid("den.receiveWithin", "must be longer than nothing")
	}
	if c.Register.ChecksPerMinute < 0 {
		return lanzha.Invalid("register.checksPerMinute", "must be 0 (none but those with a quota) or more")
	}
	if c.Register.Retention < 0 {
		return lanzha.Invalid("register.retention", "must be 0 (never by itself) or more")
	}
	if c.Register.FeedbackWithin < 0 {
		return lanzha.Invalid("register.feedbackWithin", "must be 0 (no clock) or more")
	}
	if c.Feed.Tazama.Open && c.TLS.Proxy {
		return lanzha.Invalid("feed.tazama.open", "cannot stand with tls.proxy: all who come through it would need no key")
	}
	if err := c.Detect.check(); err != nil {
		return err
	}
	if levels := []string{"debug", "info", "warn", "error"}; !slices.Contains(levels, c.Log.Level) {
		return lanzha.Invalid("log.level", "want one of %s", strings.Join(levels, ", "))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		return lanzha.Invalid("log.format", "want text or json")
	}
	return nil
}

func (d *Detect) check() error {
	switch {
	case d.Late < 0 || d.Late > 24*time.Hour:
		return lanzha.Invalid("detect.late", "must be 0 to 24h")
	case d.Keep < time.Hour:
		return lanzha.Invalid("detect.keep", "must be an hour or more")
	case d.MaxBytes < 16<<20:
		return lanzha.Invalid("detect.maxBytes", "must be 16777216 (16 MiB) or more")
	case d.Snapshot < time.Second:
		return lanzha.Invalid("detect.snapshot", "must be a second or more")
	case d.ScoresPerMinute < 0:
		return lanzha.Invalid("detect.scoresPerMinute", "must be 0 (none) or more")
	case d.Replicas < 1 || d.Replicas > 5 || d.NATS == "" && d.Replicas > 1:
		return lanzha.Invalid("detect.replicas", "must be 1 to 5, and 1 without a cluster")
	case d.Shard == "":
		return lanzha.Invalid("detect.shard", "must have a name")
	}
	return nil
}

// redacted is how an option's value is shown: secrets not at all, addresses
// without their password.
func redacted(o *option) string {
	text := o.text()
	if o.secret && text != "" {
		return "(set)"
	}
	if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil {
			return "(an address that cannot be read)"
		}
		if q := u.Query(); q.Has("password") {
			q.Set("password", "xxxxx")
			u.RawQuery = q.Encode()
		}
		return u.Redacted()
	}
	return text
}

// Line is one option as `config print` shows it.
type Line struct {
	Path   string `json:"path"`   // "centre.region"
	Value  string `json:"value"`  // secrets are "(set)" or ""
	Origin string `json:"origin"` // "default", "lanzha.yaml:3", "LANZHA_LISTEN", "--listen"
	Env    string `json:"env"`    // the environment variable that sets it
	Help   string `json:"help"`
}

// String is the line as text.
func (l Line) String() string { return fmt.Sprintf("%-24s %-40s # %s", l.Path, l.Value, l.Origin) }
