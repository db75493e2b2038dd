package api

import (
	"context"
	"net/http"

	"lanzha"
	"lanzha/base/auth"
)

// Colleague is how an account is called.
type Colleague struct {
	ID    lanzha.ID   `json:"id"`
	Name  string      `json:"name"`
	Roles []auth.Role `json:"roles"`
}

// MountPeople registers the names behind the account IDs of timelines and
// rosters. They are colleagues of one house; nothing else of them is told.
func MountPeople(a *API, accounts *auth.Auth) {
	type none struct{}
	type out struct{ Body List[Colleague] }
	Register(a, Op{ID: "listPeople", Method: http.MethodGet, Path: "/people", Action: "people.list", Summary: "How colleagues are called"},
		func(ctx context.Context, _ *none) (*out, error) {
			found, err := accounts.Colleagues(ctx)
			if err != nil {
				return nil, err
			}
			list := List[Colleague]{Items: []Colleague{}}
			for _, account := range found {
				list.Items = append(list.Items, Colleague{ID: account.ID, Name: account.Name, Roles: account.Roles})
			}
			return &out{list}, nil
		})
}
