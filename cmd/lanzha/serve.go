package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"lanzha"
	"lanzha/app"
	"lanzha/base/telemetry"
)

// ServeCmd runs the server.
type ServeCmd struct{}

// Run serves until it is told to stop.
func (c *ServeCmd) Run(ctx context.Context, std *Std, env *Env) error {
	loaded, err := env.Load()
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(std.Err, loaded.Log.Level, loaded.Log.Format)
	if err != nil {
		return err
	}
	l, err := listen(ctx, loaded.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	house, err := app.New(ctx, loaded.Config, app.Options{Now: std.Now, Log: log})
	if err != nil {
		return err
	}
	for _, name := range loaded.Unknown {
		fmt.Fprintf(std.Err, "lanzha: %s sets nothing; lanzha config print shows the options\n", name)
	}
	if house.FirstPassword != "" {
		fmt.Fprintf(std.Out, "first administrator: %s\none-time password:   %s\n(shown once; it must be changed at the first sign-in)\n", house.FirstLogin, house.FirstPassword)
	}
	fmt.Fprintf(std.Out, "lanzha serves on %s\n", siteURL(l, loaded.TLS.Cert != ""))
	return errors.Join(house.Run(ctx, l), house.Close())
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "another program listens on " + address, Hint: "stop it, or choose another address with --listen"}
	} else if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Message: "cannot listen on " + address, Hint: "an address is as 127.0.0.1:9611", Err: err}
	}
	return l, nil
}

func siteURL(l net.Listener, secure bool) string {
	if secure {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// OpenAPICmd prints the document.
type OpenAPICmd struct{}

// Run prints the OpenAPI document as JSON.
func (c *OpenAPICmd) Run(std *Std) error {
	text, err := app.OpenAPI()
	if err != nil {
		return err
	}
	_, err = std.Out.Write(append(text, '\n'))
	return err
}
