package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
)

// refusals is an API that refuses everything, each path in its own way.
func refusals() *api.API {
	a := api.New("test", func(_ context.Context, action string) error {
		if action == "journal.read" {
			e := lanzha.Forbidden("your role does not allow %s", action)
			e.Hint = "ask an administrator for the role, or somebody who holds it"
			return e
		}
		return nil
	})
	type in struct {
		Body struct {
			Text  string `json:"text" maxLength:"10" minLength:"1"`
			State string `json:"state" enum:"open,closed"`
		}
	}
	type out struct{ Body api.Imported }
	for path, err := range map[string]error{
		"/conflict": lanzha.Conflict("the den is %s; this needs one that is %s", "suspected", "approved"),
		"/missing":  lanzha.NotFound("clue"),
		"/fine":     lanzha.Invalid("body.fine", "by %s the fine is %d to %d fen", "anti-fraud-law-2022#44", 0, 20_000_050),
		"/broken":   errors.New("a text for the log alone"),
		"/foreign":  lanzha.Conflict("nobody has translated this"),
	} {
		api.Register(a, api.Op{ID: "do" + path[1:], Method: http.MethodPost, Path: path, Action: "thing.do", Summary: "Refuse"},
			func(context.Context, *in) (*out, error) { return nil, err })
	}
	api.Register(a, api.Op{ID: "journal", Method: http.MethodPost, Path: "/journal", Action: "journal.read", Summary: "Refuse"},
		func(context.Context, *in) (*out, error) { return nil, nil })
	api.Stream(a, api.Op{ID: "stream", Method: http.MethodGet, Path: "/stream", Action: "journal.read", Summary: "Refuse"}, "text/plain", nil)
	type fileIn struct {
		RawBody []byte `contentType:"text/csv"`
	}
	api.Register(a, api.Op{ID: "import", Method: http.MethodPost, Path: "/import", Action: "thing.do", Summary: "Take a file", AnyBytes: true},
		func(_ context.Context, in *fileIn) (*out, error) {
			taken, err := api.ImportCSV(strings.NewReader(string(in.RawBody)), []string{"number"}, []string{"number", "note"}, func(r api.CSVRow) error {
				return lanzha.Invalid("number", "there is no digit in it")
			})
			return &out{taken}, err
		})
	return a
}

type told struct {
	Detail  string       `json:"detail"`
	Hint    string       `json:"hint"`
	Code    string       `json:"code"`
	Errors  []api.Detail `json:"errors"`
	Refused []api.Detail `json:"refused"`
	File    string       `json:"refusedFile"`
}

func ask(t *testing.T, a *api.API, method, path, body, language string) (told, http.Header) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, api.Prefix+path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	if path == "/import" {
		request.Header.Set("Content-Type", "text/csv")
	}
	if language != "" {
		request.Header.Set("Accept-Language", language)
	}
	got := httptest.NewRecorder()
	a.ServeHTTP(got, request)
	var out told
	decode(t, got.Body.String(), &out)
	return out, got.Header()
}

const good = `{"text":"x","state":"open"}`

