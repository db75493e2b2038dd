package access_test

import (
	"fmt"
	"net/http"

	"lanzha"
)

// packText is a pack that nobody else has here.
func (w *world) packText() string {
	return fmt.Sprintf(`pack: p%d
version: 1
title: {zh: 模拟规则, en: simulated rules}
summary: {zh: 模拟, en: simulated}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《模拟办法》, number: 1号}}
inputs: {adult: {type: bool, zh: 成年, en: of age}}
tables:
  answer:
    zh: 结论
    en: the answer
    hit: first
    gives: {ok: bool}
    rows: [{id: R-1, zh: 成年, en: of age, when: adult, then: {ok: "true"}, source: law, article: 第一条, phrase: 成年, status: C}]
result: {ok: "=answer.ok"}
`, w.serial.Add(1))
}

// packDraft is a draft of a text for the whole house, which the centre decides on.
func (w *world) packDraft() (lanzha.ID, int64) {
	return w.made(w.planter, "/policy/drafts", fields{"text": w.packText()})
}

// packCases has an entry for every operation on rule packs.
func packCases() map[string]access {
	of := func(path string) access {
		return access{fresh: func(w *world, _ *actor) call {
			id, _ := w.packDraft()
			return call{path: fmt.Sprintf(path, id)}
		}}
	}
	sha := func(w *world) string {
		return w.read(w.planter, "/policy/packs/mask-guidance-2023", nil)["sha256"].(string)
	}
	return map[string]access{
		"listPacks":     list("/policy/packs"),
		"getPack":       get("/policy/packs/mask-guidance-2023"),
		"getPackSchema": get("/policy/packs/mask-guidance-2023/schema"),
		"testPack":      get("/policy/packs/mask-guidance-2023/cases"),
		"diffPack": {fresh: func(w *world, _ *actor) call {
			return call{path: "/policy/packs/mask-guidance-2023/diff?older=" + sha(w) + "&newer=" + sha(w)}
		}},
		"getPackText": {fresh: func(w *world, _ *actor) call { return call{path: "/policy/texts/" + sha(w)} }},
		"evalPack":    create("/policy/packs/mask-guidance-2023/eval", func(*world, *actor) fields { return fields{"input": fields{"highSeason": true}} }),

		"listPackDrafts":    list("/policy/drafts?limit=500"),
		"getPackDraft":      of("/policy/drafts/%s"),
		"packDraftTimeline": of("/policy/drafts/%s/timeline"),
		"createPackDraft":   create("/policy/drafts", func(w *world, _ *actor) fields { return fields{"text": w.packText()} }),
		"createPackValues": create("/policy/drafts/values", func(*world, *actor) fields {
			return fields{"pack": "joint-punishment-2024", "place": hereDistrict, "values": []fields{{
				"parameter": "answerDays", "value": "30", "from": "2026-01-01", "document": "《模拟规定》", "article": "第一条", "phrase": "三十日", "status": "L",
			}}}
		}),
		"changePackDraft": {fresh: func(w *world, _ *actor) call {
			id, v := w.packDraft()
			text := w.read(w.planter, "/policy/drafts/"+string(id), nil)["files"].([]any)[0].(fields)["text"]
			return call{path: "/policy/drafts/" + string(id), version: v, body: fields{"text": text, "note": "改写"}}
		}},
		// What has a proposer is taken up by nobody: that a release brought along is not played here.
		"takeUpPackDraft": {refused: http.StatusConflict, fresh: func(w *world, _ *actor) call {
			id, v := w.packDraft()
			return call{path: "/policy/drafts/" + string(id) + "/take-up", version: v}
		}},
		"withdrawPackDraft": on("/policy/drafts/%s/withdraw", (*world).packDraft, fields{"reason": "不再需要"}),
		"activatePackDraft": on("/policy/drafts/%s/activate", (*world).packDraft, fields{}),
		"commentPackDraft": {fresh: func(w *world, _ *actor) call {
			id, _ := w.packDraft()
			return call{path: "/policy/drafts/" + string(id) + "/comments", body: fields{"row": "R-1", "text": "同意"}}
		}},
		"answerPackComment": {fresh: func(w *world, _ *actor) call {
			id, _ := w.packDraft()
			comment, _ := w.made(w.planter, "/policy/drafts/"+string(id)+"/comments", fields{"text": "意见"})
			return call{path: "/policy/drafts/" + string(id) + "/comments/" + string(comment) + "/answer", body: fields{"accepted": true}}
		}},
	}
}
