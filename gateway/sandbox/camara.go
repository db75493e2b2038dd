package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"lanzha/gateway"
	"lanzha/know/place"
)

// The CAMARA side of the carriers: KYC Fill-in 0.4, KYC Tenure 0.2, SIM Swap
// 2.1, Number Recycling 0.2, two-legged (phoneNumber in the body), with
// CAMARA's error body and x-correlator.

type camaraError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type camaraAsk struct {
	PhoneNumber   string `json:"phoneNumber"`
	TenureDate    string `json:"tenureDate"`
	SpecifiedDate string `json:"specifiedDate"`
	MaxAge        *int   `json:"maxAge"` // hours
}

// camaraOps are the operations by path. They see the line, and the civil day
// on which the server started as today.
var camaraOps = map[string]func(s *Server, l Line, q camaraAsk) (int, any){
	"/kyc-fill-in/v0.4/fill-in":     fillIn,
	"/kyc-tenure/v0.2/check-tenure": checkTenure,
	"/sim-swap/v2/retrieve-date":    retrieveDate,
	"/sim-swap/v2/check":            checkSwap,
	"/number-recycling/v0.2/check":  checkRecycled,
}

var (
	phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	correlator  = regexp.MustCompile(`^[a-zA-Z0-9\-_:;./<>{}]{1,256}$`)
)

func fail(status int, code, message string) (int, any) {
	return status, camaraError{status, code, message}
}

// camara serves one operation.
func (s *Server) camara(path string, op func(*Server, Line, camaraAsk) (int, any)) func(http.ResponseWriter, *http.Request, *site) {
	return func(w http.ResponseWriter, r *http.Request, to *site) {
		key := r.Header.Get("x-correlator")
		w.Header().Set("x-correlator", key)
		base := strings.TrimSuffix(r.URL.Path, path)
		switch {
		case r.Header.Get("Authorization") != "Bearer "+s.city.token(base):
			reply(w, 401, camaraError{401, "UNAUTHENTICATED", "Request not authenticated due to missing, invalid, or expired credentials."})
			return
		case !correlator.MatchString(key):
			reply(w, 400, camaraError{400, "INVALID_ARGUMENT", "The sandbox knows a question by its x-correlator."})
			return
		}
		b, ok := body(w, r)
		if !ok {
			return
		}
		t, m := s.take(to, key, path+string(b), b, func(string, time.Time) (int, any) {
			var q camaraAsk
			if gateway.Decode(b, &q, false) != nil {
				return fail(400, "INVALID_ARGUMENT", "Client specified an invalid argument, request body or query param.")
			}
			switch {
			case q.PhoneNumber == "":
				return fail(422, "MISSING_IDENTIFIER", "The phone number cannot be identified.")
			case !phoneNumber.MatchString(q.PhoneNumber):
				return fail(400, "INVALID_ARGUMENT", "phoneNumber is not E.164.")
			}
			l, ok := s.city.Line(q.PhoneNumber)
			switch {
			case !ok:
				return fail(404, "IDENTIFIER_NOT_FOUND", "The phone number is not known.")
			case l.Carrier != to.n:
				return fail(422, "SERVICE_NOT_APPLICABLE", "The phone number is not of this operator.")
			}
			return op(s, l, q)
		})
		s.send(w, r, t, m)
	}
}

func fillIn(s *Server, l Line, _ camaraAsk) (int, any) {
	region, _ := place.RegionOf(l.Place.Region)
	gender := "MALE"
	if l.Owner.Woman {
		gender = "FEMALE"
	}
	id := l.Owner.IDNumber
	return 200, map[string]string{
		"phoneNumber": l.Number, "idDocument": id, "idDocumentType": "national_id_card",
		"name": l.Owner.Name, "gender": gender, "birthdate": id[6:10] + "-" + id[10:12] + "-" + id[12:14],
		"address": l.Address, "streetName": l.Place.Road, "locality": region.Name,
		"region": place.FullName(l.Place.Region.Province()), "country": "CN",
	}
}

// checkTenure says whether the line has been its holder's since a date.
func checkTenure(s *Server, l Line, q camaraAsk) (int, any) {
	if _, err := time.Parse(time.DateOnly, q.TenureDate); err != nil {
		return fail(400, "INVALID_ARGUMENT", "tenureDate is not a date.")
	}
	if q.TenureDate > on(s.opt.Now(), 0) {
		return fail(400, "OUT_OF_RANGE", "tenureDate lies in the future.")
	}
	contract := "PAYM"
	if l.Fixed {
		contract = "Business"
	}
	return 200, map[string]any{"tenureDateCheck": on(s.start, l.Age) <= q.TenureDate, "contractType": contract}
}

// retrieveDate gives the last change of the SIM, or when it was first used.
func retrieveDate(s *Server, l Line, _ camaraAsk) (int, any) {
	if l.Fixed {
		return fail(422, "SERVICE_NOT_APPLICABLE", "A fixed line has no SIM.")
	}
	return 200, map[string]any{"latestSimChange": on(s.start, l.SIMAge) + "T09:30:00+08:00"}
}

func checkSwap(s *Server, l Line, q camaraAsk) (int, any) {
	age := 240
	if q.MaxAge != nil {
		age = *q.MaxAge
	}
	switch {
	case age < 1 || age > 2400:
		return fail(400, "OUT_OF_RANGE", "maxAge is 1 to 2400 hours.")
	case l.Fixed:
		return fail(422, "SERVICE_NOT_APPLICABLE", "A fixed line has no SIM.")
	}
	return 200, map[string]bool{"swapped": l.SIMAge != l.Age && l.SIMAge*24 <= age}
}

// checkRecycled says whether the number changed hands since a date: the line
// is reused, and was opened after that date.
func checkRecycled(s *Server, l Line, q camaraAsk) (int, any) {
	if _, err := time.Parse(time.DateOnly, q.SpecifiedDate); err != nil {
		return fail(400, "INVALID_ARGUMENT", "specifiedDate is not a date.")
	}
	return 200, map[string]bool{"phoneNumberRecycled": l.Reused && on(s.start, l.Age) > q.SpecifiedDate}
}
