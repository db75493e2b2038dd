package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is one page of the browser with cookies and storage of its own. It
// watches what a user does not see: errors of the console, exceptions, and
// answers of the server that should not be.
type tab struct {
	t    *testing.T
	ctx  context.Context
	site string

	mu       sync.Mutex
	problems []string
	allowed  []string
	close    func() // may be called twice
}

// eyes are what the tests know of a page: which elements a person can see, and
// whether a person could click one.
const eyes = `globalThis.lz = {
	shown: (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden",
	find: (css, text) => [...document.querySelectorAll(css)].filter(lz.shown).find((e) => !text || (e.textContent + "\n" + (e.value ?? "")).includes(text)),
	field: (css) => { const e = lz.find(css); return e && (e.matches("input,textarea") ? e : e.querySelector("input,textarea")) },
	// The middle of an element that has come to rest and lies in front of everything else.
	target: (css, text) => {
		const e = lz.find(css, text)
		if (!e || e.disabled) return null
		let r = e.getBoundingClientRect()
		if (r.top < 0 || r.left < 0 || r.bottom > innerHeight || r.right > innerWidth) { e.scrollIntoView({ block: "center", inline: "center" }); r = e.getBoundingClientRect() }
		const at = [r.left + r.width / 2, r.top + r.height / 2]
		const before = lz.last
		lz.last = [e, ...at]
		if (!before || before.some((v, i) => v !== lz.last[i])) return null
		if (document.getAnimations().some((a) => a.playState === "running" && a.effect?.target?.contains(e) && a.effect.getTiming().iterations !== Infinity)) return null
		const front = document.elementFromPoint(...at)
		if (!e.contains(front)) return null
		lz.aim = e
		lz.hit = true
		return at
	},
	set: (e, v) => {
		Object.getOwnPropertyDescriptor(Object.getPrototypeOf(e), "value").set.call(e, v)
		e.dispatchEvent(new Event("input", { bubbles: true }))
	},
}
// What has moved away between the look and the press is not pressed: another thing may lie there now.
for (const kind of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"])
	addEventListener(kind, (e) => {
		if (kind === "pointerdown") lz.presses = (lz.presses ?? 0) + 1
		if (!lz.aim || !e.isTrusted) return
		if (kind === "pointerdown") lz.hit = lz.aim.contains(e.target)
		if (lz.hit) return
		e.stopImmediatePropagation()
		e.preventDefault()
	}, true)
// Nothing moves under the pointer of a machine that is slower than its own animations.
addEventListener("DOMContentLoaded", () => {
	const calm = document.createElement("style")
	calm.textContent = "*, ::before, ::after { animation-duration: 1ms !important; animation-delay: 0s !important; transition-duration: 0s !important; transition-delay: 0s !important }"
	document.head.append(calm)
})`

// open opens a page of a site in a fresh tab.
func open(t *testing.T, site, path string) *tab {
	t.Helper()
	root, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	ctx, timeout := context.WithTimeout(ctx, 5*time.Minute)
	p := &tab{t: t, ctx: ctx, site: site}
	p.close = sync.OnceFunc(func() {
		p.end()
		timeout()
		cancel()
	})
	t.Cleanup(p.close)
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: eyes}); err != nil {
		t.Fatal(err)
	}
	// A tab behind another keeps its focus, as if somebody sat before each.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	p.size(1280, 800)
	p.visit(path)
	return p
}

// watch takes down what must not happen.
func (p *tab) watch(event any) {
	note := func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, fmt.Sprintf(format, args...))
	}
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			text, _ := json.Marshal(e.Args)
			note("console: %s", text)
		}
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails)
		note("exception: %s", text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			note("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 500 {
			note("answer: %d %s", e.Response.Status, e.Response.URL)
		}
	}
}

// allow excuses problems whose text has the given part: what the test itself
// brings about.
func (p *tab) allow(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, part)
}

// end reports what was seen, and keeps a picture of a page that failed.
func (p *tab) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		excused := false
		for _, a := range p.allowed {
			excused = excused || strings.Contains(problem, a)
		}
		if !excused {
			p.t.Errorf("the page had a problem: %s", problem)
		}
	}
	if p.t.Failed() {
		if picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot()); err == nil {
			file := filepath.Join(p.t.ArtifactDir(), string(chromedp.FromContext(p.ctx).Target.TargetID)+".png")
			p.t.Logf("what the page showed (kept with -artifacts): %s, %v", file, os.WriteFile(file, picture, 0o600))
		}
	}
}

func (p *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// visit loads a page of the site anew.
func (p *tab) visit(path string) {
	p.t.Helper()
	p.do("visiting "+path, chromedp.Navigate(p.site+path))
}

func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do("resizing", chromedp.EmulateViewport(width, height))
}

