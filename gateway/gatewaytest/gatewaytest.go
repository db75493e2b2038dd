// Package gatewaytest is the conformance suite of gateways: what every way of
// speaking to an institution must hold, whatever its protocol. A gateway's far
// side is put into Far, and Run plays the suite against it over whatever the
// gateway really uses: HTTP on loopback, a folder, or nothing.
package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha/gateway"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

// Far is a gateway with what stands behind it: two institutions, 0 and 1.
type Far struct {
	Asker    clue.Asker
	Disposer disposal.Disposer // nil for a gateway that only asks

	// Question is a question to institution i that it can answer; Order an
	// order that it can carry out.
	Question func(i int, key string) clue.Question
	Order    func(i int, key string) disposal.Order
	// Unknown is a question that institution i understands and refuses; nil
	// where nothing is refused at once.
	Unknown func(i int, key string) clue.Question
	// State is the state of an answer to Question, Done that of a receipt.
	State, Done string

	// Keys lists how many distinct keys institution i has taken down; nil for
	// a gateway from which nothing leaves the house.
	Keys func(t *testing.T, i int) int

	// Wire is set for gateways that speak over a network.
	Wire *Wire
}

// Wire makes the far side of a network misbehave.
type Wire struct {
	// Hold makes institution i take questions down and say nothing until
	// release is called. taken receives a value for each request taken down.
	Hold func(t *testing.T, i int) (taken <-chan struct{}, release func())
	// Lie makes institution i answer with something else; see Lies. "" ends it.
	Lie func(t *testing.T, i int, lie string)
	// Fail makes institution i answer every request with status 503.
	Fail func(t *testing.T, i int, on bool)
	// Drip makes institution i send its reply byte by byte, with longer between
	// the bytes than any test waits.
	Drip func(t *testing.T, i int)
	// Hasty is the same asker with a patience of Patience.
	Hasty clue.Asker
}

// Patience is how long Wire.Hasty waits for one answer.
const Patience = 200 * time.Millisecond

// Lies are what a far side may say instead of an answer. All but "cut" are
// whole replies, which are kept as evidence; a connection cut in the middle is
// no reply, and the question is asked again.
var Lies = []string{"garbage", "html", "truncated", "huge", "empty", "cut"}

// Run plays the suite. open makes a fresh gateway with a fresh far side.
func Run(t *testing.T, open func(t *testing.T) *Far) {
	t.Helper()
	tests := []struct {
		name string
		wire bool
		run  func(*testing.T, *Far)
	}{
		{"a repeat is one question", false, repeats},
		{"a repeat is one order", false, orders},
		{"many keys at once", false, manyKeys},
		{"a cancelled context", false, cancelled},
		{"a refusal is an answer", false, refusals},
		{"time-out, then again", true, timeout},
		{"failure, then again", true, failure},
		{"lies", true, lying},
		{"a slow institution delays no other", true, bulkhead},
		{"a hung question ends with its context", true, hung},
		{"a reply that drips", true, dripping},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			far := open(t)
			if tt.wire && far.Wire == nil {
				return // nothing hangs or lies between the desk and a folder
			}
			tt.run(t, far)
		})
	}
}

// key is a key of the form that lookups have.
func key(n int) string { return fmt.Sprintf("01KB3V6N0Q8V4Y2ZC5T7R%05d", n) }

func ask(t *testing.T, far *Far, i int, key string) clue.Answer {
	t.Helper()
	a, err := far.Asker.Ask(t.Context(), far.Question(i, key))
	if err != nil {
		t.Fatalf("Ask: %v", err)
	}
	return a
}

func wantKeys(t *testing.T, far *Far, i, want int) {
	t.Helper()
	if far.Keys == nil {
		return
	}
	if got := far.Keys(t, i); got != want {
		t.Errorf("institution %d has taken down %d distinct keys, want %d", i, got, want)
	}
}

func repeats(t *testing.T, far *Far) {
	first := ask(t, far, 0, key(1))
	if first.State != far.State {
		t.Fatalf("state %q, want %q (reason %q)", first.State, far.State, first.Reason)
	}
	for range 3 {
		if diff := cmp.Diff(first, ask(t, far, 0, key(1))); diff != "" {
			t.Errorf("a repeat was answered otherwise (-first +repeat):\n%s", diff)
		}
	}
	wantKeys(t, far, 0, 1)
	wantKeys(t, far, 1, 0)
	ask(t, far, 0, key(2))
	wantKeys(t, far, 0, 2)
}

func orders(t *testing.T, far *Far) {
	if far.Disposer == nil {
		return
	}
	var first disposal.Receipt
	for n := range 3 {
		r, err := far.Disposer.Dispose(t.Context(), far.Order(0, key(1)))
		if err != nil {
			t.Fatalf("Dispose: %v", err)
		}
		if n == 0 {
			first = r
		}
		if diff := cmp.Diff(first, r); diff != "" {
			t.Errorf("a repeat was receipted otherwise (-first +repeat):\n%s", diff)
		}
	}
	if first.State != far.Done {
		t.Errorf("state %q, want %q (reason %q)", first.State, far.Done, first.Reason)
	}
	wantKeys(t, far, 0, 1)
}

// manyKeys asks many questions at once, each twice, under keys that differ
// little.
func manyKeys(t *testing.T, far *Far) {
	const n = 40
	errs := make(chan error)
	for i := range 2 * n {
		go func() {
			_, err := far.Asker.Ask(t.Context(), far.Question(0, key(i%n)))
			errs <- err
		}()
	}
	for range 2 * n {
		if err := <-errs; err != nil {
			t.Errorf("Ask: %v", err)
		}
	}
	wantKeys(t, far, 0, n)
}

