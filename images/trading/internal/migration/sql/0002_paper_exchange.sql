CREATE TABLE paper_accounts (
    user_name     text PRIMARY KEY,
    balance_cents bigint NOT NULL CHECK (balance_cents >= 0)
);

CREATE TABLE paper_positions (
    user_name text NOT NULL REFERENCES paper_accounts (user_name),
    ticker    text NOT NULL,
    side      text NOT NULL,
    contracts integer NOT NULL CHECK (contracts >= 0),
    PRIMARY KEY (user_name, ticker, side)
);

CREATE TABLE paper_orders (
    client_order_id text PRIMARY KEY,
    user_name       text NOT NULL REFERENCES paper_accounts (user_name),
    ticker          text NOT NULL,
    side            text NOT NULL,
    deal            text NOT NULL,
    contracts       integer NOT NULL,
    price_cents     integer NOT NULL,
    at              timestamptz NOT NULL DEFAULT now()
);
