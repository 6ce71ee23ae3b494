package orchestrator

import (
	"context"
	"maps"
	"time"
)

// wishes carries out what persons asked for, as far as that needs no plan,
// and returns the restarts that are still to come, with their cause.
func (l *loop) wishes(ctx context.Context, o Observed) map[string]string {
	l.mu.Lock()
	asked := maps.Clone(l.asked)
	l.mu.Unlock()
	out := map[string]string{}
	for name, w := range asked {
		ids := l.session.members.of(name)
		switch w {
		case WishStop:
			l.stop(ctx, o, name, ids)
		case WishStart:
			l.forgive(name, ids)
			l.fulfilled(name)
		case WishRestart:
			l.forgive(name, ids)
			out[name] = "restart asked for"
		}
	}
	return out
}

// forgive ends what keeps the operator's hands off a service.
func (l *loop) forgive(name string, ids []string) {
	l.intake.forgive(ids)
	l.memory = l.memory.clone()
	for _, id := range ids {
		delete(l.memory.Stopped, id)
	}
	delete(l.memory.Services, name)
}

// fulfilled drops a wish.
func (l *loop) fulfilled(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, name)
}

// grant drops the wishes for a restart that were granted, and those of which
// nothing can come.
func (l *loop) grant(decisions map[string]Decision) {
	for name, d := range decisions {
		if d.Verdict == Act || d.Verdict == LeaveAlone {
			l.fulfilled(name)
		}
	}
}

// stop stops the containers of a service as a person would.
func (l *loop) stop(ctx context.Context, o Observed, name string, ids []string) {
	plan, err := PlanStop(l.session.project, o, []string{name}, l.opts.Plan.Grace)
	if err != nil {
		l.Trouble("plan", err.Error())
		return
	}
	release, err := l.crew.hold(ctx)
	if err != nil {
		l.Trouble("lock", err.Error())
		return // the wish stays
	}
	defer release()
	now := time.Now().Add(l.info.ClockAhead)
	for _, id := range ids {
		l.intake.byHand(id, now)
	}
	l.crew.launch(l.session, plan) //nolint:contextcheck // what is begun is brought to its end
	l.fulfilled(name)
}
