package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"lanzha"
	"lanzha/base/auth"
)

// Register fills the punishment register with a few made-up subjects, so that
// each of its pages has something to show: listings of both classes, one whose
// end is not known, proposals that wait, a notice that was served, an objection,
// and a penalty.
func (d *Demo) Register(ctx context.Context) error {
	ago := func(days int) string { return d.now().AddDate(0, 0, -days).Format(time.DateOnly) }
	conduct := func(kind, object string, count int) map[string]any {
		return map[string]any{
			"ground":  "designated",
			"conduct": map[string]any{"kind": kind, "firstOn": ago(200), "lastOn": ago(180), "occasions": 1, "counterparties": 1},
			"objects": []any{map[string]any{"kind": object, "count": count}},
		}
	}
	imprisoned := map[string]any{
		"ground": "sentenced", "offence": map[string]any{"kind": "telecom_fraud"}, "sentence": map[string]any{"kind": "fixed_term", "effectiveOn": ago(60)},
		"conduct": map[string]any{"firstOn": ago(400), "lastOn": ago(380)},
	}
	first, err := d.list(ctx, 1, conduct("rent", "bank_account", 3), true)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		who    int
		facts  map[string]any
		decide bool
	}{
		{1, conduct("trade", "phone_card", 5), true}, // a second time: the terms add up
		{2, conduct("trade", "payment_account", 4), true},
		{3, imprisoned, true},
		{4, conduct("lend", "phone_card", 3), false},
		{5, conduct("verification_help", "phone_card", 1), false}, // below the thresholds: a draft that says what is missing
	} {
		if _, err := d.list(ctx, p.who, p.facts, p.decide); err != nil {
			return err
		}
	}
	if err := d.tellSubject(ctx, first); err != nil {
		return err
	}
	return d.penalise(ctx, ago)
}

// subject is the n-th made-up person of the city, with an identity number
// whose last character is right.
func (d *Demo) subject(n int) map[string]any {
	text := fmt.Sprintf("%s19900101%03d", d.City.Region(), n)
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(text[i]-'0')
	}
	return map[string]any{"kind": "individual", "name": fmt.Sprintf("演示人员%d", n), "number": text + string("10X98765432"[sum%11])}
}

// list opens a proposal and puts it before the leader where nothing stands
// against it, who designates where it is said so.
func (d *Demo) list(ctx context.Context, who int, facts map[string]any, decide bool) (lanzha.ID, error) {
	officer, leader := d.As(auth.Officer), d.As(auth.Leader)
	var p struct {
		ID, Listing lanzha.ID
		Version     int64
		Blocked     string
	}
	if err := officer.Call(ctx, http.MethodPost, "/register/proposals", 0, map[string]any{
		"subject": d.subject(who), "facts": facts, "evidence": []string{"演示材料"},
	}, &p); err != nil || p.Blocked != "" {
		return "", err
	}
	path := "/register/proposals/" + string(p.ID)
	if err := officer.Call(ctx, http.MethodPost, path+"/propose", p.Version, map[string]any{}, &p); err != nil || !decide {
		return "", err
	}
	err := leader.Call(ctx, http.MethodPost, path+"/approve", p.Version, map[string]any{"documentNo": fmt.Sprintf("演示惩认字第%d号", who)}, &p)
	return p.Listing, err
}

// tellSubject makes and serves the notice of a listing, and takes an objection.
func (d *Demo) tellSubject(ctx context.Context, listing lanzha.ID) error {
	officer := d.As(auth.Officer)
	var n struct {
		ID      lanzha.ID
		Version int64
	}
	if err := officer.Call(ctx, http.MethodPost, "/register/notices", 0, map[string]any{"listing": listing}, &n); err != nil {
		return err
	}
	if err := officer.Call(ctx, http.MethodPost, "/register/notices/"+string(n.ID)+"/serve", n.Version, map[string]any{"how": "直接送达", "by": "演示民警", "receiptNo": "演示回执1号"}, nil); err != nil {
		return err
	}
	return officer.Call(ctx, http.MethodPost, "/register/objections", 0, map[string]any{"listing": listing, "ground": "designation", "words": "其中一张卡为本人自用，未出租。"}, nil)
}

// penalise proposes two penalties, of which the leader decides the first.
func (d *Demo) penalise(ctx context.Context, ago func(int) string) error {
	for i, p := range []struct {
		conduct string
		gains   int64 // fen
		fine    int64 // fen
		days    int
		devices []any
	}{
		{"illegal_device", 6_000_000, 12_000_000, 10, []any{map[string]any{"kind": "goip", "count": 3}, map[string]any{"kind": "sim_pool", "count": 2}}},
		{"trade_rent_lend", 300_000, 1_000_000, 0, nil},
	} {
		var made struct {
			ID      lanzha.ID
			Version int64
		}
		body := map[string]any{
			"region": d.City.Region(), "subject": d.subject(11 + i), "account": "演示案情",
			"facts":   map[string]any{"conduct": p.conduct, "endedOn": ago(40), "gainsFen": p.gains, "grave": p.days > 0, "crime": false},
			"fineFen": p.fine, "detentionDays": p.days,
		}
		if p.devices != nil {
			body["devices"] = p.devices
		}
		if err := d.As(auth.Officer).Call(ctx, http.MethodPost, "/register/penalties", 0, body, &made); err != nil {
			return err
		}
		if i > 0 {
			break
		}
		if err := d.As(auth.Leader).Call(ctx, http.MethodPost, "/register/penalties/"+string(made.ID)+"/decide", made.Version, map[string]any{
			"fineFen": p.fine, "detentionDays": p.days, "documentNo": "演示行罚字1号", "decidedOn": ago(1),
		}, nil); err != nil {
			return err
		}
	}
	return nil
}
