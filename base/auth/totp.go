package auth

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"time"
)

// period is how long a one-time code stands (RFC 6238).
const period = 30 * time.Second

// code is the one-time code of a time step (RFC 4226 section 5.3).
func code(secret []byte, step int64, digits int, newHash func() hash.Hash) string {
	mac := hmac.New(newHash, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash never fails
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%modulus)
}

// verifyCode finds the time step whose code was given: the present one or a
// neighbour, since clocks differ, and only after the last step used, since a
// code works once. It returns 0 when there is none.
func verifyCode(secret []byte, given string, now time.Time, last int64) int64 {
	present := now.Unix() / int64(period/time.Second)
	for _, step := range []int64{present, present - 1, present + 1} {
		if step > last && subtle.ConstantTimeCompare([]byte(code(secret, step, 6, sha1.New)), []byte(given)) == 1 {
			return step
		}
	}
	return 0
}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// otpauth is the address that an authenticator reads from a QR code.
func otpauth(login string, secret []byte) string {
	q := url.Values{"secret": {base32Plain.EncodeToString(secret)}, "issuer": {"Lanzha"}, "digits": {"6"}, "period": {"30"}, "algorithm": {"SHA1"}}
	return "otpauth://totp/" + url.PathEscape("Lanzha:"+login) + "?" + q.Encode()
}
