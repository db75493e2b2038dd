// Package examples holds examples of what operators write: feature packs and
// mappings of event files. They are documents; the program measures itself with
// one of them.
package examples

import _ "embed" // the files

// CardPayments are the features of the classic payment set, and
// CardPaymentsMap is the mapping of its columns.
var (
	//go:embed features/card-payments.yaml
	CardPayments []byte
	//go:embed maps/card-payments.yaml
	CardPaymentsMap []byte
)
