package sqldb

import (
	"strconv"
	"strings"

	"lanzha"
)

// Where collects the conditions of a list and numbers their arguments. The
// zero value is no condition.
type Where struct {
	conditions []string
	args       []any
}

// And adds a condition in which each ? stands for the next value.
func (w *Where) And(condition string, values ...any) {
	for _, v := range values {
		condition = strings.Replace(condition, "?", w.Arg(v), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// Arg adds an argument and names its place: "$3".
func (w *Where) Arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// Region keeps the records of a region that store province, city and district
// in columns of their own: one equality, which an index can lead with. "" is
// the whole country.
func (w *Where) Region(r lanzha.Region) {
	switch {
	case r == "":
	case r.District() != "":
		w.And("district = ?", string(r))
	case r.City() != "":
		w.And("city = ?", string(r))
	default:
		w.And("province = ?", string(r))
	}
}

// Within keeps the records whose one column of a region lies in r: the codes
// within a region are a range of strings. "" is the whole country.
func (w *Where) Within(column string, r lanzha.Region) {
	if r != "" {
		w.And(column+" >= ? AND "+column+" <= ?", r.Prefix(), r.Prefix()+"~")
	}
}

// String is the conditions joined by AND, "TRUE" when there is none.
func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return "TRUE"
	}
	return strings.Join(w.conditions, " AND ")
}

// Args are the arguments in the order of their places.
func (w *Where) Args() []any { return w.args }
