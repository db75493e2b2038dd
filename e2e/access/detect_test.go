package access_test

import (
	"fmt"
	"time"

	"lanzha"
	"lanzha/base/auth"
)

// rulePackText is a pack of detection rules that nobody else has here.
func (w *world) rulePackText() string {
	n := w.serial.Add(1)
	return fmt.Sprintf(`pack: r%d
version: 1
title: {zh: 模拟监测规则, en: simulated rules}
event: call
features: [{name: calls, title: {zh: 次数, en: calls}, key: caller, aggregate: count, window: 1h}]
rules:
  - {id: r%d, title: {zh: 频繁呼叫, en: many calls}, event: call, subject: caller, severity: low, weight: 10, when: calls > 100000, reason: {zh: "{calls}次", en: "{calls} calls"}, becomes: none, status: live}
`, n, n)
}

// rulePack is a draft of another officer's.
func (w *world) rulePack() (lanzha.ID, int64) {
	return w.made(w.planter, "/detector/packs", fields{"text": w.rulePackText(), "note": "试行"})
}

// detectionCases has an entry for every operation of the detector.
func detectionCases() map[string]access {
	own := []auth.Role{auth.Responder}
	return map[string]access{
		"getDetector":   list("/detector"),
		"listRulePacks": list("/detector/packs?limit=500"),
		"getRulePack": {stranger: elsewhere, fresh: func(w *world, _ *actor) call {
			id, _ := w.rulePack()
			return call{path: "/detector/packs/" + string(id)}
		}},
		"draftRulePack": create("/detector/packs", func(w *world, _ *actor) fields {
			return fields{"text": w.rulePackText(), "note": "试行"}
		}),
		"checkRulePack": create("/detector/packs/check", func(w *world, _ *actor) fields {
			return fields{"text": w.rulePackText()}
		}),
		"activateRulePack": on("/detector/packs/%s/activate", (*world).rulePack, nil),
		"withdrawRulePack": on("/detector/packs/%s/withdraw", (*world).rulePack, nil),
		"scoreEvents": {
			open: own, why: "an institution has its own events judged, wherever it sits",
			fresh: func(w *world, _ *actor) call {
				return call{path: "/score", body: fields{"kind": "call", "event": fields{
					"start": time.Now().UTC().Format(time.RFC3339), "caller": w.number(), "callee": w.number(),
				}}}
			},
		},
		"askSignal": {
			open: own, why: "every institution may ask; who asked and why stands in the journal",
			fresh: func(w *world, _ *actor) call {
				return call{path: "/signals/" + w.signal(), body: fields{"value": w.number(), "purpose": "大额转账核实", "officer": "E1", "reference": "R-1"}}
			},
		},
	}
}

// signal is a question that the rules in force answer.
func (w *world) signal() string {
	asked := w.read(w.planter, "/detector", func(r fields) bool { return len(r["signals"].([]any)) > 0 })["signals"].([]any)
	return asked[0].(fields)["id"].(string)
}
