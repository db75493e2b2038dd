package auth

import (
	"context"
	"net/http"
	"strings"

	"lanzha"
)

// Middleware finds out who acts and refuses requests that another site made a
// browser send. A caller is known by, in this order: an API key in
// "Authorization: Bearer", a client certificate that the server verified, the
// session's cookie. A key or certificate that is not good is
// CodeUnauthenticated at once; without any, the request goes on as nobody's.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	fail := func(w http.ResponseWriter, r *http.Request, err error) {
		if lanzha.CodeOf(err) == lanzha.CodeUnauthenticated {
			w.Header().Set("WWW-Authenticate", `Bearer realm="lanzha"`)
		}
		a.options.Problem(w, r, err)
	}
	bySession := a.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, ok, err := a.bySession(r.Context())
		if err != nil {
			fail(w, r, err)
			return
		}
		if ok {
			r = r.WithContext(WithActor(r.Context(), actor))
		}
		next.ServeHTTP(w, r)
	}))
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, lanzha.Forbidden("the request comes from another site"))
	}))
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var who *principal
		var err error
		via := ""
		if header := r.Header.Get("Authorization"); header != "" {
			via = ViaKey
			scheme, token, _ := strings.Cut(header, " ")
			if !strings.EqualFold(scheme, "Bearer") {
				fail(w, r, &lanzha.Error{Code: lanzha.CodeUnauthenticated, Message: "want Authorization: Bearer and an API key"})
				return
			}
			who, err = a.byCredential(r.Context(), KindKey, ViaKey, []byte(token))
		} else if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			via = ViaCertificate
			who, err = a.byCredential(r.Context(), KindCertificate, ViaCertificate, r.TLS.PeerCertificates[0].Raw)
		}
		switch {
		case err != nil:
			fail(w, r, err)
		case via == "":
			bySession.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, who)))
		}
	}))
}
