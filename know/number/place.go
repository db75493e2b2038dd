package number

import (
	_ "embed"
	"strings"
	"sync"

	"lanzha"
)

//go:generate go run ./gen

//go:embed places.txt
var placesText string

// location is what a label of the geocoding data stands for.
type location struct {
	region         lanzha.Region
	province, city string
}

// gazetteer is the generated table: labels of places, and area codes.
type gazetteer struct {
	labels map[string]location // "云南省昆明市"
	areas  map[string]location // "0871"
}

var places = sync.OnceValue(func() gazetteer {
	g := gazetteer{labels: map[string]location{}, areas: map[string]location{}}
	for line := range strings.Lines(placesText) {
		switch f := strings.Fields(line); {
		case strings.HasPrefix(line, "#"):
		case len(f) == 4:
			g.labels[f[0]] = location{lanzha.Region(f[1]), f[2], strings.TrimPrefix(f[3], "-")}
		case len(f) == 2:
			g.areas[f[0]] = g.labels[f[1]] // labels come first in the file
		}
	}
	return g
})

// AreaCode finds the area code that a string of digits begins with: "0871" of
// "087163161234", "" when there is none.
func AreaCode(digits string) string {
	areas := places().areas
	for _, n := range [...]int{3, 4} {
		if len(digits) > n {
			if _, ok := areas[digits[:n]]; ok {
				return digits[:n]
			}
		}
	}
	return ""
}
