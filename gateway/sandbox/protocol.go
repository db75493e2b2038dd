package sandbox

import (
	"slices"
	"time"

	"lanzha/gateway"
)

// The sandbox's own protocol: POST {base}/ask and POST {base}/dispose, JSON
// both ways. A field the other side does not know is an error on both sides.

type askBody struct {
	Key                string    `json:"key"`
	Kind               string    `json:"kind"`
	Value              string    `json:"value"`
	Truth              string    `json:"truth,omitempty"`
	Fields             []string  `json:"fields"`
	Purpose            string    `json:"purpose"`
	LegalBasis         string    `json:"legalBasis,omitempty"`
	DocumentNo         string    `json:"documentNo,omitempty"`
	LocationDecisionNo string    `json:"locationDecisionNo,omitempty"`
	Officers           []string  `json:"officers,omitempty"`
	AskedAt            time.Time `json:"askedAt"`
	DueAt              time.Time `json:"dueAt"`
}

type person struct {
	Name     string `json:"name"`
	IDNumber string `json:"idNumber"`
}

type answerBody struct {
	Key            string    `json:"key"`
	State          string    `json:"state"` // answered | refused
	Subscriber     *person   `json:"subscriber,omitempty"`
	Outlet         string    `json:"outlet,omitempty"`
	OpenedOn       string    `json:"openedOn,omitempty"` // civil date
	InstallAddress string    `json:"installAddress,omitempty"`
	AddressRole    string    `json:"addressRole,omitempty"`
	LineStatus     string    `json:"lineStatus,omitempty"`
	Location       string    `json:"location,omitempty"`
	Reason         string    `json:"reason,omitempty"`
	PlatformNo     string    `json:"platformNo"`
	At             time.Time `json:"at"`
}

type orderBody struct {
	Key        string    `json:"key"`
	Kind       string    `json:"kind"`
	ValueKind  string    `json:"valueKind"`
	Value      string    `json:"value"`
	Reason     string    `json:"reason"`
	LegalBasis string    `json:"legalBasis,omitempty"`
	DocumentNo string    `json:"documentNo,omitempty"`
	DueAt      time.Time `json:"dueAt"`
}

type receiptBody struct {
	Key        string    `json:"key"`
	State      string    `json:"state"` // acknowledged | done | refused
	Reason     string    `json:"reason,omitempty"`
	PlatformNo string    `json:"platformNo"`
	At         time.Time `json:"at"`
}

// refusal is the body of a reply with a status of 4xx.
type refusal struct {
	Reason string `json:"reason"`
}

// roles are the address roles that an answer may claim; "" is none.
var roles = []string{"", "installation", "use", "id", "outlet", "mass"}

// readAnswer decodes an answer to the question key and refuses what contradicts
// itself. It keeps nothing of b.
func readAnswer(b []byte, key string) (answerBody, error) {
	var a answerBody
	if err := gateway.Decode(b, &a, true); err != nil {
		return answerBody{}, err
	}
	ok := a.Key == key && slices.Contains(roles, a.AddressRole) && (a.InstallAddress != "" || a.AddressRole == "")
	switch a.State {
	case "answered":
		ok = ok && a.Reason == ""
	case "refused":
		ok = ok && a.Reason != "" && a.Subscriber == nil && a.InstallAddress == ""
	default:
		ok = false
	}
	if a.OpenedOn != "" {
		_, err := time.Parse(time.DateOnly, a.OpenedOn)
		ok = ok && err == nil
	}
	if !ok {
		return answerBody{}, gateway.ErrUnreadable
	}
	return a, nil
}

// readReceipt decodes the receipt for the order key.
func readReceipt(b []byte, key string) (receiptBody, error) {
	var r receiptBody
	if err := gateway.Decode(b, &r, true); err != nil {
		return receiptBody{}, err
	}
	switch {
	case r.Key != key:
	case r.State == "acknowledged" || r.State == "done":
		return r, nil
	case r.State == "refused" && r.Reason != "":
		return r, nil
	}
	return receiptBody{}, gateway.ErrUnreadable
}
