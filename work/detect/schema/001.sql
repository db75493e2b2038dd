-- How far the alerts of an event log are stored: those of entries up to seq
-- are, whoever computes them. One row a log; kept for good.
CREATE TABLE detect_cursor (
  log TEXT PRIMARY KEY,  -- the ID of the log
  seq BIGINT NOT NULL,
  at  BIGINT NOT NULL    -- when it moved
);

-- Packs of rules: what is proposed, what runs, what ran. A text that ran is
-- kept for good, since alerts name its hash.
CREATE TABLE detect_pack (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  name        TEXT NOT NULL,
  number      BIGINT NOT NULL,   -- the pack's own version
  sha256      TEXT NOT NULL,     -- of text
  text        BYTES NOT NULL,
  origin      TEXT NOT NULL,     -- release or operator
  state       TEXT NOT NULL,     -- draft, active, retired, withdrawn
  note        TEXT NOT NULL,     -- why it is proposed
  drafted_by  TEXT NOT NULL,     -- '' of a release
  drafted_at  BIGINT NOT NULL,
  decided_by  TEXT NOT NULL,     -- who activated or withdrew it; '' of a release, and while it is a draft
  decided_at  BIGINT NOT NULL    -- 0 while it is a draft
);
CREATE UNIQUE INDEX detect_pack_active ON detect_pack (name) WHERE state = 'active';
CREATE UNIQUE INDEX detect_pack_release ON detect_pack (name, sha256) WHERE origin = 'release';
CREATE INDEX detect_pack_list ON detect_pack (state, id);
