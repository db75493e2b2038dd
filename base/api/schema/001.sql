-- Answers to creates, so that a repeat gets the first answer and makes
-- nothing. Kept for seven days.
CREATE TABLE api_once (
  actor    TEXT NOT NULL,
  key      TEXT NOT NULL,
  request  BYTES NOT NULL,   -- SHA-256 of operation and request: another request under an old key is an error
  response TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (actor, key)
);
CREATE INDEX api_once_at ON api_once (at);