// until looks at the page until an expression is true of it, and returns what
// it then was. A page that is being replaced is looked at again.
func until[T any](p *tab, what, expression string) T {
	p.t.Helper()
	end := time.Now().Add(patience)
	look := fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + %d
		const look = () => {
			const v = globalThis.lz && document.body && (() => (%s))()
			if (v) done(v)
			else if (Date.now() > end) done(null)
			else setTimeout(look, 25)
		}
		look()
	})`, patience.Milliseconds()/2, expression)
	var last error
	for time.Now().Before(end) && p.ctx.Err() == nil {
		v, err := chromedp.Run(p.ctx, chromedp.Evaluate[*T](look, chromedp.EvalAwaitPromise))
		if err == nil && v != nil {
			return *v
		}
		last = err
	}
	p.t.Fatalf("the page at %s never had %s (%v)", p.path(), what, last)
	panic("unreachable")
}

// read evaluates an expression once.
func read[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// css reads the short form of a selector: "@name" is the element with that
// data-test.
func css(selector string) string {
	return testID.ReplaceAllString(selector, `[data-test="$1"]`)
}

var testID = regexp.MustCompile(`@([A-Za-z0-9-]+)`)

func quote(s string) string {
	text, _ := json.Marshal(s) // a string always has a JSON form
	return string(text)
}

func match(selector, text string) string {
	return fmt.Sprintf("lz.find(%s, %s)", quote(css(selector)), quote(text))
}

// sees waits for an element with a text; the empty text is any.
func (p *tab) sees(selector, text string) {
	p.t.Helper()
	until[bool](p, fmt.Sprintf("%s with %q", selector, text), "!!"+match(selector, text))
}

// misses waits until there is no such element.
func (p *tab) misses(selector, text string) {
	p.t.Helper()
	until[bool](p, fmt.Sprintf("no %s with %q", selector, text), "!"+match(selector, text))
}

// click presses an element as a person does: once it has come to rest and is
// in front. What was missed is tried again.
func (p *tab) click(selector, text string) {
	p.t.Helper()
	what := fmt.Sprintf("a place to click on %s with %q", selector, text)
	for range 10 {
		at := until[[]float64](p, what, fmt.Sprintf("lz.target(%s, %s)", quote(css(selector)), quote(text)))
		p.do("clicking", chromedp.MouseClickXY(at[0], at[1]))
		missed, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("globalThis.lz?.hit === false"))
		if err != nil || !missed { // a page that is being replaced was hit
			return
		}
	}
	p.t.Fatalf("%s kept moving away", what)
}

// submit sends the form over the page. When somebody else, or an answer that
// came meanwhile, changed the record, the form says so and the record is read
// again: it is sent once more, as the form asks.
func (p *tab) submit(button string) {
	p.t.Helper()
	for range 5 {
		p.click(button, "")
		ended := until[string](p, "an end of "+button, `!lz.find(".ant-modal .action-form") ? "sent" : lz.find(".action-form [data-test=problem]") && "refused"`)
		if ended == "sent" {
			return
		}
		if !strings.Contains(read[string](p, `lz.find(".action-form [data-test=problem]")?.textContent ?? ""`), "请核对记录的最新内容") {
			p.t.Fatalf("%s was refused: %s", button, read[string](p, `document.querySelector(".action-form").innerText`))
		}
	}
	p.t.Fatalf("%s was overtaken every time", button)
}

// fill replaces what stands in a field.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	field := fmt.Sprintf("lz.field(%s)", quote(css(selector)))
	until[bool](p, "field "+selector, fmt.Sprintf("(() => { const e = %s; if (!e || e.disabled) return false; e.focus(); e.select?.(); return document.activeElement === e })()", field))
	if strings.HasPrefix(read[string](p, field+".type"), "date") {
		read[chromedp.Void](p, fmt.Sprintf("lz.set(%s, %s)", field, quote(text)))
	} else if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatalf("typing into %s: %v", selector, err)
	}
	until[bool](p, fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf("%s.value === %s", field, quote(text)))
}

// choose picks an option of a list that opens.
func (p *tab) choose(selector, find, option string) {
	p.t.Helper()
	p.click(selector, "")
	if find != "" {
		if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: find}); err != nil {
			p.t.Fatal(err)
		}
	}
	p.click(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option", option)
}

// press presses keys one after another.
func (p *tab) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	p.do("pressing "+keys, chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// path is where the page is.
func (p *tab) path() string {
	at, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("location.pathname + location.search")) // only told
	return at
}

// at waits until the page is at a path that begins so.
func (p *tab) at(prefix string) {
	p.t.Helper()
	until[bool](p, "the path "+prefix, fmt.Sprintf("(location.pathname + location.search).startsWith(%s)", quote(prefix)))
}

// signIn goes through the sign-in page.
func (p *tab) signIn(login, password string) {
	p.t.Helper()
	p.allow("401 (Unauthorized) " + p.site + "/api/v1/me")
	p.fill("@login", login)
	p.fill("@password", password)
	p.click("@signin-submit", "")
}

// as opens a page as one of the city's people.
func (h *house) as(t *testing.T, login, path string) *tab {
	t.Helper()
	p := open(t, h.url(), path)
	p.signIn(login, h.passwords[login])
	p.sees("@user", "")
	return p
}
