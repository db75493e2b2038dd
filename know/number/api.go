package number

import (
	"context"
	"net/http"

	"lanzha/base/api"
)

// Mount adds the number plan to an API.
func Mount(a *api.API) {
	type in struct {
		Number string `path:"number" maxLength:"60" example:"13888812345"`
	}
	type out struct{ Body Number }
	api.Register(a, api.Op{ID: "getNumber", Method: http.MethodGet, Path: "/numbers/{number}", Action: "number.read", Summary: "What kind of number this is and where it belongs"},
		func(_ context.Context, in *in) (*out, error) {
			n, err := Parse(in.Number)
			if err != nil {
				return nil, err
			}
			return &out{n}, nil
		})
}
