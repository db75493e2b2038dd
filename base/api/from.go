package api

import (
	"net/netip"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// From is embedded in the input of a public operation that must tell its
// callers apart, since they have no account.
type From struct {
	remote, forwarded string
}

// Resolve is for huma.
func (f *From) Resolve(ctx huma.Context) []error {
	f.remote, f.forwarded = ctx.RemoteAddr(), ctx.Header("X-Forwarded-For")
	return nil
}

// Address is where the request came from, without the port; of IPv6 the first
// 64 bits, which one household has to itself. proxied says that a proxy of ours
// stands before us: then the address is the last one that it wrote down, and
// not its own.
func (f From) Address(proxied bool) string {
	text := f.remote
	if last := strings.TrimSpace(f.forwarded[strings.LastIndexByte(f.forwarded, ',')+1:]); proxied && last != "" {
		text = last
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		text = at.Addr().String()
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	if address = address.Unmap().WithZone(""); address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