// TestErrorsInChinese asks as a console in Chinese does, in every way in which
// a request can be refused.
func TestErrorsInChinese(t *testing.T) {
	a := refusals()
	for _, c := range []struct{ name, method, path, body, detail, hint string }{
		{"by role", "POST", "/journal", good, "当前角色不能办理“查阅日志”", "请由有此角色的人员办理，或请管理员授权"},
		{"by role, where the answer is written by hand", "GET", "/stream", "", "当前角色不能办理“查阅日志”", "请由有此角色的人员办理，或请管理员授权"},
		{"by state", "POST", "/conflict", good, "该窝点现为“疑似”，须为“已审批”才能办理", "请核对记录的最新内容后再办"},
		{"as not found", "POST", "/missing", good, "未找到该线索", "请核对辖区：不属于你的辖区或单位的记录也查不到"},
		{"by law, with money in yuan", "POST", "/fine", good, "依照 anti-fraud-law-2022#44，罚款应为 0 至 200000.50 元", ""},
		{"by a failure of ours", "POST", "/broken", good, "系统处理出错，本次操作未保存", "请重试；仍不行时把出错时间告知管理员"},
		{"by its length", "POST", "/conflict", `{"text":"12345678901","state":"open"}`, "body.text 不能超过 10 个字", ""},
		{"by its choice", "POST", "/conflict", `{"text":"x","state":"shut"}`, "body.state 只能是以下之一：open、closed", ""},
		{"by what it lacks", "POST", "/conflict", `{"text":"x"}`, "body.state 不能为空", ""},
		{"by its JSON", "POST", "/conflict", `{"text":`, "body 不是有效的 JSON：内容不完整", ""},
		{"by its size", "POST", "/conflict", strings.Repeat("x", 1<<20+1), "提交的内容超过 1 MB", "请分次提交"},
		{"by its coding", "POST", "/conflict", "{\"text\":\"\xff\"}", "第 9 字节不是 UTF-8 编码", "请将文件另存为 UTF-8 编码后重新提交"},
		{"in words that nobody translated", "POST", "/foreign", good, "nobody has translated this", "请核对记录的最新内容后再办"},
	} {
		got, header := ask(t, a, c.method, c.path, c.body, "zh-CN,zh;q=0.9,en;q=0.8")
		if got.Detail != c.detail || got.Hint != c.hint {
			t.Errorf("refused %s: %q, %q; want %q, %q", c.name, got.Detail, got.Hint, c.detail, c.hint)
		}
		for _, e := range got.Errors {
			if c.path != "/foreign" && !strings.Contains(c.detail, e.Message) {
				t.Errorf("refused %s: the field says %q", c.name, e.Message)
			}
		}
		if header.Get("Content-Language") != "zh-CN" || !strings.Contains(header.Get("Vary"), "Accept-Language") {
			t.Errorf("refused %s: the answer is marked %q, varies by %q", c.name, header.Get("Content-Language"), header.Get("Vary"))
		}
	}
}

// TestProgramsReadEnglish: without the header, or with another first choice,
// everything is as its call site wrote it; so is the code in any language.
func TestProgramsReadEnglish(t *testing.T) {
	a := refusals()
	const english, chinese = "the den is suspected; this needs one that is approved", "该窝点现为“疑似”，须为“已审批”才能办理"
	for language, want := range map[string]string{
		"": english, "en": english, "en-GB,en;q=0.9,zh;q=0.5": english, "*": english, "de,*;q=0.5": english, "zh;q=0": english, "zhx": english,
		"zh": chinese, "zh-TW": chinese, "ZH-cn": chinese, "en;q=0.3, zh-Hans; q=0.7": chinese,
	} {
		got, _ := ask(t, a, "POST", "/conflict", good, language)
		if got.Detail != want || got.Code != "conflict" {
			t.Errorf("Accept-Language %q: %q of code %q, want %q", language, got.Detail, got.Code, want)
		}
	}
}

// TestImportInChinese: the reasons come back in the reader's language, in the
// list and in the file, and the mended file is one that can be sent again.
func TestImportInChinese(t *testing.T) {
	a := refusals()
	const file = "number,note\nx,\"a, b\"\ny,c,d\n"
	got, _ := ask(t, a, "POST", "/import", file, "zh-CN")
	want := []api.Detail{{Row: 2, Location: "number", Message: "其中没有数字"}, {Row: 3, Message: "此行有 3 列，表头只有 2 列"}}
	if diff := cmp.Diff(want, got.Refused); diff != "" {
		t.Errorf("refused (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff("number,note,reason\nx,\"a, b\",number：其中没有数字\ny,c,此行有 3 列，表头只有 2 列\n", got.File); diff != "" {
		t.Errorf("the file (-want +got)\n%s", diff)
	}
	again, _ := ask(t, a, "POST", "/import", got.File, "zh-CN")
	if len(again.Refused) != 2 || again.Detail != "" {
		t.Errorf("the file that came back, sent again: %+v", again)
	}
	if got, _ := ask(t, a, "POST", "/import", file, ""); got.Refused[0].Message != "there is no digit in it" || !strings.Contains(got.File, "number: there is no digit in it") {
		t.Errorf("without a language: %+v", got)
	}
	if got, _ := ask(t, a, "POST", "/import", "note\n1\n", "zh"); got.Detail != "文件缺少 number 列" || got.Hint != "可用的列：number、note" {
		t.Errorf("a file without its column: %q, %q", got.Detail, got.Hint)
	}
}
