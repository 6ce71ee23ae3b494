package trade

import (
	"fmt"
	"time"
)

// EntryRule says when a trade is opened without a person asking for it: when
// a side is cheap enough, not too many are running, and the market was not
// entered a moment ago.
type EntryRule struct {
	BelowCents int
	Contracts  int
	MaxActive  int
	Cooldown   time.Duration
}

// Entered is what the entry rule has to know about one earlier automatic trade.
type Entered struct {
	Ticker    string    `db:"ticker"`
	Active    bool      `db:"active"`
	CreatedAt time.Time `db:"created_at"`
}

// Decide returns the trades to open for the user at these quotes.
func (r EntryRule) Decide(user string, quotes []Quote, earlier []Entered, now time.Time) []Request {
	active := 0
	blocked := map[string]bool{}
	for _, e := range earlier {
		if e.Active {
			active++
		}
		if e.Active || now.Sub(e.CreatedAt) < r.Cooldown {
			blocked[e.Ticker] = true
		}
	}
	var requests []Request
	for _, q := range quotes {
		side, cheap := r.cheapSide(q)
		if !cheap || blocked[q.Ticker] || active >= r.MaxActive {
			continue
		}
		active++
		requests = append(requests, Request{
			User: user, Ticker: q.Ticker, Side: side, Contracts: r.Contracts,
			Source: Automatic, Reference: r.reference(user, q.Ticker, now),
		})
	}
	return requests
}

func (r EntryRule) cheapSide(q Quote) (Side, bool) {
	for _, side := range []Side{Yes, No} {
		if price := q.Ask(side); price > 0 && price <= r.BelowCents {
			return side, true
		}
	}
	return "", false
}

// reference is the same for two decisions within one cooldown, so that a
// request whose answer was lost does not become a second trade.
func (r EntryRule) reference(user, ticker string, now time.Time) string {
	bucket := now.UnixNano()
	if r.Cooldown > 0 {
		bucket /= int64(r.Cooldown)
	}
	full := fmt.Sprintf("auto-%x-%s-%s", bucket, user, ticker)
	return full[:min(len(full), maxReference)]
}
