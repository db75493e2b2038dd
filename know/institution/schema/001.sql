-- Whom the centre works with. Kept for good: what was asked of them names them.
CREATE TABLE institution (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  code          TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  name_en       TEXT NOT NULL,
  kind          TEXT NOT NULL,
  region        TEXT NOT NULL,   -- '' is the whole country
  gateway       TEXT NOT NULL,
  endpoint      TEXT NOT NULL,
  secret        TEXT NOT NULL,   -- sealed
  contacts      TEXT NOT NULL,   -- sealed JSON
  answer_target BIGINT NOT NULL, -- seconds; 0 is nothing stated
  disabled      BOOLEAN NOT NULL
);

-- The beginnings of the values that they answer for; of domains the ends.
CREATE TABLE institution_range (
  institution TEXT NOT NULL REFERENCES institution (id),
  n           BIGINT NOT NULL,   -- the order in which they were written
  kind        TEXT NOT NULL,
  prefix      TEXT NOT NULL,
  PRIMARY KEY (institution, n)
);

-- Numbers that left the range they were born in. A number that went back
-- keeps its row with institution ''. Kept while the number plan is.
CREATE TABLE institution_ported (
  number      TEXT PRIMARY KEY,  -- E.164: "+8613888812345"
  institution TEXT NOT NULL,
  revision    BIGINT NOT NULL
);
CREATE INDEX institution_ported_revision ON institution_ported (revision);

-- Counts the changes, one row: every process sees by it that its routes are old.
CREATE TABLE institution_revision (
  one BIGINT PRIMARY KEY,
  n   BIGINT NOT NULL
);
INSERT INTO institution_revision (one, n) VALUES (1, 1);
