package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"lanzha/know/institution"
	"lanzha/work/register/check"
)

// load asks over connections of its own. It speaks just enough HTTP to take
// little of the two cores from the house.
type load struct {
	address  string
	clients  []*client
	size     int // checks in a request
	answered int64
}

// client is one connection with the requests that it sends in turn.
type client struct {
	requests []prepared
	next     int
	took     []time.Duration
}

// prepared is a request and how often each result must stand in its answer.
type prepared struct {
	text                       []byte
	notListed, differs, listed int
}

// services is what each institution asks about.
var services = map[institution.Kind]check.Service{
	institution.Bank: check.NoncounterBank, institution.Payment: check.NewPaymentAccount,
	institution.Carrier: check.NewTelecomService, institution.Platform: check.AppDistribution,
}

func newLoad(address string, keys []askingKey, connections, size, listings int) *load {
	l := &load{address: address, size: size}
	each := max(2, min(4096, 200_000/connections)/size)
	n := 0
	for i := range connections {
		c := &client{}
		for range each {
			c.requests = append(c.requests, prepare(address, keys[i%len(keys)], size, listings, &n))
		}
		l.clients = append(l.clients, c)
	}
	return l
}

// prepare writes a request about the next persons: every tenth is listed, and
// every hundredth of these is asked for by another name.
func prepare(address string, k askingKey, size, listings int, n *int) prepared {
	var p prepared
	body := []byte(`{"purpose":"opening","officer":"E10293","reference":"20261125-` + strconv.Itoa(*n) + `","checks":[`)
	for i := range size {
		if i > 0 {
			body = append(body, ',')
		}
		who := *n*7919%listings + listings // not listed
		name := nameOf(who)
		if *n%10 == 0 {
			who = *n * 7919 / 10 % listings
			name = nameOf(who)
			p.listed++
			if *n%1000 == 0 {
				name += "二"
				p.listed--
				p.differs++
			}
		} else {
			p.notListed++
		}
		*n++
		body = fmt.Appendf(body, `{"number":"%s","name":"%s","service":"%s"}`, numberOf(who), name, services[k.kind])
	}
	body = append(body, "]}"...)
	p.text = fmt.Appendf(nil, "POST /api/v1/register/checks HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", address, k.key, len(body))
	p.text = append(p.text, body...)
	return p
}

// ready waits until the house has read its list.
func (l *load) ready(ctx context.Context) error {
	for {
		err := l.clients[0].try(ctx, l)
		if err == nil {
			return nil
		}
		if e, ok := errors.AsType[statusError](err); !ok || e != http.StatusServiceUnavailable {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// try sends one request on a connection of its own.
func (c *client) try(ctx context.Context, l *load) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = c.ask(conn, bufio.NewReader(conn), new([]byte))
	if err == nil {
		l.answered += int64(l.size)
	}
	return err
}

type statusError int

func (e statusError) Error() string { return "the house answers " + strconv.Itoa(int(e)) }

// ask sends the next request and compares the answer.
func (c *client) ask(conn net.Conn, in *bufio.Reader, body *[]byte) error {
	p := &c.requests[c.next]
	if c.next++; c.next == len(c.requests) {
		c.next = 0
	}
	if _, err := conn.Write(p.text); err != nil {
		return err
	}
	status, length := 0, -1
	for line := 0; ; line++ {
		text, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch {
		case line == 0 && len(text) > 12:
			status, _ = strconv.Atoi(string(text[9:12]))
		case bytes.HasPrefix(text, []byte("Content-Length: ")):
			length, _ = strconv.Atoi(string(bytes.TrimSpace(text[16:])))
		}
		if len(text) <= 2 {
			break
		}
	}
	if length < 0 {
		return errors.New("the answer does not say how long it is")
	}
	if cap(*body) < length {
		*body = make([]byte, length)
	}
	b := (*body)[:length]
	if _, err := io.ReadFull(in, b); err != nil {
		return err
	}
	if status != http.StatusOK {
		return statusError(status)
	}
	if notListed := bytes.Count(b, []byte(`"not_listed"`)); notListed != p.notListed {
		return fmt.Errorf("%d of %d are not listed, want %d", notListed, p.notListed+p.differs+p.listed, p.notListed)
	}
	if listed := bytes.Count(b, []byte(`"listed"`)); listed != p.listed {
		return fmt.Errorf("%d are listed, want %d", listed, p.listed)
	}
	return nil
}

// run asks for a time. Without a rate every connection asks again as soon as
// it is answered; with one, requests are due at fixed moments, and the time
// until the answer counts from there.
func (l *load) run(ctx context.Context, during time.Duration, rate float64) (asked, error) {
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	conns := make([]net.Conn, len(l.clients))
	for i := range conns {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.address)
		if err != nil {
			return asked{}, err
		}
		defer conn.Close()
		conns[i] = conn
		l.clients[i].took = make([]time.Duration, 0, 1<<16)
	}
	used, began := cpu(), time.Now()
	end := began.Add(during)
	every := time.Duration(0)
	if rate > 0 {
		every = time.Duration(float64(len(l.clients)) / rate * float64(time.Second))
	}
	for i, c := range l.clients {
		group.Go(func() {
			in, body := bufio.NewReaderSize(conns[i], 64<<10), []byte{}
			due := began.Add(every * time.Duration(i) / time.Duration(len(l.clients)))
			for {
				at := time.Now()
				if every > 0 {
					if wait := due.Sub(at); wait > 0 {
						time.Sleep(wait)
					}
					at = due
					due = due.Add(every)
				}
				if at.After(end) || failed.Load() != nil || ctx.Err() != nil {
					return
				}
				if err := c.ask(conns[i], in, &body); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				c.took = append(c.took, time.Since(at))
			}
		})
	}
	group.Wait()
	lasted, spent := time.Since(began), cpu()-used
	if err := failed.Load(); err != nil {
		return asked{}, *err
	}
	all := []time.Duration{}
	for _, c := range l.clients {
		all = append(all, c.took...)
	}
	checks := int64(len(all)) * int64(l.size)
	l.answered += checks
	sort := "single"
	if l.size > 1 {
		sort = "batch"
	}
	return asked{
		Sort: sort, PerSecond: float64(int64(float64(checks) / lasted.Seconds())), P50: quantile(all, 0.5), P99: quantile(all, 0.99), Max: quantile(all, 1),
		CPU: float64(spent.Nanoseconds()/max(checks, 1)) / 1e6, Checks: checks,
	}, ctx.Err()
}

// numberOf is the resident's number of the n-th person of a made-up country:
// each has another.
func numberOf(n int) string {
	const days = 20_000 // of birth, from 1950 on
	areas := [...]int{530102, 530103, 530111, 530112, 530114, 530326, 110105, 310115, 440305, 510107}
	// Neighbours in the register are none by number.
	m := n * 104_729 % (len(areas) * days * 1000)
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, m/1000%days)
	s := fmt.Sprintf("%06d%s%03d", areas[m/1000/days], born.Format("20060102"), m%1000)
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(s[i]-'0')
	}
	return s + "10X98765432"[sum%11:sum%11+1]
}

// nameOf is the name of the n-th person.
func nameOf(n int) string {
	family, given := []rune("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"), []rune("一丁七万三上下不与且世东两中丰为主久义乐")
	return string([]rune{family[n%len(family)], given[n/16%len(given)], given[n/320%len(given)]})
}
