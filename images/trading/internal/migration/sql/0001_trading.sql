CREATE TABLE users (
    name       text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE trades (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_name          text NOT NULL REFERENCES users (name),
    ticker             text NOT NULL,
    side               text NOT NULL CHECK (side IN ('yes', 'no')),
    contracts          integer NOT NULL CHECK (contracts > 0),
    status             text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'filling', 'open', 'closed', 'cancelled', 'rejected')),
    source             text NOT NULL CHECK (source IN ('manual', 'automatic')),
    reference          text,
    reason             text NOT NULL DEFAULT '',
    entry_price_cents  integer CHECK (entry_price_cents BETWEEN 0 AND 100),
    exit_price_cents   integer CHECK (exit_price_cents BETWEEN 0 AND 100),
    profit_cents       bigint GENERATED ALWAYS AS
        (contracts::bigint * (exit_price_cents - entry_price_cents)) STORED,
    created_at         timestamptz NOT NULL DEFAULT now(),
    claimed_at         timestamptz,
    filled_at          timestamptz,
    close_requested_at timestamptz,
    closed_at          timestamptz,
    UNIQUE (user_name, reference),
    CHECK (status NOT IN ('open', 'closed') OR (entry_price_cents IS NOT NULL AND filled_at IS NOT NULL)),
    CHECK (status <> 'closed' OR (exit_price_cents IS NOT NULL AND closed_at IS NOT NULL))
);

CREATE INDEX trades_running ON trades (status, id) WHERE status IN ('pending', 'filling', 'open');
CREATE INDEX trades_automatic ON trades (created_at) WHERE source = 'automatic';
CREATE INDEX trades_closed ON trades (closed_at) WHERE status = 'closed';

CREATE TABLE heartbeats (
    service    text PRIMARY KEY,
    instance   text NOT NULL,
    started_at timestamptz NOT NULL,
    beat_at    timestamptz NOT NULL,
    stopped_at timestamptz,
    problem    text NOT NULL DEFAULT ''
);

CREATE TABLE incidents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    services   text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz
);

CREATE UNIQUE INDEX incidents_one_at_a_time ON incidents ((true)) WHERE ended_at IS NULL;

CREATE TABLE prices (
    ticker        text NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    yes_bid_cents integer NOT NULL,
    yes_ask_cents integer NOT NULL,
    PRIMARY KEY (ticker, at)
);

CREATE TABLE accounts (
    user_name     text PRIMARY KEY REFERENCES users (name),
    balance_cents bigint NOT NULL,
    synced_at     timestamptz NOT NULL
);

CREATE TABLE positions (
    user_name text NOT NULL REFERENCES users (name),
    ticker    text NOT NULL,
    side      text NOT NULL,
    contracts integer NOT NULL,
    PRIMARY KEY (user_name, ticker, side)
);

CREATE TABLE exchange_checks (
    at             timestamptz PRIMARY KEY DEFAULT now(),
    available      boolean NOT NULL,
    latency_millis double precision NOT NULL,
    problem        text NOT NULL DEFAULT ''
);

CREATE TABLE host_samples (
    at                        timestamptz PRIMARY KEY DEFAULT now(),
    load1                     double precision NOT NULL,
    memory_total_bytes        bigint NOT NULL,
    memory_available_bytes    bigint NOT NULL,
    data_disk_total_bytes     bigint NOT NULL,
    data_disk_available_bytes bigint NOT NULL
);

CREATE TABLE pipeline_runs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status     text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz
);

CREATE TABLE pipeline_steps (
    run_id      bigint NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE,
    position    integer NOT NULL,
    name        text NOT NULL,
    status      text NOT NULL,
    note        text NOT NULL,
    took_millis double precision NOT NULL,
    PRIMARY KEY (run_id, position)
);

CREATE TABLE daily_results (
    user_name    text NOT NULL REFERENCES users (name),
    day          date NOT NULL,
    trades       bigint NOT NULL,
    wins         bigint NOT NULL,
    profit_cents bigint NOT NULL,
    PRIMARY KEY (user_name, day)
);
