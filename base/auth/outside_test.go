package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb/sqltest"
)

// issuer is an identity provider: it answers discovery, signs ID tokens with
// RS256, and holds clients to PKCE.
type issuer struct {
	*httptest.Server
	t         *testing.T
	key       *rsa.PrivateKey
	now       func() time.Time
	claims    map[string]any // what the next token says besides
	signed    *rsa.PrivateKey
	challenge string
	nonce     string
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, signed: key, now: now}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.say(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.say(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if b64(sum[:]) != i.challenge || r.FormValue("code") != "good" {
			w.WriteHeader(http.StatusBadRequest)
			i.say(w, map[string]any{"error": "invalid_grant"})
			return
		}
		i.say(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.token()})
	})
	return i
}

func (i *issuer) say(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) token() string {
	claims := map[string]any{"iss": i.URL, "sub": "1234", "aud": "lanzha", "nonce": i.nonce, "iat": i.now().Unix(), "exp": i.now().Add(5 * time.Minute).Unix()}
	for k, v := range i.claims {
		claims[k] = v
	}
	head, _ := json.Marshal(map[string]string{"alg": "RS256", "kid": "1", "typ": "JWT"})
	body, _ := json.Marshal(claims)
	text := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.signed, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return text + "." + b64(signature)
}

// visit does what the browser does at the provider: it remembers challenge and
// nonce and gives the state back.
func (i *issuer) visit(b *browser) string {
	b.t.Helper()
	_, text := b.do("GET", "/oidc", "")
	var address string
	if err := json.Unmarshal([]byte(text), &address); err != nil {
		b.t.Fatalf("%s: %v", text, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(address, i.URL+"/auth?") || q.Get("client_id") != "lanzha" || q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("scope") != "openid profile" {
		b.t.Fatalf("the browser is sent to %s", address)
	}
	i.challenge, i.nonce = q.Get("code_challenge"), q.Get("nonce")
	return q.Get("state")
}

func TestSignInByIdentityProvider(t *testing.T) {
	var h *house
	i := newIssuer(t, func() time.Time { return h.clock() })
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	o := auth.OIDC{Issuer: i.URL, ClientID: "lanzha", RedirectURL: "http://127.0.0.1/callback", Claim: "preferred_username", Client: client}
	h = build(t, sqltest.OpenSQLite(t, schemas...), auth.Options{OIDC: o})
	account, password := h.account("liwei", auth.Officer)
	b := h.browser()
	finish := func(b *browser, state, code string) (int, string) {
		return b.do("GET", "/callback?"+url.Values{"state": {state}, "code": {code}}.Encode(), "", "Sec-Fetch-Site", "cross-site")
	}

	i.claims = map[string]any{"preferred_username": "liwei"}
	if status, text := finish(b, i.visit(b), "good"); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	b.want(200, `"Login":"liwei"`, "GET", "/me", "")
	b.want(200, "", "GET", "/clues", "") // the first password does not matter here
	if status, _ := finish(b, "", "good"); status != 401 {
		t.Error("an answer without a question was accepted")
	}
	b.want(200, "", "DELETE", "/session", "")

	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		claims map[string]any
		key    *rsa.PrivateKey
		code   string
		state  string
		want   int
	}{
		"unknown login":    {claims: map[string]any{"preferred_username": "stranger"}, want: 403},
		"no claim":         {claims: map[string]any{}, want: 403},
		"claim of a type":  {claims: map[string]any{"preferred_username": []string{"liwei"}}, want: 403},
		"other audience":   {claims: map[string]any{"preferred_username": "liwei", "aud": "somebody"}, want: 401},
		"other issuer":     {claims: map[string]any{"preferred_username": "liwei", "iss": "https://id.example.org"}, want: 401},
		"expired":          {claims: map[string]any{"preferred_username": "liwei", "exp": h.clock().Add(-time.Hour).Unix()}, want: 401},
		"replayed nonce":   {claims: map[string]any{"preferred_username": "liwei", "nonce": "old"}, want: 401},
		"foreign key":      {claims: map[string]any{"preferred_username": "liwei"}, key: other, want: 401},
		"wrong code":       {claims: map[string]any{"preferred_username": "liwei"}, code: "bad", want: 401},
		"no code":          {claims: map[string]any{"preferred_username": "liwei"}, code: "-", want: 401},
		"somebody's state": {claims: map[string]any{"preferred_username": "liwei"}, state: "x", want: 401},
	} {
		stranger := b.another()
		state := i.visit(stranger)
		i.claims, i.signed = c.claims, i.key
		if c.key != nil {
			i.signed = c.key
		}
		if c.state != "" {
			state = c.state
		}
		code := "good"
		if c.code != "" {
			code = strings.TrimPrefix(c.code, "-")
		}
		status, text := finish(stranger, state, code)
		if status != c.want || strings.Contains(text, "liwei") || strings.Contains(text, "eyJ") {
			t.Errorf("%s: %d %s, want %d", name, status, text, c.want)
		}
		stranger.want(401, "", "GET", "/me", "")
	}
	if diff := cmp.Diff([]string{"created", "signed_in", "signed_out"}, h.kinds(account.ID)); diff != "" {
		t.Error(diff)
	}
	i.signed = i.key

	// An e-mail address counts only when the provider verified it.
	o.Claim = "email"
	h = build(t, h.db, auth.Options{OIDC: o})
	h.account("liwei@example.org", auth.Officer)
	b = h.browser()
	for _, c := range []struct {
		verified any
		want     int
	}{{true, 200}, {false, 403}, {nil, 403}} {
		i.claims = map[string]any{"email": "liwei@example.org", "email_verified": c.verified}
		if status, text := finish(b, i.visit(b), "good"); status != c.want {
			t.Errorf("verified %v: %d %s", c.verified, status, text)
		}
	}

	// A provider that is down closes no other door.
	i.CloseClientConnections()
	o.Issuer = "http://127.0.0.1:1"
	h = build(t, h.db, auth.Options{OIDC: o})
	b = h.browser()
	b.want(503, "does not answer", "GET", "/oidc", "")
	b.want(200, "", "POST", "/session", form("login", "liwei", "password", password))
	h = build(t, h.db, auth.Options{})
	h.browser().want(404, "", "GET", "/oidc", "")
}

// authority is an institution's certificate authority.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.issue(nil, "CA")
	return a
}

