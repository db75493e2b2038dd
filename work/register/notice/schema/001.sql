-- Written notices, frozen as they were served. Kept as long as the listing; the
-- text, which names the person, is encrypted and goes when the subject's
-- personal fields are erased. Of the code for the person's own view only the
-- hash is kept.
CREATE TABLE register_notice (
  id         TEXT PRIMARY KEY,
  version    BIGINT NOT NULL,
  listing    TEXT NOT NULL REFERENCES listing (id),
  kind       TEXT NOT NULL,     -- listing, lifting
  number     TEXT NOT NULL,     -- of the document
  province   TEXT NOT NULL,
  city       TEXT NOT NULL,
  district   TEXT NOT NULL,
  text       TEXT NOT NULL,     -- JSON, encrypted; empty once erased
  made_by    TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  code_hash  TEXT NOT NULL,     -- SHA-256, hex; empty: none
  code_at    BIGINT NOT NULL,
  served_how TEXT NOT NULL,     -- empty: not served yet
  served_at  BIGINT NOT NULL,
  served_by  TEXT NOT NULL,     -- who handed it over, as the proof has it; encrypted
  receipt_no TEXT NOT NULL,
  recorded_by TEXT NOT NULL
);
CREATE UNIQUE INDEX register_notice_code ON register_notice (code_hash) WHERE code_hash <> '';
CREATE INDEX register_notice_listing ON register_notice (listing, id);
CREATE INDEX register_notice_province ON register_notice (province, id);
CREATE INDEX register_notice_city ON register_notice (city, id);
CREATE INDEX register_notice_district ON register_notice (district, id);
CREATE INDEX register_notice_unserved_province ON register_notice (province, id) WHERE served_at = 0;
CREATE INDEX register_notice_unserved_city ON register_notice (city, id) WHERE served_at = 0;
CREATE INDEX register_notice_unserved_district ON register_notice (district, id) WHERE served_at = 0;
