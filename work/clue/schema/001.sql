-- Clues are kept until three years after closing, lookups and answers with
-- them. Numbers and accounts are canonical and clear, protected by scope; what
-- institutions answer about persons is encrypted.
CREATE TABLE clue (
  id           TEXT PRIMARY KEY,
  version      BIGINT NOT NULL,
  kind         TEXT NOT NULL,
  value        TEXT NOT NULL,
  truth        TEXT NOT NULL,
  state        TEXT NOT NULL,
  institution  TEXT NOT NULL,
  carrier      TEXT NOT NULL,
  home         TEXT NOT NULL,
  reports      BIGINT NOT NULL,
  opened_at    BIGINT NOT NULL,
  due_at       BIGINT NOT NULL,  -- 0: no lookup is pending
  due_from     BIGINT NOT NULL,  -- when that deadline began to run
  via          TEXT NOT NULL,
  close_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX clue_value ON clue (value, kind);

-- In which scopes a clue stands: a row for the district that reported it, its
-- city and its province. A list is one equality on region. rank is the place
-- in the list: late first, then soonest deadline, then the newest.
CREATE TABLE clue_region (
  clue   TEXT NOT NULL REFERENCES clue (id),
  region TEXT NOT NULL,
  state  TEXT NOT NULL,
  kind   TEXT NOT NULL,
  rank   BIGINT NOT NULL,
  PRIMARY KEY (clue, region)
);
CREATE INDEX clue_region_list ON clue_region (region, state, rank, clue);
CREATE INDEX clue_region_kind ON clue_region (region, state, kind, rank, clue);

-- Who told of a clue: a report of ours, or a lead of another centre.
CREATE TABLE clue_source (
  clue   TEXT NOT NULL REFERENCES clue (id),
  source TEXT NOT NULL,   -- the report's or the lead's ID
  kind   TEXT NOT NULL,   -- report, lead, officer
  region TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (clue, source, region) -- an officer of each region may enter it
);
CREATE INDEX clue_source_of ON clue_source (source);

CREATE TABLE lead (
  id           TEXT PRIMARY KEY,
  clue         TEXT NOT NULL REFERENCES clue (id),
  institution  TEXT NOT NULL,
  region       TEXT NOT NULL,
  at           BIGINT NOT NULL,
  ref          TEXT NOT NULL,
  note         TEXT NOT NULL
);

CREATE TABLE lookup (
  id              TEXT PRIMARY KEY,
  version         BIGINT NOT NULL,
  clue            TEXT NOT NULL REFERENCES clue (id),
  institution     TEXT NOT NULL,
  state           TEXT NOT NULL,
  fields          TEXT NOT NULL,
  officers        TEXT NOT NULL,
  purpose         TEXT NOT NULL,
  legal_basis     TEXT NOT NULL,
  document_no     TEXT NOT NULL,
  location_no     TEXT NOT NULL,
  asked_by        TEXT NOT NULL,
  report          TEXT NOT NULL,
  province        TEXT NOT NULL,
  city            TEXT NOT NULL,
  district        TEXT NOT NULL,
  asked_at        BIGINT NOT NULL,
  due_at          BIGINT NOT NULL,
  sent_at         BIGINT NOT NULL,
  answered_at     BIGINT NOT NULL,
  escalation      BIGINT NOT NULL,
  escalated_to    TEXT NOT NULL,
  answer          TEXT NOT NULL
);
CREATE INDEX lookup_clue ON lookup (clue, asked_at);
CREATE INDEX lookup_all ON lookup (state, due_at, id);
CREATE INDEX lookup_province ON lookup (province, state, due_at, id);
CREATE INDEX lookup_city ON lookup (city, state, due_at, id);
CREATE INDEX lookup_district ON lookup (district, state, due_at, id);
CREATE INDEX lookup_institution ON lookup (institution, state, due_at, id);
CREATE INDEX lookup_asked ON lookup (asked_at, institution);
CREATE INDEX lookup_escalated ON lookup (escalated_to, state) WHERE escalated_to <> '';

-- Who opened a line, by the keyed blind index of the name: found by the exact
-- name, and unreadable without the keys. It goes with the lookup.
CREATE TABLE subscriber (
  name_index TEXT NOT NULL,
  lookup     TEXT NOT NULL REFERENCES lookup (id),
  clue       TEXT NOT NULL,
  PRIMARY KEY (name_index, lookup)
);
