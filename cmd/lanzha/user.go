package main

import (
	"context"
	"fmt"
	"strings"

	"lanzha"
	"lanzha/app"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
)

// UserCmd keeps accounts from the server's own host, for the day when nobody
// can sign in.
type UserCmd struct {
	Add      UserAddCmd      `cmd:"" help:"Make an account; prints its one-time password."`
	Password UserPasswordCmd `cmd:"" help:"Give an account a new one-time password and end its sessions."`
}

// UserAddCmd makes an account.
type UserAddCmd struct {
	Login       string   `arg:"" help:"Lower-case letters, digits, dots and dashes."`
	Name        string   `required:"" help:"How colleagues call them."`
	Roles       []string `required:"" name:"role" help:"officer, analyst, leader, admin or auditor; or one of unit and responder."`
	Region      string   `help:"Administrative division code; none is the whole country."`
	Institution string   `help:"Code of the institution, for unit and responder."`
}

// Run makes the account and prints its password once.
func (c *UserAddCmd) Run(ctx context.Context, std *Std, env *Env) error {
	house, ctx, err := openHouse(ctx, std, env)
	if err != nil {
		return err
	}
	defer house.Close()
	draft := auth.Draft{Login: strings.ToLower(c.Login), Name: c.Name, Region: lanzha.Region(c.Region)}
	for _, r := range c.Roles {
		draft.Roles = append(draft.Roles, auth.Role(r))
	}
	if c.Institution != "" {
		in, err := house.Directory.ByCode(ctx, house.DB.Read(), c.Institution)
		if err != nil {
			return err
		}
		draft.Institution = in.ID
	}
	first, err := house.Auth.FirstPassword(ctx, draft.Login, "")
	if err != nil {
		return err
	}
	if err := house.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := house.Auth.Create(ctx, tx, draft, first)
		return err
	}); err != nil {
		return err
	}
	return printPassword(std, draft.Login, first.Password)
}

// UserPasswordCmd resets a password.
type UserPasswordCmd struct {
	Login string `arg:"" help:"Whose password is forgotten."`
	TOTP  bool   `name:"totp" help:"Forget the one-time codes of a lost telephone as well."`
}

// Run resets the password and prints the new one once.
func (c *UserPasswordCmd) Run(ctx context.Context, std *Std, env *Env) error {
	house, ctx, err := openHouse(ctx, std, env)
	if err != nil {
		return err
	}
	defer house.Close()
	account, err := house.Auth.ByLogin(ctx, c.Login)
	if err != nil {
		return err
	}
	password, err := house.Auth.ResetPassword(ctx, account.ID, 0, c.TOTP)
	if err != nil {
		return err
	}
	return printPassword(std, account.Login, password)
}

func printPassword(std *Std, login, password string) error {
	_, err := fmt.Fprintf(std.Out, "login:             %s\none-time password: %s\n(shown once; it must be changed at the first sign-in)\n", login, password)
	return err
}

// openHouse opens the configured house for a command on its own host, which
// acts as the system. The first administrator is made where there is none.
func openHouse(ctx context.Context, std *Std, env *Env) (*app.App, context.Context, error) {
	loaded, err := env.Load()
	if err != nil {
		return nil, nil, err
	}
	house, err := app.New(ctx, loaded.Config, app.Options{Now: std.Now})
	if err != nil {
		return nil, nil, err
	}
	if house.FirstPassword != "" {
		if err := printPassword(std, house.FirstLogin, house.FirstPassword); err != nil {
			return nil, nil, err
		}
	}
	return house, auth.WithActor(ctx, auth.System()), nil
}
