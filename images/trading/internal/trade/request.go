package trade

import (
	"fmt"
	"strings"
)

// Request asks for a new trade.
type Request struct {
	User      string `json:"user"`
	Ticker    string `json:"ticker"`
	Side      Side   `json:"side"`
	Contracts int    `json:"contracts"`
	// Source may be left out; then it is Manual.
	Source Source `json:"source"`
	// Reference is the caller's own name for the request. The same one sent
	// again gives the same trade, so a request can be repeated safely. It may
	// be left out.
	Reference string `json:"reference"`
}

// maxReference is the longest reference in bytes.
const maxReference = 64

// Problem is one thing wrong with a request.
type Problem struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

// InvalidError is a request with at least one problem.
type InvalidError struct {
	Problems []Problem
}

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = p.Field + " " + p.Problem
	}
	return "invalid trade: " + strings.Join(parts, ", ")
}

// Validate returns nil or an *InvalidError naming every wrong field.
func (r Request) Validate() error {
	var problems []Problem
	check := func(ok bool, field, problem string) {
		if !ok {
			problems = append(problems, Problem{Field: field, Problem: problem})
		}
	}
	check(ValidUser(r.User), "user", "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter")
	check(ValidTicker(r.Ticker), "ticker", "must be 1 to 64 of A-Z, 0-9, - and .")
	check(r.Side == Yes || r.Side == No, "side", "must be yes or no")
	check(r.Contracts >= 1 && r.Contracts <= MaxContracts, "contracts",
		fmt.Sprintf("must be a whole number from 1 to %d", MaxContracts))
	check(r.Source == "" || r.Source == Manual || r.Source == Automatic, "source", "must be manual or automatic")
	check(validReference(r.Reference), "reference", fmt.Sprintf("must be at most %d printable characters", maxReference))
	if len(problems) > 0 {
		return &InvalidError{Problems: problems}
	}
	return nil
}

func validReference(reference string) bool {
	unprintable := func(c rune) bool { return c < '!' || c > '~' }
	return len(reference) <= maxReference && strings.IndexFunc(reference, unprintable) < 0
}
