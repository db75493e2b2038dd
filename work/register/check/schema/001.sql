-- What an institution may ask, where it differs from the house's quota. Kept
-- with the institution.
CREATE TABLE check_quota (
  institution TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  per_minute  BIGINT NOT NULL,   -- checks
  reason      TEXT NOT NULL,
  set_by      TEXT NOT NULL,
  set_at      BIGINT NOT NULL
);

-- How much each institution asked in each hour. Kept 60 days; the sketch, from
-- which the number of different persons is estimated, goes with it. It holds
-- no personal data: 1,024 small numbers made of blind indexes.
CREATE TABLE check_usage (
  institution TEXT NOT NULL,
  hour        BIGINT NOT NULL,   -- microseconds, the hour's beginning
  checks      BIGINT NOT NULL,
  listed      BIGINT NOT NULL,
  refused     BIGINT NOT NULL,   -- checks beyond the quota
  persons     BIGINT NOT NULL,   -- estimated: different persons that are not listed
  sequences   BIGINT NOT NULL,   -- numbers that followed closely upon another
  sketch      BYTES NOT NULL,
  PRIMARY KEY (institution, hour)
);
CREATE INDEX check_usage_hour ON check_usage (hour);

-- Sweeps that were noticed. Kept three years after they were answered.
CREATE TABLE check_sweep (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  institution TEXT NOT NULL,
  hour        BIGINT NOT NULL,
  kind        TEXT NOT NULL,     -- volume, sequence
  persons     BIGINT NOT NULL,
  usual       BIGINT NOT NULL,   -- persons an hour, by the institution's own last two weeks; 0 is not known yet
  sequences   BIGINT NOT NULL,
  noticed_at  BIGINT NOT NULL,
  finding     TEXT NOT NULL,     -- '' while open, explained, misuse
  note        TEXT NOT NULL,
  answered_by TEXT NOT NULL,
  answered_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX check_sweep_once ON check_sweep (institution, hour, kind);
CREATE INDEX check_sweep_finding ON check_sweep (finding, id);
