-- What institutions said of where clues are. Kept as long as the lookups they
-- come from: three years after the clue is closed. Addresses are clear and
-- protected by scope.
CREATE TABLE sighting (
  id          TEXT PRIMARY KEY,
  clue        TEXT NOT NULL,
  source      TEXT NOT NULL,         -- lookup, lead
  origin      TEXT NOT NULL UNIQUE,  -- the lookup or lead: a repeated answer is no second sighting
  institution TEXT NOT NULL,
  role        TEXT NOT NULL,
  raw         TEXT NOT NULL,
  address     TEXT NOT NULL,         -- taken apart, JSON
  weight      BIGINT NOT NULL,       -- 0 supports, 1 counts beside one that counts, 2 counts
  at          BIGINT NOT NULL
);
CREATE INDEX sighting_clue ON sighting (clue, at);

-- Under which keys a sighting is found. Those that count come first, so that
-- ten thousand cards sold at one outlet hide nothing.
CREATE TABLE sighting_key (
  key      TEXT NOT NULL,
  weight   BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  sighting TEXT NOT NULL REFERENCES sighting (id),
  PRIMARY KEY (key, weight, at, sighting)
);

-- One row for each key that has been seen (on PostgreSQL): whoever looks for a den at a place
-- holds its rows until the transaction ends.
CREATE TABLE den_place (
  key TEXT PRIMARY KEY
);

-- Kept for 10 years from finishing.
CREATE TABLE den (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  state         TEXT NOT NULL,
  key           TEXT NOT NULL,
  place         TEXT NOT NULL,  -- the address taken apart, JSON
  province      TEXT NOT NULL,
  city          TEXT NOT NULL,
  district      TEXT NOT NULL,
  region        TEXT NOT NULL,
  confidence    TEXT NOT NULL,
  reasons       TEXT NOT NULL,  -- codes and figures, JSON
  clues         BIGINT NOT NULL,
  analysed_by   TEXT NOT NULL,
  approved_by   TEXT NOT NULL,
  document_kind TEXT NOT NULL,
  document_no   TEXT NOT NULL,
  unit          TEXT NOT NULL,
  suspected_at  BIGINT NOT NULL,
  approved_at   BIGINT NOT NULL,
  dispatched_at BIGINT NOT NULL,
  finished_at   BIGINT NOT NULL,
  checked_at    BIGINT NOT NULL,
  outcome       TEXT NOT NULL   -- JSON
);
-- One den under way for each place.
CREATE UNIQUE INDEX den_one ON den (key) WHERE state NOT IN ('confirmed', 'nothing_found', 'dismissed');
CREATE INDEX den_all ON den (state, id);
CREATE INDEX den_province ON den (province, state, id);
CREATE INDEX den_city ON den (city, state, id);
CREATE INDEX den_district ON den (district, state, id);
CREATE INDEX den_unit ON den (unit, state, id);
CREATE INDEX den_any_province ON den (province, id);
CREATE INDEX den_any_city ON den (city, id);
CREATE INDEX den_any_district ON den (district, id);
CREATE INDEX den_any_unit ON den (unit, id);
CREATE INDEX den_suspected ON den (suspected_at);

CREATE TABLE den_key (
  key TEXT NOT NULL,
  den TEXT NOT NULL REFERENCES den (id),
  PRIMARY KEY (key, den)
);

CREATE TABLE den_evidence (
  den      TEXT NOT NULL REFERENCES den (id),
  sighting TEXT NOT NULL REFERENCES sighting (id),
  at       BIGINT NOT NULL,  -- when it was added
  PRIMARY KEY (den, sighting)
);

-- Who did what when: the way of a den, with opinions and reasons.
CREATE TABLE den_step (
  den     TEXT NOT NULL REFERENCES den (id),
  version BIGINT NOT NULL,
  step    TEXT NOT NULL,
  actor   TEXT NOT NULL,  -- empty: the system
  at      BIGINT NOT NULL,
  note    TEXT NOT NULL,
  PRIMARY KEY (den, version)
);
