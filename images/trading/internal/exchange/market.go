// Package exchange is the paper exchange and the client that talks to an
// exchange over HTTP. The client knows only the address: with another one it
// would talk to another exchange that speaks the same protocol.
package exchange

import (
	"hash/fnv"
	"math"
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Market is one event that can be traded.
type Market struct {
	trade.Quote
	Title string `json:"title"`
}

// Prices of the paper exchange stay between these, in cents, so that there is
// always a buyer and a seller.
const (
	lowestMid  = 3
	highestMid = 97
	halfSpread = 1
)

// PaperMarkets returns the markets of the paper exchange at one moment.
func PaperMarkets(at time.Time) []Market {
	return []Market{
		paperMarket("PAPER-COIN", "Will the next coin show heads?", at),
		paperMarket("PAPER-RAIN", "Will it rain tomorrow?", at),
		paperMarket("PAPER-RATE", "Will the rate be cut?", at),
		paperMarket("PAPER-VOTE", "Will the motion pass?", at),
	}
}

// paperMarket gives a price that depends on nothing but ticker and time: a
// restarted exchange goes on where it was, and tests need no seed.
func paperMarket(ticker, title string, at time.Time) Market {
	mid := min(max(wave(ticker, at), lowestMid), highestMid)
	return Market{
		Quote: trade.Quote{Ticker: ticker, YesBidCents: mid - halfSpread, YesAskCents: mid + halfSpread},
		Title: title,
	}
}

// wave is a slow swing of two minutes or so with a quick one on top, quick
// enough for a gain or a loss of some cents within seconds.
func wave(ticker string, at time.Time) int {
	seed := fnv.New32a()
	seed.Write([]byte(ticker))
	phase := float64(seed.Sum32() % 1000)
	seconds := float64(at.UnixMilli()) / 1000
	slow := 30 * math.Sin(2*math.Pi*(seconds+phase)/(90+math.Mod(phase, 60)))
	quick := 9 * math.Sin(2*math.Pi*(seconds+phase)/(13+math.Mod(phase, 7)))
	return int(math.Round(50 + slow + quick))
}

func paperQuote(ticker string, at time.Time) (trade.Quote, bool) {
	for _, m := range PaperMarkets(at) {
		if m.Ticker == ticker {
			return m.Quote, true
		}
	}
	return trade.Quote{}, false
}
