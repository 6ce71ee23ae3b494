package orchestrator

import (
	"context"
	"slices"
	"time"
)

// askLimit bounds how long all probes from outside together may take, or the
// cards, see Patience.
const askLimit = 10 * time.Second

// ask makes the probes from outside, and the cards of what failed, beside the
// passes; one round of each at a time. Cards do not wait for probes, which a
// service that hangs holds up.
func (l *loop) ask(ctx context.Context) {
	l.nextAsk = time.Now().Add(l.opts.Every)
	s := l.session
	l.explainAgain(ctx, l.opts.Every)
	l.beside(ctx, l.askBusy, func(ctx context.Context) {
		sights, _, _ := s.world.view()
		s.ask(ctx, false)
		s.scanLogs(ctx, s.unread(sights, time.Now()))
	})
}

// beside does something unless it is still being done, and has the supervisor look
// at its end.
func (l *loop) beside(ctx context.Context, busy chan struct{}, do func(context.Context)) {
	select {
	case busy <- struct{}{}:
	default:
		return
	}
	l.asking.Go(func() {
		defer func() { <-busy }()
		call, cancel := context.WithTimeout(ctx, Patience(l.session.engine, askLimit))
		defer cancel()
		if err := guarded(func() error { do(call); return nil }); err != nil {
			l.Trouble("probe", err.Error())
		}
		l.intake.wake()
	})
}

// explainAgain makes the cards of what the newest look found failed, where those
// that there are were made longer ago.
func (l *loop) explainAgain(ctx context.Context, ago time.Duration) {
	newest := l.latest.Load()
	if newest == nil || newest.Report.Settled() {
		l.cards.Store(nil)
		return
	}
	if time.Since(l.explainedAt) < ago {
		return
	}
	l.explainedAt = time.Now()
	s := l.session
	l.beside(ctx, l.explainBusy, func(ctx context.Context) { l.explain(ctx, s, newest.Report) })
}

// explain makes the cards of what a look found failed.
func (l *loop) explain(ctx context.Context, s *session, r Report) {
	cards := makeCards(ctx, s.engine, s.project, l.opts.Redact, r, s.look)
	l.cards.Store(&cards)
}

// explained are the cards of those services that are still not as they should
// be, and whether one of them has none of its present state.
func (l *loop) explained(r Report) (cards []Card, missing bool) {
	var known []Card
	if made := l.cards.Load(); made != nil {
		known = *made
	}
	for _, service := range r.Services {
		if service.Proven || onlyUnstable(service) {
			continue
		}
		i := slices.IndexFunc(known, func(c Card) bool { return c.Service == service.Name })
		missing = missing || i < 0 && len(service.BlockedBy) == 0 || i >= 0 && known[i].State != service.State
	}
	for _, c := range known {
		if slices.ContainsFunc(r.Services, func(s ServiceReport) bool { return s.Name == c.Service && !s.Proven && !onlyUnstable(s) }) {
			cards = append(cards, c)
		}
	}
	return cards, missing
}
