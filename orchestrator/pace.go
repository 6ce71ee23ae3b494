package orchestrator

import (
	"cmp"
	"context"
	"time"

	"github.com/stackctl/stackctl/healthchecks"
)

// requestEvery is how often a supervisor sends a request to a published port
// that is well: less than twice a minute, so that an access log has two lines of
// it a minute at most. It shares that among all that is asked of one port.
const requestEvery = 32 * time.Second

// repeatable is a probe that a supervisor repeats without a request each time.
type repeatable interface {
	healthchecks.Probe
	// Accepts says whether the port still accepts connections, without a request.
	Accepts(ctx context.Context) bool
	// AcceptsSilently says whether that leaves no line in the server's log.
	AcceptsSilently(last healthchecks.Evidence) bool
	// AskHead returns the probe that asks for the head of the page only, and
	// whether that proves as much.
	AskHead() (healthchecks.Probe, bool)
}

// repeat asks every task of c that is due: what did not pass, and what asks no
// port, each time; a published port that is well by a request now and then, and
// in between by a connection that says nothing. known are the answers before.
func (p prober) repeat(ctx context.Context, c Container, tasks []task, known []Proof) []Proof {
	proofs := make([]Proof, len(tasks))
	each(len(tasks), looks, func(i int) {
		t := tasks[i]
		last, again := lastAnswer(known, tasks, i, c)
		probe, can := t.probe.(repeatable)
		if !again || !can || !last.Passed || last.Again {
			proofs[i] = p.run(ctx, c, tasks[i:i+1])[0]
			return
		}
		proofs[i] = p.repeatOne(ctx, c, t, repetition{probe, last, requestEvery * time.Duration(asksOfPort(tasks, t))})
	})
	return proofs
}

// repetition is a question that was answered well, and how long that counts.
type repetition struct {
	probe repeatable
	last  Proof
	lasts time.Duration
}

// repeatOne asks by a request when that is due or when the port does not accept
// connections any more; otherwise the last answer stands.
func (p prober) repeatOne(ctx context.Context, c Container, t task, r repetition) Proof {
	how := r.last.repeats
	due := time.Since(r.last.At) >= r.lasts*time.Duration(cmp.Or(how.requests, 2))
	silent := r.probe.AcceptsSilently(r.last.Evidence) && !how.noAccept
	if !due && (!silent || r.probe.Accepts(ctx)) {
		return r.last
	}
	how.requests = 0
	answer := func(probe healthchecks.Probe) Proof {
		how.requests++
		return Proof{Evidence: probe.Run(ctx), Gate: t.gate, ContainerID: c.ID, StartedAt: c.StartedAt, Address: t.address, repeats: how}
	}
	if head, same := r.probe.AskHead(); due && same && !how.noHead {
		if proof := answer(head); proof.HeadSuffices() {
			return proof
		}
		how.noHead = true
	}
	proof := answer(r.probe)
	// One that answers although it seemed not to accept: that look tells nothing.
	proof.repeats.noAccept = how.noAccept || !due && proof.Passed
	return proof
}

// lastAnswer is the answer to the ith task by the same incarnation.
func lastAnswer(known []Proof, tasks []task, i int, c Container) (Proof, bool) {
	nth := 0
	for _, t := range tasks[:i] {
		if t.gate == tasks[i].gate && t.address == tasks[i].address {
			nth++
		}
	}
	for _, k := range known {
		if k.Gate != tasks[i].gate || k.Address != tasks[i].address || k.ContainerID != c.ID || !k.StartedAt.Equal(c.StartedAt) {
			continue
		}
		if nth == 0 {
			return k, true
		}
		nth--
	}
	return Proof{}, false
}

// asksOfPort is how many of the tasks ask the port of the container that t asks.
func asksOfPort(tasks []task, t task) int {
	n := 0
	for _, other := range tasks {
		if _, can := other.probe.(repeatable); can && other.port == t.port {
			n++
		}
	}
	return n
}
