package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"lanzha/base/auth"
	"lanzha/gateway/sandbox/city"
)

// What the house sees of the city while it is watched: a day that is past, in a
// few minutes, and then the hours as they go.
const (
	livePeople = 4000
	liveDays   = 3 // then the next city lives on
	livePast   = 26 * time.Hour
	livePace   = 900 // 26 hours in some two minutes
)

// Live lets the people of the city call, write, pay and be deceived until ctx
// ends. tell is told every ten seconds how many events came and what the rules
// said of them.
func (d *Demo) Live(ctx context.Context, tell func(string)) error {
	events, err := d.As(auth.Analyst).Events(ctx)
	if err != nil {
		return err
	}
	var alerts atomic.Int64
	var latest atomic.Value
	latest.Store("")
	go func() { // until ctx ends: then the channel is closed
		for e := range events {
			var alert struct{ Rule string }
			if e.Kind == "alert.raised" && json.Unmarshal(e.Payload, &alert) == nil {
				alerts.Add(1)
				latest.Store(alert.Rule)
			}
		}
	}()
	past := livePast
	taken := 0
	for n := uint64(0); ; n++ {
		told, here := d.now(), 0
		err := city.Live(ctx, city.LiveOptions{
			City: city.Options{Seed: d.City.Seed() + n, Days: liveDays, People: livePeople, Region: d.City.Region()},
			Base: d.base, Key: d.feeder, Past: past, Pace: livePace, Now: d.now, Pause: wait,
			Tell: func(s city.LiveState) {
				here = s.Events
				if d.now().Sub(told) < 10*time.Second {
					return
				}
				told = d.now()
				what := fmt.Sprintf("事件 %d 条（至 %s），模型告警 %d 条", taken+here, s.At.Format("1月2日 15:04"), alerts.Load())
				if rule := latest.Load().(string); rule != "" {
					what += "，最近：" + rule
				}
				tell(what)
			},
		})
		if err != nil {
			return err
		}
		taken, past = taken+here, 0
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
