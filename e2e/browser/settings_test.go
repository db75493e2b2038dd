package browser_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestLanguageAndTheme(t *testing.T) {
	t.Parallel()
	h := shared(t)
	p := h.as(t, "officer", "/clues")
	p.sees("nav.rail", "线索核查")
	p.click("@language", "EN")
	p.sees("nav.rail", "Clues")
	p.click("@theme", "")
	p.click(".ant-dropdown-menu-item", "Dark")
	until[bool](p, "a dark page", `document.documentElement.dataset.theme === "dark"`)
	p.do("reloading", chromedp.Reload())
	p.sees("nav.rail", "Clues")
	until[bool](p, "a page that is still dark and English", `document.documentElement.dataset.theme === "dark" && document.documentElement.lang === "en"`)
	p.press("?")
	p.sees("@help-list", "take a report")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	h := shared(t)
	number := h.City.Lines(5030)[0]
	h.report(t, "冒充领导，号码"+number[3:])
	id := h.clue(t, number)
	p := h.as(t, "officer", "/dens")
	p.sees("@list-dens", "")
	p.press("/")
	p.press(number[3:] + "\r")
	p.at("/clues/" + string(id))
	p.press("/")
	p.press("13000000000\r")
	p.sees("@hits", "没有找到")
}

// wire carries connections to a house and can be cut.
type wire struct {
	net.Listener
	to  string
	mu  sync.Mutex
	cut bool
	all map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to, all: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		w.set(true)
		running.Wait()
	})
	return w
}

// carry copies both ways until either end is done.
func (w *wire) carry(c net.Conn) {
	defer c.Close()
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	if w.cut {
		w.mu.Unlock()
		return
	}
	w.all[c], w.all[far] = true, true
	w.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, far}, {far, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // a cut wire ends in an error
			done <- struct{}{}
		}()
	}
	<-done
	_, _ = c.Close(), far.Close()
	<-done
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, c)
	delete(w.all, far)
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.all {
			_ = c.Close()
		}
	}
}

func TestLostConnection(t *testing.T) {
	t.Parallel()
	h := shared(t)
	first, second := h.City.Lines(5040)[0], h.City.Lines(5041)[0]
	h.report(t, "冒充领导，号码"+first[3:])
	h.clue(t, first)
	w := newWire(t, h.address)
	p := open(t, "http://"+w.Addr().String(), "/clues?q="+second[3:])
	p.allow("net::ERR_")
	p.signIn("officer", h.passwords["officer"])
	p.sees(".empty", "没有符合条件的线索")
	p.misses("@lost", "")

	w.set(true)
	p.sees("@lost", "连接中断")
	h.report(t, "冒充领导，号码"+second[3:]) // while nobody could tell the page
	h.clue(t, second)
	w.set(false)
	p.misses("@lost", "")
	p.sees("@row", second[3:6]) // it has asked for what it missed by itself
}
