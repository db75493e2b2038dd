-- Objections of listed subjects. Kept as long as the listing; what people say is
-- encrypted and goes when the subject's personal fields are erased.
CREATE TABLE register_objection (
  id          TEXT PRIMARY KEY,
  version     BIGINT NOT NULL,
  state       TEXT NOT NULL,     -- received, accepted, not_accepted, verified, upheld, dismissed
  listing     TEXT NOT NULL REFERENCES listing (id),
  province    TEXT NOT NULL,
  city        TEXT NOT NULL,
  district    TEXT NOT NULL,
  ground      TEXT NOT NULL,     -- designation, not_lifted, other
  via         TEXT NOT NULL,     -- own: by the person's code; officer
  received_at BIGINT NOT NULL
);
-- One at a time: whoever has another word adds it where the first is handled.
CREATE UNIQUE INDEX register_objection_open ON register_objection (listing) WHERE state IN ('received', 'accepted', 'verified');
CREATE INDEX register_objection_listing ON register_objection (listing, id);
CREATE INDEX register_objection_all ON register_objection (state, id);
CREATE INDEX register_objection_province ON register_objection (province, state, id);
CREATE INDEX register_objection_city ON register_objection (city, state, id);
CREATE INDEX register_objection_district ON register_objection (district, state, id);
CREATE INDEX register_objection_any_province ON register_objection (province, id);
CREATE INDEX register_objection_any_city ON register_objection (city, id);
CREATE INDEX register_objection_any_district ON register_objection (district, id);

-- Its way: who did what on which day, in which words.
CREATE TABLE register_objection_step (
  objection TEXT NOT NULL REFERENCES register_objection (id),
  version   BIGINT NOT NULL,
  state     TEXT NOT NULL,       -- to which the step led
  actor     TEXT NOT NULL,       -- empty: the person
  at        BIGINT NOT NULL,
  words     TEXT NOT NULL,       -- encrypted
  PRIMARY KEY (objection, version)
);
