package config

import (
	"strings"
	"testing"
	"time"
)

func env(pairs map[string]string) func(string) string {
	return func(key string) string { return pairs[key] }
}

func TestAnEmptyEnvironmentIsEnough(t *testing.T) {
	s, err := Load(env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if s.Port != 8080 || s.Database.Host != "postgres" || s.Users[0] != "demo" {
		t.Errorf("defaults are %+v", s)
	}
	if s.Heartbeat.LostAfter < 3*s.Every.Heartbeat {
		t.Errorf("a service is lost after %s with a beat every %s: one late beat would be an alarm",
			s.Heartbeat.LostAfter, s.Every.Heartbeat)
	}
}

func TestEveryWrongVariableIsReportedAtOnce(t *testing.T) {
	_, err := Load(env(map[string]string{
		"PORT":            "70000",
		"DATABASE_PORT":   "0",
		"MAX_TRADE_AGE":   "soon",
		"KALSHI_BASE_URL": "trade_executor:8001",
		"TRADING_USERS":   "demo,../etc",
	}))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"PORT", "DATABASE_PORT", "MAX_TRADE_AGE", "KALSHI_BASE_URL", `TRADING_USERS="../etc"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

func TestValuesOfTheEnvironmentWin(t *testing.T) {
	s, err := Load(env(map[string]string{
		"PORT":               "3000",
		"SUPERVISE_INTERVAL": "250ms",
		"KALSHI_BASE_URL":    "https://exchange.example/v2/",
		"TRADING_USERS":      "ann, bob",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s.Port != 3000 || s.Every.Supervise != 250*time.Millisecond {
		t.Errorf("got %+v", s)
	}
	if s.ExchangeURL != "https://exchange.example/v2" {
		t.Errorf("address is %q, want it without the last slash", s.ExchangeURL)
	}
	if len(s.Users) != 2 || s.Users[1] != "bob" {
		t.Errorf("users are %q", s.Users)
	}
}
