-- What goes upward: each change of the register that the level above must know.
-- Kept as long as the listing.
CREATE TABLE register_upward (
  id       TEXT PRIMARY KEY,
  listing  TEXT NOT NULL REFERENCES listing (id),
  action   TEXT NOT NULL,        -- list, date, lift
  province TEXT NOT NULL,
  city     TEXT NOT NULL,
  district TEXT NOT NULL,
  at       BIGINT NOT NULL,
  batch    TEXT NOT NULL,        -- empty: waits to be gathered
  measures BIGINT NOT NULL       -- how many are to be carried out or ended; set when gathered
);
CREATE INDEX register_upward_waits_province ON register_upward (province, id) WHERE batch = '';
CREATE INDEX register_upward_waits_city ON register_upward (city, id) WHERE batch = '';
CREATE INDEX register_upward_waits_district ON register_upward (district, id) WHERE batch = '';
CREATE INDEX register_upward_batch ON register_upward (batch, id) WHERE batch <> '';
CREATE INDEX register_upward_listing ON register_upward (listing, id);

-- Kept as long as its listings.
CREATE TABLE register_batch (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  state       TEXT NOT NULL,     -- made, handed, sent, acknowledged, refused
  province    TEXT NOT NULL,
  city        TEXT NOT NULL,
  district    TEXT NOT NULL,
  entries     BIGINT NOT NULL,
  made_by     TEXT NOT NULL,
  made_at     BIGINT NOT NULL,
  handed_by   TEXT NOT NULL,
  handed_at   BIGINT NOT NULL,
  sent_at     BIGINT NOT NULL,   -- the signed file was written
  platform_no TEXT NOT NULL,
  receipt_at  BIGINT NOT NULL,   -- the platform's own time
  reason      TEXT NOT NULL      -- of a refusal
);
CREATE INDEX register_batch_all ON register_batch (state, id);
CREATE INDEX register_batch_province ON register_batch (province, id);
CREATE INDEX register_batch_city ON register_batch (city, id);
CREATE INDEX register_batch_district ON register_batch (district, id);

-- What executing institutions report back, for each listing and measure; no row
-- is no report yet. Kept as long as the listing.
CREATE TABLE register_execution (
  listing     TEXT NOT NULL REFERENCES listing (id),
  action      TEXT NOT NULL,     -- list, lift: measures are carried out, then ended
  measure     TEXT NOT NULL,     -- the row on which it stands
  state       TEXT NOT NULL,     -- done, failed
  institution TEXT NOT NULL,     -- as the report names it
  at          BIGINT NOT NULL,   -- as the report has it
  note        TEXT NOT NULL,
  batch       TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (listing, action, measure)
);
CREATE INDEX register_execution_batch ON register_execution (batch);
