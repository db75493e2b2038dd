-- Kept for 10 years from closing. Text is clear and protected by scope;
-- name and number of the caller are encrypted.
CREATE TABLE report (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  type        TEXT NOT NULL,
  channel     TEXT NOT NULL,
  ref110      TEXT NOT NULL,
  state       TEXT NOT NULL,
  province    TEXT NOT NULL,
  city        TEXT NOT NULL,
  district    TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  occurred_at BIGINT NOT NULL,
  amount_fen  BIGINT NOT NULL,
  text        TEXT NOT NULL,
  caller      TEXT NOT NULL,
  parties     TEXT NOT NULL,
  finds       TEXT NOT NULL,
  taken_by    TEXT NOT NULL,
  close_note  TEXT NOT NULL
);
CREATE INDEX report_all ON report (received_at, id);
CREATE INDEX report_province ON report (province, received_at, id);
CREATE INDEX report_city ON report (city, received_at, id);
CREATE INDEX report_district ON report (district, received_at, id);
CREATE INDEX report_type_all ON report (type, received_at, id);
CREATE INDEX report_type_province ON report (province, type, received_at, id);
CREATE INDEX report_type_city ON report (city, type, received_at, id);
CREATE INDEX report_type_district ON report (district, type, received_at, id);
CREATE INDEX report_ref110 ON report (ref110) WHERE ref110 <> '';
