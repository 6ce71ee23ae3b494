// Package config reads what a container is told by its environment, with a
// default for everything but the password.
package config

import (
	"time"

	"github.com/stackctl/stackctl/images/trading/internal/trade"
)

// Settings is everything a role may be told. A role uses the part it needs.
type Settings struct {
	// Port is the TCP port of the role's HTTP server, on all addresses of the
	// container; 0 takes any free one, which the log then names.
	Port int
	// Database says where Postgres is.
	Database Database
	// Users are the accounts that may trade; the migration job creates them.
	Users []string
	// DataDir holds one directory per user.
	DataDir string
	// ExchangeURL is the exchange's base address, without a slash at the end.
	ExchangeURL string
	// TradeManagerURL is the base address of the trades API.
	TradeManagerURL string
	// StartingBalanceCents is what a new paper account holds.
	StartingBalanceCents int64
	// Rules are the figures by which trades are opened and closed.
	Rules Rules
	// Every says how often each periodic job runs.
	Every Intervals
	// Heartbeat says when a service counts as lost.
	Heartbeat Heartbeat
	// Retention is how long measurements are kept. Trades are kept for ever.
	Retention time.Duration
}

// Database is an address and a way to the password. The password itself is
// read from its file at every connect, so a changed secret needs no restart.
type Database struct {
	Host         string
	Port         uint16
	Name         string
	User         string
	PasswordFile string
}

// Rules groups the two trading rules.
type Rules struct {
	Entry trade.EntryRule
	Exit  trade.ExitRule
}

// Intervals are the pauses between two runs of each periodic job.
type Intervals struct {
	Heartbeat time.Duration
	Fill      time.Duration
	Supervise time.Duration
	Entry     time.Duration
	Sync      time.Duration
	Watch     time.Duration
	Detect    time.Duration
	Sample    time.Duration
	Pipeline  time.Duration
}

// Heartbeat says how long a service may be silent, and how many silent ones
// at once make an incident.
type Heartbeat struct {
	LostAfter time.Duration
	Cascade   int
}

// shortest is the smallest interval accepted: below it a job would only load
// the database.
const shortest = 100 * time.Millisecond

// Load reads the settings. Its error names every wrong variable.
func Load(getenv func(string) string) (Settings, error) {
	r := &reader{getenv: getenv}
	s := Settings{
		Port:                 r.number("PORT", 8080, 0, 65535),
		Database:             database(r),
		Users:                r.names("TRADING_USERS", "demo", trade.ValidUser),
		DataDir:              r.text("DATA_DIR", "/data"),
		ExchangeURL:          r.address("KALSHI_BASE_URL", "http://trade_executor:8001/exchange"),
		TradeManagerURL:      r.address("TRADE_MANAGER_URL", "http://trade_manager:4000"),
		StartingBalanceCents: int64(r.number("PAPER_BALANCE_CENTS", 1_000_000, 0, 1_000_000_000)),
		Rules:                rules(r),
		Every:                intervals(r),
		Heartbeat: Heartbeat{
			LostAfter: r.duration("HEARTBEAT_LOST_AFTER", 6*time.Second, time.Second),
			Cascade:   r.number("CASCADE_SERVICES", 2, 1, 100),
		},
		Retention: r.duration("RETENTION", 24*time.Hour, time.Minute),
	}
	return s, r.err()
}

func database(r *reader) Database {
	return Database{
		Host:         r.text("DATABASE_HOST", "postgres"),
		Port:         r.port("DATABASE_PORT", 5432),
		Name:         r.text("DATABASE_NAME", "trading"),
		User:         r.text("DATABASE_USER", "trading"),
		PasswordFile: r.text("DATABASE_PASSWORD_FILE", "/run/secrets/postgres_password"),
	}
}

func rules(r *reader) Rules {
	return Rules{
		Entry: trade.EntryRule{
			BelowCents: r.number("ENTRY_BELOW_CENTS", 35, 1, 99),
			Contracts:  r.number("ENTRY_CONTRACTS", 5, 1, trade.MaxContracts),
			MaxActive:  r.number("ENTRY_MAX_ACTIVE", 2, 0, 1000),
			Cooldown:   r.duration("ENTRY_COOLDOWN", 30*time.Second, time.Second),
		},
		Exit: trade.ExitRule{
			TakeProfitCents: r.number("TAKE_PROFIT_CENTS", 5, 1, 99),
			StopLossCents:   r.number("STOP_LOSS_CENTS", 5, 1, 99),
			MaxAge:          r.duration("MAX_TRADE_AGE", 15*time.Second, time.Second),
		},
	}
}

func intervals(r *reader) Intervals {
	return Intervals{
		Heartbeat: r.duration("HEARTBEAT_INTERVAL", time.Second, shortest),
		Fill:      r.duration("FILL_INTERVAL", 2*time.Second, shortest),
		Supervise: r.duration("SUPERVISE_INTERVAL", time.Second, shortest),
		Entry:     r.duration("ENTRY_INTERVAL", 5*time.Second, shortest),
		Sync:      r.duration("SYNC_INTERVAL", 5*time.Second, shortest),
		Watch:     r.duration("WATCH_INTERVAL", 5*time.Second, shortest),
		Detect:    r.duration("DETECT_INTERVAL", time.Second, shortest),
		Sample:    r.duration("SAMPLE_INTERVAL", 5*time.Second, shortest),
		Pipeline:  r.duration("PIPELINE_INTERVAL", 10*time.Second, shortest),
	}
}
