-- Administrative penalties. Kept for good, as files of penalties are; name,
-- number and the officers' words are encrypted, the blind index finds a person.
-- What is summed stands in columns: fine, days and confiscation as they stand
-- after reconsideration and suit, 0 of what was revoked.
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
  pack           TEXT NOT NULL,    -- JSON: name, version and hash
  month          TEXT NOT NULL,    -- of the decision, '2026-11'; '' until decided
  stands         BIGINT NOT NULL,  -- 1 of a decision that was not revoked, else 0
  fine_fen       BIGINT NOT NULL,
  confiscate_fen BIGINT NOT NULL,
  detention_days BIGINT NOT NULL
);
CREATE INDEX penalty_number ON penalty (number_index, id);
CREATE INDEX penalty_all ON penalty (state, id);
CREATE INDEX penalty_province ON penalty (province, state, id);
CREATE INDEX penalty_city ON penalty (city, state, id);
CREATE INDEX penalty_district ON penalty (district, state, id);
CREATE INDEX penalty_any_province ON penalty (province, id);
CREATE INDEX penalty_any_city ON penalty (city, id);
CREATE INDEX penalty_any_district ON penalty (district, id);
-- Each holds all that a sum needs, so that no row is read.
CREATE INDEX penalty_sum ON penalty (month, conduct, province, city, district, stands, fine_fen, confiscate_fen, detention_days) WHERE month <> '';
CREATE INDEX penalty_sum_province ON penalty (province, month, conduct, city, district, stands, fine_fen, confiscate_fen, detention_days) WHERE month <> '';
CREATE INDEX penalty_sum_city ON penalty (city, month, conduct, province, district, stands, fine_fen, confiscate_fen, detention_days) WHERE month <> '';
CREATE INDEX penalty_sum_district ON penalty (district, month, conduct, province, city, stands, fine_fen, confiscate_fen, detention_days) WHERE month <> '';

-- What was seized with a penalty that was decided: a revoked penalty does not
-- undo a seizure, which is given back by a decision of its own.
CREATE TABLE penalty_device (
  penalty  TEXT NOT NULL REFERENCES penalty (id),
  kind     TEXT NOT NULL,
  n        BIGINT NOT NULL,
  month    TEXT NOT NULL,
  conduct  TEXT NOT NULL,
  province TEXT NOT NULL,
  city     TEXT NOT NULL,
  district TEXT NOT NULL,
  PRIMARY KEY (penalty, kind)
);
CREATE INDEX penalty_device_sum ON penalty_device (month, conduct, province, city, district, kind, n);
CREATE INDEX penalty_device_province ON penalty_device (province, month, conduct, city, district, kind, n);
CREATE INDEX penalty_device_city ON penalty_device (city, month, conduct, province, district, kind, n);
CREATE INDEX penalty_device_district ON penalty_device (district, month, conduct, province, city, kind, n);
