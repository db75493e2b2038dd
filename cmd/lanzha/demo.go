package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha/app"
	"lanzha/app/demo"
	"lanzha/base/telemetry"
)

// DemoCmd runs the house with a simulated city.
type DemoCmd struct {
	Once bool   `help:"Play the story once, without waiting between people's steps, and end."`
	JSON bool   `help:"Print the result of the story as one line of JSON (with --once)."`
	Seed uint64 `default:"1" help:"Another seed plays with other people, numbers and places."`
}

// Run plays until it is told to stop, or once. The database is a fresh one in
// a folder that goes again, unless --data or --database names another.
func (c *DemoCmd) Run(ctx context.Context, std *Std, env *Env) (err error) {
	if env.Data == "" {
		dir, err := os.MkdirTemp("", "lanzha-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		env.Data = dir
	}
	loaded, err := env.Load()
	if err != nil {
		return err
	}
	cfg := loaded.Config
	if cfg.Centre.Region == "" {
		cfg.Centre.Region, cfg.Centre.Name, cfg.Centre.Short = "530100", "模拟市反诈中心", "模"
	}
	address := cfg.Listen
	if c.Once && env.Listen == "" {
		address = "127.0.0.1:0" // nobody needs to find it
	}
	l, err := listen(ctx, address)
	if err != nil {
		return err
	}
	defer l.Close()
	log, err := telemetry.NewLogger(std.Err, "warn", cfg.Log.Format)
	if err != nil {
		return err
	}
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	city, err := demo.New(ctx, house, siteURL(l, false), demo.Options{Seed: c.Seed, Pace: 1, Clock: std.Now})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error { return city.Run(running) })
	group.Go(func() error {
		defer stop()
		if err := city.SignIn(running); err != nil {
			return err
		}
		if c.Once {
			return c.once(running, std, city)
		}
		return c.play(running, std, city, l)
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (c *DemoCmd) once(ctx context.Context, std *Std, city *demo.Demo) error {
	tell := func(what string) { fmt.Fprintln(std.Out, what) }
	if c.JSON {
		tell = func(string) {}
	}
	result, err := city.Once(ctx, 0, tell, func(context.Context) {})
	if err != nil {
		return err
	}
	if !c.JSON {
		for _, l := range result.Lookups {
			fmt.Fprintf(std.Out, "  %s：%d 毫秒反馈\n", l.Institution, l.AnsweredMS)
		}
		fmt.Fprintf(std.Out, "窝点：%s（%d 条独立线索）\n", result.Den.Address, result.Den.Clues)
		return nil
	}
	return json.NewEncoder(std.Out).Encode(result)
}

// play tells the story again and again at a human pace, with ordinary reports
// in between.
func (c *DemoCmd) play(ctx context.Context, std *Std, city *demo.Demo, l net.Listener) error {
	fmt.Fprintf(std.Out, "\n拦诈演示：%s\n\n", siteURL(l, false))
	fmt.Fprintln(std.Out, "  账号 login    姓名 name      口令 password")
	for _, a := range city.Accounts {
		if a.Role != "unit" {
			fmt.Fprintf(std.Out, "  %-13s %-14s %s\n", a.Login, a.Name, a.Password)
		}
	}
	fmt.Fprintf(std.Out, "  police-*      属地派出所      %s\n\nCtrl-C 结束 stops.\n\n", city.Accounts[0].Password)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return city.Register(ctx) })
	if city.House.Config.Detect.On {
		group.Go(func() error {
			return city.Live(ctx, func(what string) {
				fmt.Fprintf(std.Out, "%s  %s\n", std.Now().In(city.House.Config.Location()).Format("15:04:05"), what)
			})
		})
	}
	var reports atomic.Int64
	group.Go(func() error {
		for i := 0; ; i++ {
			if pause(ctx, 4*time.Second) != nil {
				return nil
			}
			if err := city.Background(ctx, i); err != nil {
				return err
			}
			reports.Add(1)
		}
	})
	group.Go(func() error {
		for n := 0; ; n++ {
			tell := func(what string) {
				fmt.Fprintf(std.Out, "%s  %s\n", std.Now().In(city.House.Config.Location()).Format("15:04:05"), what)
			}
			if _, err := city.Once(ctx, n, tell, func(ctx context.Context) { _ = pause(ctx, 5*time.Second) }); err != nil {
				return err
			}
			tell(fmt.Sprintf("本案办结，同时受理普通警情 %d 起\n", reports.Load()))
			if pause(ctx, 20*time.Second) != nil {
				return nil
			}
		}
	})
	return group.Wait()
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
