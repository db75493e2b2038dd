package iso20022

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"lanzha"
	"lanzha/base/auth"
)

const (
	maxJSON = 1 << 20 // a message is a few kB
	maxXML  = 8 << 20 // thousands of transfers
)

// Mount adds the paths of Tazama's services to the site: its health at "/",
// where browsers get the site instead, messages, and reports. who finds out
// who acts, as it does for the API.
func (d *Desk) Mount(mux *http.ServeMux, site http.Handler, who func(http.Handler) http.Handler) {
	up := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "UP"})
	})
	mux.Handle("GET /health", up)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			site.ServeHTTP(w, r)
			return
		}
		up(w, r)
	})
	mux.Handle("POST /v1/evaluate/iso20022/{message}", d.admit(who, d.evaluate))
	mux.Handle("GET /v1/admin/reports/getreportbymsgid", d.admit(who, d.fetch))
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "", "Route "+r.Method+" is not found")
	})
}

type handler func(w http.ResponseWriter, r *http.Request, tenant string)

// admit lets in who may send transfers, each as its own tenant, and whom the
// open mode lets in.
func (d *Desk) admit(who func(http.Handler) http.Handler, next handler) http.Handler {
	known := who(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.Gate(r.Context()); err != nil {
			d.failed(w, r, err)
			return
		}
		actor, _ := auth.ActorFrom(r.Context())
		tenant := string(actor.Institution)
		if tenant == "" {
			tenant = defaultTenant
		}
		next(w, r, tenant)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.Open && onThisHost(r) {
			next(w, r, defaultTenant)
			return
		}
		known.ServeHTTP(w, r)
	})
}

// onThisHost reports whether a program on this host asks for itself: not a
// proxy for somebody else, and not a browser that another site made ask.
func onThisHost(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via", "Origin", "Sec-Fetch-Site"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" { // a name that is made to point here is none of ours
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}

var typed = regexp.MustCompile(`^(application|text)/([a-z0-9.]+\+)?(json|xml)$`)

// evaluate takes a message.
func (d *Desk) evaluate(w http.ResponseWriter, r *http.Request, tenant string) {
	began := d.Now()
	messageName := r.PathValue("message")
	if family(messageName) == "" {
		fail(w, http.StatusNotFound, "", "this message, or this version of it, is not read here")
		return
	}
	limit := int64(maxJSON)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Header.Get("Content-Type") == "", err == nil && kind == "text/plain": // the first byte tells
	case err != nil || !typed.MatchString(kind):
		fail(w, http.StatusUnsupportedMediaType, "FST_ERR_CTP_INVALID_MEDIA_TYPE", "application/json or application/xml is wanted")
		return
	case strings.HasSuffix(kind, "xml"):
		limit = maxXML
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		fail(w, http.StatusRequestEntityTooLarge, "FST_ERR_CTP_BODY_TOO_LARGE", "Request body is too large")
		return
	} else if err != nil {
		fail(w, http.StatusBadRequest, "", "the body could not be read to its end")
		return
	}
	m, root, err := d.decode(body, messageName)
	if err == nil {
		err = d.take(r.Context(), tenant, m, body, root, r.Header.Get("Traceparent"), began)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	out := map[string]any{"message": "Transaction is valid", "data": m.Body}
	if len(m.Refused) > 0 {
		refused := []map[string]any{}
		for _, x := range m.Refused {
			refused = append(refused, map[string]any{"row": x.Row, "path": x.Field, "reason": x.Reason})
		}
		out["refused"] = refused
	}
	answer(w, http.StatusOK, out)
}

// decode reads a body and names its root, for errors.
func (d *Desk) decode(body []byte, messageName string) (*Message, string, error) {
	text := strings.TrimLeft(strings.TrimPrefix(string(body[:min(len(body), 512)]), "\ufeff"), " \t\r\n")
	of := family(messageName)
	if !strings.HasPrefix(text, "<") {
		m, err := DecodeJSON(body, messageName, d.Zone)
		return m, "body/" + map[string]string{"pacs.008": "FIToFICstmrCdtTrf", "pacs.002": "FIToFIPmtSts"}[of], err
	}
	m, err := DecodeXML(body, d.Zone)
	if err == nil && family(m.Type) != of {
		err = invalid("Document", noRoot)
	}
	return m, "Document/" + map[string]string{"pacs.008": "FIToFICstmrCdtTrf", "pacs.002": "FIToFIPmtStsRpt"}[of], err
}

// fetch hands out a report.
func (d *Desk) fetch(w http.ResponseWriter, r *http.Request, tenant string) {
	if !r.URL.Query().Has("msgid") {
		fail(w, http.StatusBadRequest, "FST_ERR_VALIDATION", "querystring must have required property 'msgid'")
		return
	}
	report, err := d.Report(r.Context(), tenant, r.URL.Query().Get("msgid"))
	switch {
	case err != nil:
		d.failed(w, r, err)
	case report == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, map[string]any{"message": "Report was found", "data": report})
	}
}

// failed answers as Tazama's service does: a message that is wrong is told
// where and why; what failed here is a text that tells nothing of it.
func (d *Desk) failed(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok {
		e = lanzha.Internal("iso20022", err)
	}
	switch e.Code {
	case lanzha.CodeInvalid:
		code, text := "FST_ERR_VALIDATION", e.Message
		if e.Message == noJSON {
			code = "FST_ERR_CTP_INVALID_JSON_BODY"
		}
		if e.Field != "" {
			text = e.Field + " " + text
		}
		if e.Hint != "" {
			text += ": " + e.Hint
		}
		fail(w, http.StatusBadRequest, code, text)
	case lanzha.CodeUnauthenticated:
		w.Header().Set("WWW-Authenticate", `Bearer realm="lanzha"`)
		fail(w, http.StatusUnauthorized, "", e.Message)
	case lanzha.CodeForbidden:
		fail(w, http.StatusForbidden, "", e.Message)
	case lanzha.CodeTooMany:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, "", e.Message)
	case lanzha.CodeUnavailable:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, "", e.Message)
	default:
		d.Log.ErrorContext(r.Context(), "an ISO 20022 message was not processed", "err", err)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, "Failed to process execution request. \n%q", "something failed on our side") // the asker may have gone
	}
}

// fail answers in the shape of Fastify.
func fail(w http.ResponseWriter, status int, code, text string) {
	out := map[string]any{"statusCode": status, "error": http.StatusText(status), "message": text}
	if code != "" {
		out["code"] = code
	}
	answer(w, status, out)
}

func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the asker may have gone
}
