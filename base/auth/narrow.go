package auth

import "lanzha"

// Narrow keeps of a scope what lies in a region that the caller asked for; ""
// asks for all of it. A region beside the scope is CodeForbidden: a list of
// nothing would look as if there were nothing.
func (s Scope) Narrow(asked lanzha.Region) (Scope, error) {
	switch {
	case asked == "" || s.Institution != "":
		return s, nil
	case !asked.Valid():
		return s, lanzha.Invalid("query.region", "a region has six digits, as 530114")
	case s.All || s.Region.Contains(asked):
		return Scope{Region: asked}, nil
	case asked.Contains(s.Region):
		return s, nil
	}
	return s, lanzha.Forbidden("this region is outside your scope")
}
