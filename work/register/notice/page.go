package notice

import (
	"bytes"
	"html/template"

	"lanzha"
)

// page is a notice on A4, black on white, with nothing to fetch.
var page = template.Must(template.New("notice").Funcs(template.FuncMap{
	"numeral": func(i int) string {
		return []string{"一", "二", "三", "四", "五", "六", "七", "八", "九"}[i%9]
	},
}).Parse(`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>{{.Text.Title}}</title>
<style>
@page { size: A4; margin: 25mm 26mm; }
body { font: 12pt/1.75 "FangSong", "STFangsong", "Noto Serif CJK SC", serif; color: #000; max-width: 160mm; margin: 0 auto; }
h1 { font: bold 18pt/1.4 "SimSun", "STSong", "Noto Serif CJK SC", serif; text-align: center; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 3mm 0 0; break-after: avoid; }
p { margin: 0; text-align: justify; text-indent: 2em; }
p.number, p.to { text-indent: 0; }
p.number { text-align: center; font-size: 10.5pt; margin-bottom: 4mm; }
.end { margin-top: 8mm; text-align: right; break-inside: avoid; }
.end p { text-indent: 0; text-align: right; }
.code { margin-top: 6mm; border: 0.4mm solid #000; padding: 2mm 4mm; break-inside: avoid; }
.code p { text-indent: 0; }
.code b { font: bold 14pt/1.6 "DejaVu Sans Mono", monospace; }
.receipt { margin-top: 8mm; border-top: 0.2mm dashed #000; padding-top: 3mm; break-inside: avoid; }
.receipt p { text-indent: 0; }
</style>
</head>
<body>
<h1>{{.Text.Title}}</h1>
<p class="number">编号：{{.Text.Number}}</p>
<p class="to">{{.Text.To}}：</p>
<p>{{.Text.Opening}}</p>
{{range $i, $s := .Text.Sections}}<h2>{{numeral $i}}、{{$s.Heading}}</h2>
{{range $s.Lines}}<p>{{.}}</p>
{{end}}{{end}}<div class="code">{{if .Code}}<p>查询码：<b>{{.Code}}</b></p><p>查询码只交给你本人，请勿告诉他人。任何人以“解除惩戒”为名要求转账、索要验证码的，都是诈骗。</p>{{else}}<p>查询码另行交付。</p>{{end}}</div>
<div class="end"><p>{{.Text.Unit}}</p><p>{{.Text.Day}}</p><p>（印章）</p></div>
<div class="receipt"><p>受送达人签名：　　　　　　　　　　　　　年　　月　　日</p><p>送达方式：　　　　　　　　送达人：</p></div>
</body>
</html>
`))

// Print writes a notice as a page of its own. code is printed where it is
// given; it is not part of what is kept.
func Print(t Text, code string) ([]byte, error) {
	var out bytes.Buffer
	if err := page.Execute(&out, struct {
		Text Text
		Code string
	}{t, code}); err != nil {
		return nil, lanzha.Internal("notice.Print", err)
	}
	return out.Bytes(), nil
}
