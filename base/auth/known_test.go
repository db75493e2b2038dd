package auth_test

import (
	"testing"
	"time"

	"lanzha/base/auth"
)

// TestARevokedKeyEndsEverywhere: at once where it is revoked, and within a
// second in another process on the same database.
func TestARevokedKeyEndsEverywhere(t *testing.T) {
	each(t, func(t *testing.T, here *house) {
		there := build(t, here.db, auth.Options{})
		account, _ := here.account("carrier-a", auth.Responder)
		credential, key, err := here.AddKey(asSystem, account.ID, "gateway", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		a, b := here.browser(), there.browser()
		for _, at := range []*browser{a, b, a, b} { // the second time from memory
			at.want(200, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)
		}
		if err := here.Revoke(asSystem, account.ID, credential.ID); err != nil {
			t.Fatal(err)
		}
		a.want(401, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)
		there.pass(time.Second)
		b.want(401, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)

		// So does the key of an account that is disabled.
		_, key, err = here.AddKey(asSystem, account.ID, "gateway", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		a.want(200, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)
		if _, err := here.Update(asSystem, account.ID, account.Version, auth.Draft{Name: account.Name, Roles: account.Roles, Institution: account.Institution, Disabled: true}); err != nil {
			t.Fatal(err)
		}
		a.want(401, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)
	})
}
