package register

import (
	"errors"

	"lanzha"
	"lanzha/know/policy"
)

// Law evaluates by a library's newest version of a pack. A name that it does
// not have is CodeInvalid.
func Law(packs *policy.Library) func(pack string, input map[string]any, o policy.Options) (policy.Answer, error) {
	return func(name string, input map[string]any, o policy.Options) (policy.Answer, error) {
		pack, err := packs.Pack(name)
		if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Code == lanzha.CodeNotFound {
			return policy.Answer{}, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.pack", Message: e.Message, Hint: e.Hint}
		} else if err != nil {
			return policy.Answer{}, err
		}
		return pack.Eval(input, o)
	}
}
