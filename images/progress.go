package images

import (
	"sync"
	"time"
)

// Progress is one step on the way of an image to the engine.
type Progress struct {
	Services []string
	Ref      string
	// Kind is what is being done: Pull, Build or Tag.
	Kind Action
	// Step is the current step: "[build 3/5] RUN go build", "downloading".
	Step string
	// Line is one line of the step's output, made safe for a terminal; ""
	// when only the step or the counts changed.
	Line string
	// StepDone says that the step ended well.
	StepDone bool
	// Cached says that the builder had the step's result already.
	Cached bool
	// Current and Total are bytes; Total is 0 when unknown.
	Current, Total int64
	// Done says that nothing more comes for this image; Err then is why it
	// failed, nil when it is there.
	Done bool
	Err  error
	// Took is, with StepDone, how long the step took, and with Done how long
	// the image did; 0 otherwise and for what was cached.
	Took time.Duration
}

// reporter hands progress on, one call at a time.
type reporter struct {
	mu   sync.Mutex
	send func(Progress)
}

func newReporter(send func(Progress)) *reporter {
	if send == nil {
		send = func(Progress) {}
	}
	return &reporter{send: send}
}

// forNeed returns a function that reports about one need.
func (r *reporter) forNeed(need *Need) func(Progress) {
	return func(p Progress) {
		p.Services, p.Ref = need.Services, need.Ref
		if p.Kind == None {
			p.Kind = need.Action
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.send(p)
	}
}
