// Package manual is the gateway to institutions whose officers sign in to the
// console and answer there.
//
// Nothing leaves the house: the question already stands in the officer's list
// with its clock running, so that delivering it means saying that the answer
// is to come.
package manual

import (
	"context"

	"lanzha/work/clue"
	"lanzha/work/clue/disposal"
)

// Gateway implements clue.Asker and disposal.Disposer. The zero value is ready.
type Gateway struct{}

var (
	_ clue.Asker        = Gateway{}
	_ disposal.Disposer = Gateway{}
)

// Ask answers "pending": the institution's officer finds the question in the
// console. It fails only when ctx has ended.
func (Gateway) Ask(ctx context.Context, _ clue.Question) (clue.Answer, error) {
	return clue.Answer{State: clue.AnswerPending}, ctx.Err()
}

// Dispose answers "pending", as Ask does.
func (Gateway) Dispose(ctx context.Context, _ disposal.Order) (disposal.Receipt, error) {
	return disposal.Receipt{State: disposal.ReceiptPending}, ctx.Err()
}
