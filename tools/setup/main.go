// Command setup installs from Debian what the tests need and the machine does
// not have: a PostgreSQL server and Chromium. It does nothing where both are
// there, so that it may run before every test.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// needs is what must be there, as a pattern of paths, and the package that
// brings it.
var needs = []struct{ path, pkg string }{
	{"/usr/lib/postgresql/*/bin/postgres", "postgresql"},
	{"/usr/bin/chromium", "chromium"},
	{"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"},
}

func main() {
	var missing []string
	for _, n := range needs {
		if found, err := filepath.Glob(n.path); err != nil || len(found) == 0 {
			missing = append(missing, n.pkg)
		}
	}
	if len(missing) == 0 {
		return
	}
	fmt.Fprintln(os.Stderr, "setup: installing", missing)
	if err := apt("update", "-q"); err != nil {
		fail(err)
	}
	if err := apt(append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...)...); err != nil {
		fail(err)
	}
}

func apt(args ...string) error {
	c := exec.Command("apt-get", args...)
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "setup:", err)
	fmt.Fprintln(os.Stderr, "hint: the tests need Debian's postgresql and chromium; as root `apt-get install postgresql chromium` brings them")
	os.Exit(1)
}
