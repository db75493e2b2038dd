package register

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// regimes are the rules under which records were made before the measures of
// 2024. Such records keep their own term and text.
var regimes = map[string]policy.Citation{
	"notice_2016": {
		Document: "最高人民法院、最高人民检察院、公安部、工业和信息化部、中国人民银行、中国银行业监督管理委员会关于防范和打击电信网络诈骗犯罪的通告", Effective: "2016-09-23",
		Phrase: "5年内停止其银行账户非柜面业务、支付账户所有业务，3年内不得为其新开立账户", Status: policy.Confirmed,
	},
	"notice_2019": {Document: "银发〔2019〕85号", Number: "银发〔2019〕85号", Effective: "2019-04-01", Phrase: "5年内暂停其银行账户非柜面业务、支付账户所有业务，并不得为其新开立账户", Status: policy.Secondary},
	"provincial":  {Document: "省级通信行业黑名单规定", Phrase: "五年内不得新入网", Status: policy.Local},
}

// regimeRows are their rows.
var regimeRows = map[string]string{"notice_2016": "JPO-01", "notice_2019": "JPO-02", "provincial": "JPO-03"}

var importColumns = []string{"kind", "number_kind", "name", "number", "region", "regime", "decided_on", "from", "until", "document_no", "text", "service", "institution"}

func (d *Desk) mountImport(a *api.API, may *auth.Decider) {
	type importIn struct {
		RawBody []byte `contentType:"text/csv"`
	}
	type importOut struct{ Body api.Imported }
	api.Register(a, api.Op{ID: "importListings", Method: http.MethodPost, Path: "/register/listings/import", Action: "listing.import", Status: http.StatusOK, MaxBody: 64 << 20, Summary: "Take records made under rules before the measures of 2024, CSV; they keep their own term and text"},
		func(ctx context.Context, in *importIn) (*importOut, error) {
			actor, _ := auth.ActorFrom(ctx)
			out, err := api.ImportCSV(bytes.NewReader(in.RawBody), []string{"kind", "name", "number", "region", "regime", "from", "until"}, importColumns, func(row api.CSVRow) error {
				l, s, err := older(row)
				if err != nil {
					return err
				}
				if err := may.May(ctx, "listing.import", auth.Resource{Type: "listing", Region: l.Region}); err != nil {
					return lanzha.Invalid("region", "the region lies outside your own")
				}
				return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
					subject, err := d.subject(ctx, tx, s)
					if err != nil {
						return err
					}
					l.ID, l.Subject, l.Kind, l.MadeAt, l.DecidedBy, l.ProposedBy = d.IDs.Next(), subject.ID, subject.Kind, d.Now(), "", actor.ID
					same, err := d.Store.ListingsOf(ctx, tx, subject.ID)
					if err != nil {
						return err
					}
					for _, o := range same {
						if o.Older() && o.Pack.Name == l.Pack.Name && o.Span == l.Span {
							return lanzha.Conflict("the register has this record already")
						}
					}
					return d.add(ctx, tx, "listing.imported", l)
				})
			})
			return &importOut{out}, err
		})
}

// older reads a row of a file.
func older(row api.CSVRow) (Listing, Subject, error) {
	s, err := NewSubject(SubjectKind(row.Get("kind")), NumberKind(row.Get("number_kind")), row.Get("name"), row.Get("number"))
	if err != nil {
		if e, ok := err.(*lanzha.Error); ok { //nolint:errorlint // it is ours
			e.Field = strings.ReplaceAll(strings.TrimPrefix(e.Field, "body.subject."), "numberKind", "number_kind")
		}
		return Listing{}, s, err
	}
	regime := row.Get("regime")
	cited, known := regimes[regime]
	if !known {
		return Listing{}, s, lanzha.Invalid("regime", "an older regime is notice_2016, notice_2019 or provincial; by the measures of 2024 a listing is proposed and approved here")
	}
	l := Listing{Version: 1, Region: lanzha.Region(row.Get("region")), Pack: policy.Ref{Name: regime}, Grounds: []string{regimeRows[regime]}, DocumentNo: row.Get("document_no")}
	if !l.Region.Valid() {
		return l, s, lanzha.Invalid("region", "a region has six digits, as 530114")
	}
	for _, day := range []struct {
		column string
		into   *Day
	}{{"decided_on", &l.DecidedOn}, {"from", &l.Span.From}, {"until", &l.Span.Until}} {
		if *day.into, err = ParseDay(day.column, row.Get(day.column)); err != nil {
			return l, s, err
		}
	}
	switch {
	case l.Span.From == "":
		return l, s, lanzha.Invalid("from", "an older record has the day from which it bound")
	case l.Span.Until == "" || l.Span.Until <= l.Span.From:
		return l, s, lanzha.Invalid("until", "an older record has the day from which it binds no more, after its beginning")
	}
	l.Start = l.Span.From
	if l.DecidedOn == "" {
		l.DecidedOn = l.Span.From
	}
	text := row.Get("text")
	if text == "" {
		text = cited.Phrase
	}
	l.Measures = []Measure{{
		Row: regimeRows[regime], Kind: "older", Measure: "older", Service: row.Get("service"), Institution: row.Get("institution"),
		Words: policy.Words{ZH: text, EN: text}, Citation: cited,
	}}
	return l, s, nil
}
