package trade

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func opened(entry int, side Side, ago time.Duration) Trade {
	at := noon.Add(-ago)
	return Trade{ID: 7, Ticker: "PAPER-COIN", Side: side, Status: Open, EntryPriceCents: &entry, FilledAt: &at}
}

func TestTheExitRule(t *testing.T) {
	rule := ExitRule{TakeProfitCents: 5, StopLossCents: 4, MaxAge: time.Minute}
	requested := opened(50, Yes, time.Second)
	requested.CloseRequestedAt = &noon
	pending := opened(50, Yes, time.Hour)
	pending.Status = Pending
	cases := map[string]struct {
		trade Trade
		quote *Quote
		want  string
	}{
		"keeps a trade that neither won nor lost enough": {opened(50, Yes, time.Second), &Quote{YesBidCents: 54, YesAskCents: 56}, ""},
		"takes a profit at the figure itself":            {opened(50, Yes, time.Second), &Quote{YesBidCents: 55, YesAskCents: 57}, "take profit at +5 cents"},
		"stops a loss at the figure itself":              {opened(50, Yes, time.Second), &Quote{YesBidCents: 46, YesAskCents: 48}, "stop loss at -4 cents"},
		"sees the no side the other way round":           {opened(50, No, time.Second), &Quote{YesBidCents: 43, YesAskCents: 45}, "take profit at +5 cents"},
		"closes at the age itself":                       {opened(50, Yes, time.Minute), &Quote{YesBidCents: 50, YesAskCents: 52}, "open for 1m0s"},
		"closes by age when the market has no price":     {opened(50, Yes, time.Hour), nil, "open for 1m0s"},
		"puts a person's wish before everything":         {requested, &Quote{YesBidCents: 99, YesAskCents: 99}, "requested"},
		"leaves a trade alone that is not open":          {pending, &Quote{YesBidCents: 99, YesAskCents: 99}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := rule.Decide(c.trade, c.quote, noon); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheEntryRule(t *testing.T) {
	rule := EntryRule{BelowCents: 35, Contracts: 5, MaxActive: 2, Cooldown: 30 * time.Second}
	cheapYes := Quote{Ticker: "A", YesBidCents: 30, YesAskCents: 32}
	cheapNo := Quote{Ticker: "B", YesBidCents: 70, YesAskCents: 72}
	middle := Quote{Ticker: "C", YesBidCents: 49, YesAskCents: 51}

	t.Run("buys the cheap side of each market", func(t *testing.T) {
		got := rule.Decide("demo", []Quote{cheapYes, middle, cheapNo}, nil, noon)
		if len(got) != 2 || got[0].Ticker != "A" || got[0].Side != Yes || got[1].Ticker != "B" || got[1].Side != No {
			t.Fatalf("got %+v", got)
		}
		for _, r := range got {
			if err := r.Validate(); err != nil {
				t.Errorf("the rule made a request that the API refuses: %v", err)
			}
		}
	})
	t.Run("keeps to the number of running trades", func(t *testing.T) {
		running := []Entered{{Ticker: "X", Active: true}, {Ticker: "Y", Active: true}}
		if got := rule.Decide("demo", []Quote{cheapYes}, running, noon); len(got) != 0 {
			t.Errorf("opened %+v", got)
		}
	})
	t.Run("does not enter a market twice within the cooldown", func(t *testing.T) {
		just := []Entered{{Ticker: "A", CreatedAt: noon.Add(-29 * time.Second)}}
		if got := rule.Decide("demo", []Quote{cheapYes}, just, noon); len(got) != 0 {
			t.Errorf("opened %+v", got)
		}
		before := []Entered{{Ticker: "A", CreatedAt: noon.Add(-30 * time.Second)}}
		if got := rule.Decide("demo", []Quote{cheapYes}, before, noon); len(got) != 1 {
			t.Errorf("opened %+v, want one after the cooldown", got)
		}
	})
	t.Run("names two decisions of one moment alike", func(t *testing.T) {
		first := rule.Decide("demo", []Quote{cheapYes}, nil, noon)
		second := rule.Decide("demo", []Quote{cheapYes}, nil, noon.Add(time.Second))
		later := rule.Decide("demo", []Quote{cheapYes}, nil, noon.Add(time.Minute))
		if first[0].Reference != second[0].Reference || first[0].Reference == later[0].Reference {
			t.Errorf("references are %q, %q, %q", first[0].Reference, second[0].Reference, later[0].Reference)
		}
	})
	t.Run("does not buy what costs nothing", func(t *testing.T) {
		if got := rule.Decide("demo", []Quote{{Ticker: "Z", YesBidCents: 50, YesAskCents: 0}}, nil, noon); len(got) != 0 {
			t.Errorf("opened %+v", got)
		}
	})
}
