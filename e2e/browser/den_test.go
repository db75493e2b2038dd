package browser_test

import (
	"strconv"
	"strings"
	"testing"

	"lanzha"
)

// step opens the den as the person whose turn it is.
func (h *house) step(t *testing.T, login string, den lanzha.ID, do func(p *tab)) {
	t.Helper()
	p := h.as(t, login, "/dens/"+string(den))
	p.sees("@steps", "")
	do(p)
	p.close()
}

// approved takes a den to the local police.
func (h *house) dispatched(t *testing.T, den lanzha.ID, document, station string) {
	t.Helper()
	h.step(t, "analyst", den, func(p *tab) {
		p.sees("@evidence-card", "0871")
		until[bool](p, "two pieces of evidence", `document.querySelectorAll('[data-test=evidence-card]').length >= 2`)
		p.sees("@evidence-card .address mark", "")
		p.click("@analyse", "")
		p.fill("@analyse-text", "两条独立线索指向同一房间，建议现场核查")
		p.submit("@analyse-submit")
		p.sees("@head @state[data-state=analysed]", "")
		p.misses("@approve", "")
	})
	h.step(t, "leader", den, func(p *tab) {
		p.click("@approve", "")
		p.sees("@approve-submit:disabled", "")
		p.fill("@approve-document", document)
		p.submit("@approve-submit")
		p.sees("@head @state[data-state=approved]", "")
		p.sees(".facts", document)
		p.click("@dispatch", "")
		p.choose("@dispatch-unit", station, station)
		p.submit("@dispatch-submit")
		p.sees("@head @state[data-state=dispatched]", "")
	})
}

// station is the police station of a den's district, and its login.
func (h *house) station(n int) (name, login string) {
	region := h.City.StoryAt(n).Place.Region
	for _, in := range h.City.Institutions("") {
		if in.Code == "sim-police-"+string(region) {
			return in.Name, strings.TrimPrefix(in.Code, "sim-")
		}
	}
	return "", ""
}

func TestDenConfirmed(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const story, document = 1, "模拟检字〔2026〕1001号"
	found := h.City.StoryAt(story).Found
	name, login := h.station(story)
	den := h.raise(t, story)
	h.dispatched(t, den, document, name)
	h.step(t, login, den, func(p *tab) {
		p.sees("@head @clock", "")
		p.click("@receive", "")
		p.submit("@receive-submit")
		p.sees("@head @state[data-state=received]", "")
		p.click("@confirm", "")
		p.fill("@confirm-people", strconv.Itoa(found.People))
		p.fill("@confirm-devices-goip", strconv.Itoa(found.Devices.GOIP))
		p.fill("@confirm-devices-router", strconv.Itoa(found.Devices.Router))
		p.fill("@confirm-note", found.Note)
		p.submit("@confirm-submit")
		p.sees("@head @state[data-state=confirmed]", "")
		p.sees("@outcome", strconv.Itoa(found.Devices.GOIP)+"GOIP")
		p.click("@rail-dens", "")
		p.sees("@row @state[data-state=confirmed]", "")
	})

	p := h.as(t, "leader", "/dens/"+string(den))
	p.click("main .facts a[href^='/dossiers/']", "")
	p.sees("@dossier-page", "")
	p.sees("@dossier-den @outcome", strconv.Itoa(found.People)+"抓获人数")
	p.sees("@strip", "")
	p.click("@file", "")
	p.fill("@file-document", "模拟立字〔2026〕88号")
	p.fill("@file-case", "A530100202600088")
	p.submit("@file-submit")
	p.sees("@head @state[data-state=filed]", "")
	p.sees(".facts", "模拟立字〔2026〕88号")
	p.visit("/dossiers?state=filed")
	p.sees("@row", "A530100202600088")
}

func TestDenNothingFound(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const story = 2
	name, login := h.station(story)
	den := h.raise(t, story)
	h.dispatched(t, den, "模拟检字〔2026〕1002号", name)
	h.step(t, login, den, func(p *tab) {
		p.click("@receive", "")
		p.submit("@receive-submit")
		p.sees("@head @state[data-state=received]", "")
		p.click("@nothing-found", "")
		p.fill("@nothing-found-text", "房间已退租，现场无人无设备")
		p.submit("@nothing-found-submit")
		p.sees("@head @state[data-state=nothing_found]", "")
		p.sees("@timeline", "房间已退租")
		p.visit("/dens?state=nothing_found")
		p.sees("@row", "未发现")
	})
}
