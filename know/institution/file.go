package institution

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/sqldb"
	"lanzha/know/number"
)

// columnsOfFile are the columns of a file of institutions.
var columnsOfFile = []string{
	"code", "name", "nameEn", "kind", "region", "gateway", "endpoint", "answerTargetS", "ranges",
	"contactName", "contactRole", "contactPhone", "contactEmail", "disabled",
}

// fromRow writes a row over an institution; an empty cell leaves what stands
// there. The file carries one contact, who takes the place of the first.
func fromRow(row api.CSVRow, in Institution) (Institution, error) {
	set := func(column string, to func(string)) {
		if text := row.Get(column); text != "" {
			to(text)
		}
	}
	set("code", func(s string) { in.Code = s })
	set("name", func(s string) { in.Name = s })
	set("nameEn", func(s string) { in.NameEn = s })
	set("kind", func(s string) { in.Kind = Kind(s) })
	set("region", func(s string) { in.Region = lanzha.Region(s) })
	set("gateway", func(s string) { in.Gateway = Gateway(s) })
	set("endpoint", func(s string) { in.Endpoint = s })
	if text := row.Get("answerTargetS"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return in, lanzha.Invalid("answerTargetS", "an answer target is a number of seconds")
		}
		in.AnswerTarget = time.Duration(n) * time.Second
	}
	if text := row.Get("ranges"); text != "" {
		in.Ranges = nil
		for part := range strings.FieldsSeq(text) {
			kind, prefix, ok := strings.Cut(part, ":")
			if !ok {
				return in, lanzha.Invalid("ranges", "ranges are written as mobile:+86138888 card:622202, with spaces between")
			}
			in.Ranges = append(in.Ranges, Range{RangeKind(kind), prefix})
		}
	}
	if contact := (Contact{row.Get("contactName"), row.Get("contactRole"), row.Get("contactPhone"), row.Get("contactEmail")}); contact != (Contact{}) {
		in.Contacts = append([]Contact{contact}, in.Contacts[min(1, len(in.Contacts)):]...)
	}
	switch text := strings.ToLower(row.Get("disabled")); {
	case text == "":
	case slices.Contains([]string{"1", "true", "yes", "是"}, text):
		in.Disabled = true
	case slices.Contains([]string{"0", "false", "no", "否"}, text):
		in.Disabled = false
	default:
		return in, lanzha.Invalid("disabled", "disabled is yes or no")
	}
	return in, nil
}

// importFile takes a file of institutions, each row in a transaction of its
// own. may is asked about every institution as it is and as it shall be.
func (d *Directory) importFile(ctx context.Context, actor lanzha.ID, file []byte, may func(Institution) error) (api.Imported, error) {
	return api.ImportCSV(bytes.NewReader(file), []string{"code"}, columnsOfFile, func(row api.CSVRow) error {
		return d.db.Tx(ctx, func(tx *sqldb.Tx) error {
			old, err := d.ByCode(ctx, tx, row.Get("code"))
			isNew := lanzha.CodeOf(err) == lanzha.CodeNotFound
			if err != nil && !isNew {
				return err
			}
			wanted, err := fromRow(row, old)
			if err != nil {
				return err
			}
			if err := wanted.Check(); err != nil {
				return err
			}
			if err := may(wanted); err != nil {
				return refused(err)
			}
			if isNew {
				_, err = d.Create(ctx, tx, actor, wanted)
				return err
			}
			if err := may(old); err != nil {
				return refused(err)
			}
			if !reflect.DeepEqual(old, wanted) {
				_, err = d.Update(ctx, tx, actor, wanted)
			}
			return err
		})
	})
}

// refused tells which column an institution outside the caller's scope has
// wrong.
func refused(err error) error {
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return lanzha.Invalid("region", "this institution is not in your scope")
	}
	return err
}

// portedAtOnce is how many numbers one transaction takes: a file of 100,000
// must not hold up the reports that come in meanwhile.
const portedAtOnce = 500

// importPorted takes a file of numbers that an institution holds now, or that
// went back to their ranges.
func (d *Directory) importPorted(ctx context.Context, actor lanzha.ID, to Institution, back bool, file []byte) (api.Imported, error) {
	batch := make([]string, 0, portedAtOnce)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := d.db.Tx(ctx, func(tx *sqldb.Tx) error { return d.Port(ctx, tx, actor, to, back, batch) })
		batch = batch[:0]
		return err
	}
	out, err := api.ImportCSV(bytes.NewReader(file), []string{"number"}, []string{"number"}, func(row api.CSVRow) error {
		n, err := number.Parse(row.Get("number"))
		if err != nil {
			return lanzha.Invalid("number", "this is not a telephone number")
		}
		if n.International || !n.IsMobile() && n.Kind != number.Fixed {
			return lanzha.Invalid("number", "only mobile and fixed numbers are carried over")
		}
		batch = append(batch, n.Value)
		if len(batch) == portedAtOnce {
			return flush()
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	return out, flush()
}
