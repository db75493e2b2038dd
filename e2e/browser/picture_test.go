package browser_test

import (
	"bytes"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lanzha/app/demo"
)

var update = flag.Bool("update", false, "take the picture of the README anew")

const (
	picture    = "../../docs/console.png"
	heaviest   = 250_000 // bytes: the README is read over slow lines
	wide, high = 1280, 800
)

func pauseNot(context.Context) {}

// TestPicture holds the README's picture to its size; with -update it is taken
// from a console on which work goes on.
func TestPicture(t *testing.T) {
	if *update {
		takePicture(t)
	}
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	shape, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if shape.Width != wide || shape.Height != high || len(data) >= heaviest {
		t.Errorf("%s is %d x %d in %d bytes; want %d x %d below %d: run with -update", picture, shape.Width, shape.Height, len(data), wide, high, heaviest)
	}
}

// takePicture shows the intake desk while an officer writes down a report.
func takePicture(t *testing.T) {
	needs(t)
	h, err := build(t.TempDir(), "", demo.Options{Seed: 1, Pace: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	if _, err := h.Once(t.Context(), 0, func(string) {}, pauseNot); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		if err := h.Background(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	for _, carrier := range []string{"/carrier/1", "/carrier/2"} {
		h.slow(t, carrier, 41*time.Second)
	}
	number := strings.TrimPrefix(h.City.Lines(9000)[0], "+86")
	p := h.as(t, "officer", "/")
	p.click("@theme", "")
	p.click(".ant-dropdown-menu-item", "浅色")
	p.misses(".ant-dropdown-menu-item", "")
	p.fill("@text", "对方自称航空公司客服，用"+number+"打来，说航班取消可以赔付，让我下载会议软件共享屏幕，昨天下午3点40分从我卡里转走了3.5万元。")
	p.sees(".transcript-mirror mark.find-mobile", "")
	p.press("\r", chromedp.ModifierCtrl)
	p.sees("@taken-report @strip @clock", "")
	next := strings.TrimPrefix(h.City.Lines(9001)[1], "+86")
	p.click("@threeway", "")
	p.fill("@ref110", "JQ530120260001288")
	p.fill("@phone", "13900001111")
	p.fill("@name", "赵三十一")
	p.fill("@desk110", "110 接警 3 席")
	p.fill("@text", "刚才（今天上午7点20分）接到"+next+"的电话，自称公安民警，说我名下的卡涉嫌洗钱，要我把12,000元转到安全账户，还让我加微信 wx_anquan8800，登录 anquan-zhongxin.example 填资料。我还没有转。")
	p.sees("@find", next[:3])
	p.sees(".transcript-mirror mark.find-mobile", "")
	p.misses(".skeleton", "")
	shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(picture, palette(t, shot), 0o644); err != nil { //nolint:gosec // a file of the repository
		t.Fatal(err)
	}
}

// palette redraws a picture in the 256 colours it has most of: a page of text
// loses nothing by it and weighs a third.
func palette(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	bounds := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colours := color.Palette{}
	for range min(256, len(count)) {
		var best color.RGBA
		for c, n := range count {
			if n > count[best] {
				best = c
			}
		}
		colours = append(colours, best)
		delete(count, best)
	}
	small := image.NewPaletted(bounds, colours)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			small.Set(x, y, at(x, y))
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
