package disposal_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

const (
	asker  lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH1"
	other  lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH2"
	itself lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH5"
	lifter lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9WXH6"
)

// may lists where each state may go.
var may = map[disposal.State][]disposal.State{
	disposal.Requested:    {disposal.Approved, disposal.Rejected},
	disposal.Approved:     {disposal.Sent, disposal.Acknowledged, disposal.Done, disposal.Refused, disposal.Undone},
	disposal.Sent:         {disposal.Sent, disposal.Acknowledged, disposal.Done, disposal.Refused, disposal.Undone},
	disposal.Acknowledged: {disposal.Acknowledged, disposal.Done, disposal.Refused, disposal.Undone},
	disposal.Done:         {disposal.Done, disposal.Undone},
	disposal.Rejected:     {},
	disposal.Refused:      {},
	disposal.Undone:       {},
}

// TestStateMachine does anything in any order: a step either goes where it may
// and counts the version up by one, or is refused and changes nothing.
func TestStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := begin
		kind := rapid.SampledFrom(disposal.Kinds).Draw(t, "kind")
		d, err := disposal.New(itself, clue.Clue{ID: other, Kind: clue.KindMobile, Value: "+8613888812345"}, institution.Institution{ID: other}, disposal.Request{
			Kind: kind, Reason: "r", LegalBasis: "b", By: asker, Second: rapid.Bool().Draw(t, "second"),
		}, false, now)
		if err != nil {
			t.Fatal(err)
		}
		approved := d.State == disposal.Approved
		step := func(next disposal.Disposal, err error) {
			if err != nil {
				if code := lanzha.CodeOf(err); code != lanzha.CodeConflict && code != lanzha.CodeForbidden && code != lanzha.CodeInvalid {
					t.Fatalf("%v", err)
				}
				return
			}
			if next.Version != d.Version+1 {
				t.Fatalf("version %d after %d", next.Version, d.Version)
			}
			if next.State != d.State {
				ok := false
				for _, s := range may[d.State] {
					ok = ok || s == next.State
				}
				if !ok {
					t.Fatalf("%s became %s", d.State, next.State)
				}
			} else if d.State == disposal.Rejected || d.State == disposal.Refused || d.State == disposal.Undone {
				t.Fatalf("%s is the end, and changed", d.State)
			}
			approved = approved || next.State == disposal.Approved
			d = next
		}
		receipt := rapid.Custom(func(t *rapid.T) disposal.Receipt {
			return disposal.Receipt{
				State:   rapid.SampledFrom([]string{"acknowledged", "done", "refused", "pending", "unreadable", "nonsense"}).Draw(t, "state"),
				At:      now.Add(time.Duration(rapid.Int64Range(-90, 90).Draw(t, "their clock")) * time.Hour),
				Outcome: rapid.SampledFrom([]string{"", "verified", "suspended"}).Draw(t, "outcome"),
			}
		})
		who := rapid.SampledFrom([]lanzha.ID{asker, other})
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(1, 3000).Draw(t, "minutes")) * time.Minute)
			},
			"approve":  func(t *rapid.T) { step(d.Approve(who.Draw(t, "who"), now)) },
			"reject":   func(t *rapid.T) { step(d.Reject(who.Draw(t, "who"), "why", now)) },
			"withdraw": func(t *rapid.T) { step(d.Withdraw(asker, "why", now)) },
			"receipt":  func(t *rapid.T) { step(d.Receive(receipt.Draw(t, "receipt"), now, now)) },
			"escalate": func(t *rapid.T) { step(d.Escalate(rapid.IntRange(1, 2).Draw(t, "level"), other, now)) },
			"lift":     func(t *rapid.T) { step(d.Lift(lifter)) },
			"undo":     func(t *rapid.T) { step(d.Undo(now)) },
			"": func(t *rapid.T) {
				switch d.State {
				case disposal.Requested, disposal.Rejected:
					if approved {
						t.Fatalf("approved, and %s again", d.State)
					}
				default:
					if !approved || d.DecidedAt.IsZero() {
						t.Fatalf("%s without a decision", d.State)
					}
				}
				if d.DecidedBy == asker && d.State != disposal.Rejected {
					t.Fatal("who asked decided")
				}
				if d.State == disposal.Undone && (d.LiftedBy == "" || d.Kind == disposal.Restore) {
					t.Fatal("undone by nothing")
				}
				if d.State == disposal.Acknowledged && d.Kind == disposal.Recheck {
					if d.NoticedAt.Before(d.DecidedAt) || d.NoticedAt.After(now) || !d.DueAt.Equal(d.NoticedAt.Add(24*time.Hour)) {
						t.Fatalf("noticed %s, due %s", d.NoticedAt, d.DueAt)
					}
				}
				if d.Escalation == 2 && now.Before(d.DueAt) {
					t.Fatal("overdue before its time")
				}
				if d.Outcome != "" && d.Kind != disposal.Recheck {
					t.Fatal("an outcome of what has none")
				}
			},
		})
	})
}
