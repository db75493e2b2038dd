-- What belongs to a row and is too large for those who read along. The row's
-- payload holds its SHA-256. Kept as long as the payload: erasure takes both.
CREATE TABLE journal_annex (
  seq  BIGINT PRIMARY KEY REFERENCES journal (seq),
  data BYTES NOT NULL
);
