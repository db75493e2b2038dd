// Package access proves who may do what, over real HTTP on a played house.
//
// The table of operations and roles is made from what the API has registered
// and what the policies say (testdata/operations.txt; go test -update). Every
// operation has a case that calls it: as nobody, as every role that may not,
// as every role that may inside its scope, and as the same role of another
// city or institution. An operation without a case fails, and so does a kind
// of journal row that testdata/kinds.txt does not list.
package access
