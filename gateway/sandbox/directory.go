package sandbox

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/know/place"
)

func (c *City) carrierName(i int) string { return simulated + heads[i].owner + c.short + "分公司" }
func (c *City) bankName(i int) string {
	return simulated + [2]string{"农商银行", "建业银行"}[i] + c.short + "分行"
}

func (c *City) centreName() string {
	d, _ := place.RegionOf(c.region.Province())
	return simulated + d.Name + "反诈中心"
}

// Institutions is the city's part of the directory: three carriers, two banks,
// the provincial centre, and a police station in each district. base is where
// the Server listens, "http://127.0.0.1:9612". IDs, codes and secrets follow
// from the seed, so that loading twice loads the same entries.
func (c *City) Institutions(base string) []institution.Institution {
	var out []institution.Institution
	add := func(i institution.Institution) {
		n := uint64(len(out))
		i.ID, i.Version = c.id("institution", n), 1
		if i.Endpoint != "" {
			i.Secret = lanzha.Secret(c.token(i.Endpoint))
			i.Endpoint = strings.TrimSuffix(base, "/") + i.Endpoint
		}
		i.Contacts = []institution.Contact{{Name: c.Person(8_000_000 + n).Name, Role: "值班专员", Phone: c.life(30_000 + n)}}
		out = append(out, i)
	}
	for i := range heads {
		in := institution.Institution{
			Code: "sim-carrier-" + strconv.Itoa(i+1), Name: c.carrierName(i), Kind: institution.Carrier, Region: c.region,
			Gateway: institution.BySandbox, Endpoint: "/carrier/" + strconv.Itoa(i+1), AnswerTarget: 3 * time.Minute,
		}
		for _, prefix := range slices.Concat(c.plan.mobile[i][:], heads[i].prefixes) {
			in.Ranges = append(in.Ranges, institution.Range{Kind: institution.Mobile, Prefix: "+86" + prefix})
		}
		switch i {
		case fixedCarrier:
			in.Ranges = append(in.Ranges, institution.Range{Kind: institution.Fixed, Prefix: "+86" + c.plan.area})
		case camaraCarrier:
			in.Gateway = institution.ByCAMARA
		}
		add(in)
	}
	for i, bin := range bankBINs {
		add(institution.Institution{
			Code: "sim-bank-" + strconv.Itoa(i+1), Name: c.bankName(i), Kind: institution.Bank, Region: c.region,
			Gateway: institution.BySandbox, Endpoint: "/bank/" + strconv.Itoa(i+1), AnswerTarget: 10 * time.Minute,
			Ranges: []institution.Range{{Kind: institution.Card, Prefix: bin}},
		})
	}
	add(institution.Institution{
		Code: "sim-centre", Name: c.centreName(), Kind: institution.Police, Region: c.region.Province(),
		Gateway: institution.ByHand, AnswerTarget: 30 * time.Minute,
	})
	for _, d := range c.districts {
		add(institution.Institution{
			Code: "sim-police-" + string(d.Code), Name: d.Name + simulated + "派出所", Kind: institution.Police, Region: d.Code,
			Gateway: institution.ByHand, AnswerTarget: 30 * time.Minute,
		})
	}
	return out
}

// The second carrier has the fixed lines; the third speaks CAMARA.
const (
	fixedCarrier  = 1
	camaraCarrier = 2
)

// id is an ID that follows from the seed. Its time is the start of 2023.
func (c *City) id(label string, n uint64) lanzha.ID {
	var random [10]byte
	binary.BigEndian.PutUint64(random[:], c.hash(label, n))
	return lanzha.NewID(time.Date(2023, 1, 1, 0, 0, 0, int(n)*1e6, time.UTC), random)
}

// token is what callers of an endpoint show.
func (c *City) token(endpoint string) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], c.hash("token"+endpoint, 0))
	return "sandbox-" + hex.EncodeToString(b[:])
}
