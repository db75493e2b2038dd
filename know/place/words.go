package place

import "strings"

func hasPrefix(text []rune, word string) bool {
	i := 0
	for _, r := range word {
		if i >= len(text) || text[i] != r {
			return false
		}
		i++
	}
	return true
}

// prefixOf returns the length in runes of the first of words that text begins
// with, or 0.
func prefixOf(text []rune, words []string) int {
	for _, w := range words {
		if hasPrefix(text, w) {
			return len([]rune(w))
		}
	}
	return 0
}

var (
	roadWords = strings.Fields("大道 大街 公路 胡同 环路 支路 路 街 巷 弄 道 里")
	// compass runes stand between the name of a road and its suffix: 南京东路.
	compass = "东西南北中前后内外上下左右新老大小一二三四五六七八九十"
)

// isRoadTail reports whether text goes on with a road suffix, after at most
// skip compass runes: then what stands before is the name of a road, not of a
// division. 街道 is a sub-district, no street.
func isRoadTail(text []rune, skip int) bool {
	for range skip + 1 {
		if prefixOf(text, roadWords) > 0 && !hasPrefix(text, "街道") && !hasPrefix(text, "里程") {
			return true
		}
		if len(text) == 0 || !strings.ContainsRune(compass, text[0]) {
			return false
		}
		text = text[1:]
	}
	return false
}

// isPlaceTail reports whether text begins with a word that ends the name of a
// place (昆明|饭店) or of a village or town.
func isPlaceTail(text []rune) bool {
	return prefixOf(text, placeWords) > 0 || prefixOf(text, []string{"村", "镇", "乡", "社区", "街道", "屯", "寨"}) > 0
}

// placeWords end the names of places that people live, sleep or work in.
var placeWords = strings.Fields(`
大酒店 酒店式公寓 度假酒店 商务酒店 快捷酒店 酒店 大饭店 饭店 宾馆 旅馆 旅店 旅社 招待所 客栈 民宿 公馆 会所 会馆
住宅小区 小区 住宅区 花园 家园 家苑 嘉园 嘉苑 雅苑 雅园 佳园 佳苑 公寓 别墅 山庄 庄园 新村 新城 新居 华府 府邸 华庭 名都 名苑 豪庭 豪园 苑 庭 府 城 湾 郡 园 轩 阁 墅 邸
大厦 大楼 写字楼 中心 广场 商场 商城 商厦 市场 超市 步行街 国际 天地 世界 时代 大世界 商业街
科技园区 工业园区 产业园区 工业园 科技园 产业园 物流园 创业园 园区 基地 厂 工厂 仓库 车间
学校 大学 学院 中学 小学 幼儿园 校区 医院 卫生院 诊所 车站 火车站 高铁站 地铁站 客运站 机场 码头 港 银行 公司 集团 宿舍 网吧 网咖 影城 餐厅 饭馆 茶楼 茶室 店 馆 楼 大队 派出所 加油站 度假村 营业厅`)
