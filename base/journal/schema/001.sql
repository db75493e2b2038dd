-- One row for everything that happens. Kept for good: erasure empties payload
-- and salt, and leaves payload_hash, so that the sealed log stays verifiable.
CREATE TABLE journal (
  seq          SERIAL_KEY,
  epoch        BIGINT NOT NULL,                      -- counts restores; rows of one epoch share one counter of transactions
  xid          BIGINT NOT NULL DEFAULT CURRENT_XID,  -- PostgreSQL: the transaction, for the order of commits; SQLite: 0
  at           BIGINT NOT NULL,
  kind         TEXT NOT NULL,
  record       TEXT NOT NULL,
  version      BIGINT NOT NULL,
  actor        TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  region       TEXT NOT NULL,
  institution  TEXT NOT NULL,
  payload      TEXT NOT NULL,
  salt         BYTES NOT NULL,
  payload_hash BYTES NOT NULL
);
CREATE INDEX journal_order ON journal (epoch, xid, seq);
CREATE INDEX journal_actor ON journal (actor, seq);
CREATE INDEX journal_kind ON journal (kind, seq);

-- In whose timelines a row stands, its own record among them.
CREATE TABLE journal_about (
  record TEXT NOT NULL,
  seq    BIGINT NOT NULL REFERENCES journal (seq),
  PRIMARY KEY (record, seq)
);

-- How far each tailing stage has come. It moves in the transaction that holds
-- the stage's effect.
CREATE TABLE journal_cursor (
  name  TEXT PRIMARY KEY,
  epoch BIGINT NOT NULL,
  xid   BIGINT NOT NULL,
  seq   BIGINT NOT NULL
);

-- Rows that a stage could not take, with the reason, until somebody mends it.
CREATE TABLE journal_parked (
  name   TEXT NOT NULL,
  seq    BIGINT NOT NULL REFERENCES journal (seq),
  at     BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (name, seq)
);

CREATE TABLE journal_epoch (
  n  BIGINT PRIMARY KEY,
  at BIGINT NOT NULL
);
INSERT INTO journal_epoch (n, at) VALUES (1, 0);
