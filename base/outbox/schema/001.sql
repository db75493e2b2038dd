-- Whatever is owed later or to the outside. Finished items are kept for a
-- year, as the proof of what was sent when.
CREATE TABLE outbox (
  id          TEXT PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,  -- the idempotency key that every attempt carries
  kind        TEXT NOT NULL,
  lane        TEXT NOT NULL,         -- the bulkhead: a slow lane delays no other
  record      TEXT NOT NULL,
  state       TEXT NOT NULL,         -- owed, done, dead, forgiven
  due_at      BIGINT NOT NULL,       -- when it was owed
  next_at     BIGINT NOT NULL,       -- when it may be tried next: due, after back-off, or after the lease of a lost worker
  attempts    BIGINT NOT NULL,
  payload     TEXT NOT NULL,
  finished_at BIGINT NOT NULL
);
CREATE INDEX outbox_lane ON outbox (lane, next_at) WHERE state = 'owed';
CREATE INDEX outbox_record ON outbox (record);
CREATE INDEX outbox_dead ON outbox (finished_at) WHERE state = 'dead';

CREATE TABLE outbox_attempt (
  item       TEXT NOT NULL REFERENCES outbox (id),
  n          BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL,
  error      TEXT NOT NULL,  -- empty when it went well; never personal data
  PRIMARY KEY (item, n)
);