func cancelled(t *testing.T, far *Far) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := far.Asker.Ask(ctx, far.Question(0, key(1))); !errors.Is(err, context.Canceled) {
		t.Errorf("Ask with a cancelled context: error %v, want context.Canceled", err)
	}
	wantKeys(t, far, 0, 0)
	if far.Disposer == nil {
		return
	}
	if _, err := far.Disposer.Dispose(ctx, far.Order(0, key(1))); !errors.Is(err, context.Canceled) {
		t.Errorf("Dispose with a cancelled context: error %v, want context.Canceled", err)
	}
	wantKeys(t, far, 0, 0)
}

func refusals(t *testing.T, far *Far) {
	if far.Unknown == nil {
		return
	}
	a, err := far.Asker.Ask(t.Context(), far.Unknown(0, key(1)))
	if err != nil {
		t.Fatalf("a refusal came as an error: %v", err)
	}
	if a.State != clue.AnswerRefused || a.Reason == "" || a.Subscriber != nil {
		t.Errorf("got state %q, reason %q; want refused with a reason and nothing else", a.State, a.Reason)
	}
}

// timeout gives up on a question that was taken down, and asks it again.
func timeout(t *testing.T, far *Far) {
	taken, release := far.Wire.Hold(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := far.Asker.Ask(ctx, far.Question(0, key(1)))
		done <- err
	}()
	<-taken
	cancel()
	if err := <-done; err == nil {
		t.Fatal("a question that nobody answered ended without an error")
	}
	wantKeys(t, far, 0, 1)
	release()
	if a := ask(t, far, 0, key(1)); a.State != far.State {
		t.Errorf("asked again: state %q, want %q", a.State, far.State)
	}
	wantKeys(t, far, 0, 1)
}

func failure(t *testing.T, far *Far) {
	far.Wire.Fail(t, 0, true)
	if a, err := far.Asker.Ask(t.Context(), far.Question(0, key(1))); err == nil {
		t.Errorf("status 503 came as an answer in state %q, want an error", a.State)
	}
	far.Wire.Fail(t, 0, false)
	if a := ask(t, far, 0, key(1)); a.State != far.State {
		t.Errorf("asked again: state %q, want %q", a.State, far.State)
	}
	wantKeys(t, far, 0, 1)
}

func lying(t *testing.T, far *Far) {
	for n, lie := range Lies {
		far.Wire.Lie(t, 0, lie)
		a, err := far.Asker.Ask(t.Context(), far.Question(0, key(n)))
		switch {
		case lie == "cut":
			if err == nil {
				t.Errorf("cut: an answer in state %q, want an error", a.State)
			}
		case err != nil:
			t.Errorf("%s: error %v, want state unreadable", lie, err)
		case a.State != clue.AnswerUnreadable:
			t.Errorf("%s: state %q, want unreadable", lie, a.State)
		case len(a.Raw) == 0 && lie != "empty":
			t.Errorf("%s: nothing was kept", lie)
		case len(a.Raw) > gateway.MaxRaw:
			t.Errorf("%s: %d bytes were kept, want %d at the most", lie, len(a.Raw), gateway.MaxRaw)
		case a.Subscriber != nil || a.InstallAddress != "":
			t.Errorf("%s: an unreadable answer says something", lie)
		}
		far.Wire.Lie(t, 0, "")
		if a := ask(t, far, 0, key(n)); a.State != far.State {
			t.Errorf("%s: asked again: state %q, want %q", lie, a.State, far.State)
		}
		wantKeys(t, far, 0, n+1)
	}
}

// bulkhead fills one institution with questions that it does not answer, and
// asks the other.
func bulkhead(t *testing.T, far *Far) {
	const slow = 60
	taken, release := far.Wire.Hold(t, 0)
	done := make(chan error, slow)
	for n := range slow {
		go func() {
			_, err := far.Asker.Ask(t.Context(), far.Question(0, key(n)))
			done <- err
		}()
	}
	for range slow {
		<-taken
	}
	for n := range 5 {
		if a := ask(t, far, 1, key(n)); a.State != far.State {
			t.Errorf("the quick institution: state %q, want %q", a.State, far.State)
		}
	}
	if len(done) != 0 {
		t.Errorf("%d questions to the slow institution ended before it spoke", len(done))
	}
	release()
	for range slow {
		if err := <-done; err != nil {
			t.Errorf("the slow institution: %v", err)
		}
	}
	wantKeys(t, far, 0, slow)
	wantKeys(t, far, 1, 5)
}

func hung(t *testing.T, far *Far) {
	taken, release := far.Wire.Hold(t, 0)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := far.Asker.Ask(ctx, far.Question(0, key(1)))
		done <- err
	}()
	<-taken
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := far.Wire.Hasty.Ask(t.Context(), far.Question(0, key(2))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of patience: error %v, want context.DeadlineExceeded", err)
	}
}

func dripping(t *testing.T, far *Far) {
	far.Wire.Drip(t, 0)
	if _, err := far.Wire.Hasty.Ask(t.Context(), far.Question(0, key(1))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a reply that drips: error %v, want context.DeadlineExceeded", err)
	}
	if a := ask(t, far, 1, key(1)); a.State != far.State {
		t.Errorf("beside it: state %q, want %q", a.State, far.State)
	}
}
