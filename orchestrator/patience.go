package orchestrator

import "time"

// measured is an engine that knows how long its calls take.
type measured interface {
	// SlowestAnswer is how long the slowest of its last calls took.
	SlowestAnswer() time.Duration
}

const (
	// callsOfALook is how many calls in a row finding out what is true and
	// explaining it may take.
	callsOfALook = 16
	// patienceMax bounds how long words are waited for.
	patienceMax = 2 * time.Minute
)

// Patience is how long is waited for what explains a failure: base, and longer on
// an engine whose calls take long. It bounds words, never a proof.
func Patience(engine any, base time.Duration) time.Duration {
	if clean, ok := engine.(cleanEngine); ok {
		engine = clean.Engine
	}
	known, ok := engine.(measured)
	if !ok {
		return base
	}
	return max(base, min(patienceMax, callsOfALook*known.SlowestAnswer()))
}
