-- Administrative penalties. Kept for good, as files of penalties are; name,
-- number and the officers' words are encrypted, the blind index finds a person.
CREATE TABLE penalty (
  id             TEXT PRIMARY KEY,
  version        BIGINT NOT NULL,
  state          TEXT NOT NULL,    -- proposed, decided, refused
  kind           TEXT NOT NULL,    -- individual, unit
  number_kind    TEXT NOT NULL,
  name           TEXT NOT NULL,    -- encrypted
  number         TEXT NOT NULL,    -- encrypted
  number_index   TEXT NOT NULL,    -- blind
  province       TEXT NOT NULL,
  city           TEXT NOT NULL,
  district       TEXT NOT NULL,
  conduct        TEXT NOT NULL,
  facts          TEXT NOT NULL,    -- JSON
  account        TEXT NOT NULL,    -- encrypted
  band           TEXT NOT NULL,    -- JSON
  answer         TEXT NOT NULL,    -- the pack's whole answer, JSON
  devices        TEXT NOT NULL,    -- JSON
  proposed       TEXT NOT NULL,    -- JSON
  proposed_by    TEXT NOT NULL,
  proposed_at    BIGINT NOT NULL,
  decided        TEXT NOT NULL,    -- JSON
  document_no    TEXT NOT NULL,
  decided_on     TEXT NOT NULL,    -- civil date; '' until decided
  decided_by     TEXT NOT NULL,
  decided_at     BIGINT NOT NULL,
  opinion        TEXT NOT NULL,    -- encrypted
  served         TEXT NOT NULL,    -- JSON
  remedies       TEXT NOT NULL,    -- JSON
  pack           TEXT NOT NULL     -- JSON: name, version and hash
);
CREATE INDEX penalty_number ON penalty (number_index, id);
CREATE INDEX penalty_all ON penalty (state, id);
CREATE INDEX penalty_province ON penalty (province, state, id);
CREATE INDEX penalty_city ON penalty (city, state, id);
CREATE INDEX penalty_district ON penalty (district, state, id);
CREATE INDEX penalty_any_province ON penalty (province, id);
CREATE INDEX penalty_any_city ON penalty (city, id);
CREATE INDEX penalty_any_district ON penalty (district, id);

-- Sums of what was decided, kept with every decision: for the country, and for
-- each province, city and district in it. They hold what stands after
-- reconsideration and suit. Kept as long as the penalties.
CREATE TABLE penalty_total (
  parent         TEXT NOT NULL,    -- the region above; '-' of the country; of what belongs to no division below, the region itself
  region         TEXT NOT NULL,    -- '' is the country
  month          TEXT NOT NULL,    -- of the decision, '2026-11'
  conduct        TEXT NOT NULL,
  penalties      BIGINT NOT NULL,
  revoked        BIGINT NOT NULL,
  detained       BIGINT NOT NULL,
  detention_days BIGINT NOT NULL,
  fine_fen       BIGINT NOT NULL,
  confiscate_fen BIGINT NOT NULL,
  PRIMARY KEY (parent, region, month, conduct)
);

-- What was seized with them. A penalty that is revoked does not undo a seizure,
-- which is given back by a decision of its own.
CREATE TABLE penalty_seized (
  parent  TEXT NOT NULL,
  region  TEXT NOT NULL,
  month   TEXT NOT NULL,
  conduct TEXT NOT NULL,
  kind    TEXT NOT NULL,
  n       BIGINT NOT NULL,
  PRIMARY KEY (parent, region, month, conduct, kind)
);