func (a *authority) issue(parent *authority, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA: parent == nil, BasicConstraintsValid: true,
	}
	signer, by := key, template
	if parent != nil {
		signer, by = parent.key, parent.cert
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func TestClientCertificates(t *testing.T) {
	h := build(t, sqltest.OpenSQLite(t, schemas...), auth.Options{})
	h.pass(time.Since(h.clock())) // certificates live in real time
	ca := newAuthority(t)
	known, knownKey := ca.issue(ca, "carrier")
	unknown, unknownKey := ca.issue(ca, "carrier") // the same name, not the same certificate
	account, _ := h.account("carrier-a", auth.Responder)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: known.Raw})
	c, err := h.AddCertificate(asSystem, account.ID, "gateway", text)
	if err != nil || !c.ExpiresAt.Equal(known.NotAfter) {
		t.Fatalf("%+v %v", c, err)
	}
	if _, err := h.AddCertificate(asSystem, account.ID, "again", text); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("the same certificate again: %v", err)
	}
	for _, bad := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := h.AddCertificate(asSystem, account.ID, "bad", []byte(bad)); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}

	server := h.serve()
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	get := func(cert *x509.Certificate, key *ecdsa.PrivateKey, header string) (int, string) {
		t.Helper()
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if cert != nil {
			config.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		defer client.CloseIdleConnections()
		req, err := http.NewRequestWithContext(context.Background(), "GET", server.URL+"/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	if status, text := get(known, knownKey, ""); status != 200 || !strings.Contains(text, `"Via":"certificate"`) || !strings.Contains(text, `"Login":"carrier-a"`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := get(unknown, unknownKey, ""); status != 401 {
		t.Errorf("an unknown certificate of the same authority and name: %d %s", status, text)
	}
	if status, _ := get(nil, nil, ""); status != 401 {
		t.Errorf("no certificate: %d", status)
	}
	if status, _ := get(known, knownKey, "Bearer lzk_wrong"); status != 401 {
		t.Error("a bad key fell back to the certificate")
	}
	if err := h.Revoke(asSystem, account.ID, c.ID); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(known, knownKey, ""); status != 401 {
		t.Errorf("a revoked certificate: %d", status)
	}
}
