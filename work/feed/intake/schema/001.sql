-- How the records of letters are read again: the mapping and the columns.
-- Kept for as long as a letter that names it.
CREATE TABLE feed_form (
  id      TEXT PRIMARY KEY, -- SHA-256 of the rest
  kind    TEXT NOT NULL,
  format  TEXT NOT NULL,    -- csv, ndjson
  columns TEXT NOT NULL,    -- JSON, names by position
  mapping TEXT NOT NULL,    -- as written; empty: the canonical columns
  used_at BIGINT NOT NULL
);

-- Dead letters: records that were refused. Kept for 30 days, whatever became of
-- them. The record is personal data and encrypted.
CREATE TABLE feed_letter (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  state       TEXT NOT NULL,   -- open, corrected, discarded
  channel     TEXT NOT NULL,   -- http, file, nats, iso20022
  name        TEXT NOT NULL,   -- of the file; empty: none
  load        TEXT NOT NULL,   -- of which it is; empty: none
  once        TEXT,            -- source and row of one that may come again; NULL: it may not
  form        TEXT NOT NULL,
  kind        TEXT NOT NULL,
  row_number  BIGINT NOT NULL,
  field       TEXT NOT NULL,   -- empty: the record as a whole
  reason      TEXT NOT NULL,
  record      TEXT NOT NULL,   -- encrypted
  at          BIGINT NOT NULL,
  sent_by     TEXT NOT NULL,   -- account; empty: over NATS
  province    TEXT NOT NULL,
  city        TEXT NOT NULL,
  district    TEXT NOT NULL,
  institution TEXT NOT NULL,   -- that sent it; empty: the centre itself
  closed_by   TEXT NOT NULL,
  closed_at   BIGINT NOT NULL,
  note        TEXT NOT NULL    -- why it was discarded
);
CREATE UNIQUE INDEX feed_letter_once ON feed_letter (once);
CREATE INDEX feed_letter_all ON feed_letter (state, id);
CREATE INDEX feed_letter_province ON feed_letter (province, state, id);
CREATE INDEX feed_letter_city ON feed_letter (city, state, id);
CREATE INDEX feed_letter_district ON feed_letter (district, state, id);
CREATE INDEX feed_letter_institution ON feed_letter (institution, state, id) WHERE institution <> '';
CREATE INDEX feed_letter_load ON feed_letter (load, state, id) WHERE load <> '';
CREATE INDEX feed_letter_at ON feed_letter (at);

-- Loads of files. Kept for a year: they say that a file was loaded already.
CREATE TABLE feed_load (
  id          TEXT PRIMARY KEY,
  state       TEXT NOT NULL,   -- open, done
  name        TEXT NOT NULL,   -- of the file
  digest      TEXT NOT NULL,   -- SHA-256 of the file and its mapping
  attempt     BIGINT NOT NULL, -- 1; more when it was loaded again on purpose
  form        TEXT NOT NULL,   -- JSON: kind, format, columns, mapping
  last_row    BIGINT NOT NULL, -- up to which it is taken
  taken       BIGINT NOT NULL,
  refused     BIGINT NOT NULL,
  skipped     BIGINT NOT NULL,
  started_at  BIGINT NOT NULL,
  ended_at    BIGINT NOT NULL,
  sent_by     TEXT NOT NULL,
  province    TEXT NOT NULL,
  city        TEXT NOT NULL,
  district    TEXT NOT NULL,
  institution TEXT NOT NULL
);
CREATE UNIQUE INDEX feed_load_digest ON feed_load (digest, institution, attempt);
CREATE INDEX feed_load_all ON feed_load (started_at, id);
CREATE INDEX feed_load_province ON feed_load (province, started_at, id);
CREATE INDEX feed_load_city ON feed_load (city, started_at, id);
CREATE INDEX feed_load_district ON feed_load (district, started_at, id);
CREATE INDEX feed_load_institution ON feed_load (institution, started_at, id) WHERE institution <> '';
