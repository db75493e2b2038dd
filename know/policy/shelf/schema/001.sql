-- Every text that was ever proposed or in force, whole. Kept for good: old
-- decisions are explained by them.
CREATE TABLE policy_text (
  sha256 TEXT PRIMARY KEY, -- of the bytes; lower-case hex
  name   TEXT NOT NULL,    -- as errors cite it: "stop-payment@5301.yaml"
  text   BYTES NOT NULL
);

-- What has been in force: a row for each activation, never changed. Kept for
-- good.
CREATE TABLE policy_edition (
  id           TEXT PRIMARY KEY,
  pack         TEXT NOT NULL,
  number       BIGINT NOT NULL,  -- counts the editions of a pack from 1
  version      BIGINT NOT NULL,  -- of the pack's own text
  origin       TEXT NOT NULL,    -- release or operator
  draft        TEXT NOT NULL,    -- '' of a release
  proposed_by  TEXT NOT NULL,    -- '' of a release
  activated_by TEXT NOT NULL,    -- '' of a release
  activated_at BIGINT NOT NULL,
  cases        TEXT NOT NULL,    -- the text of its tests; '' is none
  UNIQUE (pack, number)
);

-- The texts of an edition, by the place whose rules they are.
CREATE TABLE policy_edition_text (
  edition TEXT NOT NULL REFERENCES policy_edition (id),
  place   TEXT NOT NULL,         -- nation or a division code
  sha256  TEXT NOT NULL REFERENCES policy_text (sha256),
  applied TEXT NOT NULL,         -- the hash by which decisions in the place name it
  PRIMARY KEY (edition, place)
);
CREATE INDEX policy_edition_applied ON policy_edition_text (applied);

-- What is in force now, a row a pack.
CREATE TABLE policy_pack (
  name    TEXT PRIMARY KEY,
  edition TEXT NOT NULL          -- '' before the first
);

-- Which texts a release brought along and were taken in or proposed, once each.
CREATE TABLE policy_shipped (
  pack   TEXT NOT NULL,
  digest TEXT NOT NULL,          -- over the texts and their cases
  PRIMARY KEY (pack, digest)
);

-- What is proposed. Kept for good, with what was said of it.
CREATE TABLE policy_draft (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  pack        TEXT NOT NULL,
  place       TEXT NOT NULL,     -- nation or a division code
  region      TEXT NOT NULL,     -- whose editors and leaders decide on it
  origin      TEXT NOT NULL,     -- operator or release
  state       TEXT NOT NULL,     -- open, activated or withdrawn
  note        TEXT NOT NULL,
  proposed_by TEXT NOT NULL,     -- who wrote it last; '' is a release that nobody has taken up
  proposed_at BIGINT NOT NULL,
  problems    BIGINT NOT NULL,   -- found when it was last written
  cases       TEXT NOT NULL,     -- the text of its tests; '' keeps those in force
  decided_by  TEXT NOT NULL,
  decided_at  BIGINT NOT NULL,   -- 0 while open
  reason      TEXT NOT NULL,     -- of a withdrawal
  edition     TEXT NOT NULL      -- what it became; '' is nothing
);
CREATE INDEX policy_draft_list ON policy_draft (state, id);
CREATE INDEX policy_draft_pack ON policy_draft (pack, id);

CREATE TABLE policy_draft_text (
  draft  TEXT NOT NULL REFERENCES policy_draft (id),
  place  TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES policy_text (sha256),
  PRIMARY KEY (draft, place)
);

-- What was said of a draft, row by row, and what was answered. Kept for good.
CREATE TABLE policy_comment (
  id            TEXT PRIMARY KEY,
  draft         TEXT NOT NULL REFERENCES policy_draft (id),
  draft_version BIGINT NOT NULL, -- the text that was commented on
  row_id        TEXT NOT NULL,   -- '' is the draft as a whole
  text          TEXT NOT NULL,
  by_account    TEXT NOT NULL,
  institution   TEXT NOT NULL,   -- of whom it speaks; '' is the centre
  at            BIGINT NOT NULL,
  accepted      BOOLEAN NOT NULL,
  answer        TEXT NOT NULL,
  answered_by   TEXT NOT NULL,   -- '' while open
  answered_at   BIGINT NOT NULL
);
CREATE INDEX policy_comment_draft ON policy_comment (draft, id);
