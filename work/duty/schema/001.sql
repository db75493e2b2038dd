-- Lists of duty, one a region and day. Kept two years: escalations name whom
-- they called by them.
CREATE TABLE duty_day (
  id      TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  region  TEXT NOT NULL,   -- '' is the centre itself
  day     TEXT NOT NULL,   -- civil date in the centre's zone
  UNIQUE (region, day)
);

CREATE TABLE duty_entry (
  id      TEXT PRIMARY KEY,
  day_id  TEXT NOT NULL REFERENCES duty_day (id),
  region  TEXT NOT NULL,
  account TEXT NOT NULL,
  role    TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at   BIGINT NOT NULL,
  phone   TEXT NOT NULL    -- sealed
);
CREATE INDEX duty_entry_at ON duty_entry (region, from_at);
CREATE INDEX duty_entry_day ON duty_entry (day_id);
