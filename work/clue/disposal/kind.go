// Package disposal does something to a number, a site or an app, and undoes
// it: 关停, 拦截, 封堵, 二次实名, 复机. An order is requested with its reason and
// legal basis, approved where it must be, carried out by the institution that
// can, and told to the person concerned with the way to object. People decide;
// the package says who may, keeps the clocks and the papers, and tells anybody
// at the desk who stopped a number.
package disposal

// Kind is what is done.
type Kind string

// The kinds.
const (
	Shutdown  Kind = "shutdown"  // 关停: by the carrier that holds the line
	Intercept Kind = "intercept" // 拦截: calls from elsewhere, by carriers for their own users
	Block     Kind = "block"     // 封堵: a domain, app, account of a platform or virtual number
	Recheck   Kind = "recheck"   // 二次实名: the user shows again who they are, or the line is suspended
	Restore   Kind = "restore"   // 复机: undoes a shutdown or a recheck
)
