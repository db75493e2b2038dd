-- The journal sealed into a Merkle log (RFC 6962 hashes), in the settled order
-- (epoch, xid, seq). Kept for good.
CREATE TABLE journal_leaf (
  idx    SERIAL_KEY,              -- place in the log, counted from 0 without gaps
  seq    BIGINT NOT NULL UNIQUE,  -- the row; without a foreign key, since a leaf outlives a row that somebody removed
  hashes BYTES NOT NULL           -- 32 bytes each: the leaf's hash, then those of the subtrees that it completes
);

-- How far the sealer has come. One row: who holds its lock seals.
CREATE TABLE journal_seal (
  one   BIGINT PRIMARY KEY CHECK (one = 1),
  size  BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  xid   BIGINT NOT NULL,
  seq   BIGINT NOT NULL
);
INSERT INTO journal_seal (one, size, epoch, xid, seq) VALUES (1, 0, 0, 0, 0);

-- Signed states of the log: the newest, and the last of every minute in which
-- something happened.
CREATE TABLE journal_checkpoint (
  size BIGINT PRIMARY KEY,
  at   BIGINT NOT NULL,
  note TEXT NOT NULL
);

-- A row's leaf covers the timelines in which it stands.
CREATE UNIQUE INDEX journal_about_seq ON journal_about (seq, record);
