package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"lanzha/know/number"
)

// NumberCmd says what the number plan knows of one number.
type NumberCmd struct {
	Number string `arg:"" help:"The number, in any common writing: 13888812345, 0871-63161234, +85291234567, 95588."`
	JSON   bool   `name:"json" help:"Print one line of JSON."`
	Lang   string `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

var kindNames = map[number.Kind][2]string{
	number.Mobile: {"移动电话", "mobile"}, number.Virtual: {"移动转售（虚拟运营商）", "mobile, reseller"}, number.IoT: {"物联网卡", "data or machine card"},
	number.Satellite: {"卫星电话", "satellite"}, number.Fixed: {"固定电话", "fixed line"}, number.Freephone: {"400/800 号码", "freephone"},
	number.Service: {"服务号码", "service number"}, number.Port: {"短信端口号", "message port"}, number.Emergency: {"紧急号码", "emergency"},
	number.International: {"境外号码", "international"},
}

// Run prints the number's facts, or an error with a hint.
func (c *NumberCmd) Run(std *Std) error {
	n, err := number.Parse(c.Number)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(std.Out).Encode(n)
	}
	lang := 0
	if c.Lang == "en" {
		lang = 1
	}
	ported := [2]string{"不明，以协作单位目录和运营商答复为准", "unknown: ask the directory and the carrier"}[lang]
	for _, row := range []struct {
		zh, en, value string
	}{
		{"号码", "number", n.Value},
		{"类型", "kind", kindNames[n.Kind][lang]},
		{"号段所属", "segment of", n.Carrier},
		{"使用单位", "holder", n.Holder},
		{"国家地区", "country", n.CountryName},
		{"归属地", "issued in", strings.TrimSpace(n.Province + " " + n.City)},
		{"区划代码", "region", string(n.Region)},
		{"长途区号", "area code", n.AreaCode},
		{"携号转网", "ported", ported},
	} {
		if row.value == "" {
			continue
		}
		name := [2]string{row.zh, row.en}[lang]
		if _, err := fmt.Fprintf(std.Out, "%s\t%s\n", name, row.value); err != nil {
			return err
		}
	}
	return nil
}
