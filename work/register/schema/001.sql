-- Who is in the register. Name and number are encrypted; the blind indexes find
-- them. Kept as long as a proposal or listing of the subject; the personal
-- fields are erased when the operator's retention after the last end is over,
-- or on a leader's command.
CREATE TABLE register_subject (
  id           TEXT PRIMARY KEY,
  kind         TEXT NOT NULL,     -- individual, unit
  number_kind  TEXT NOT NULL,     -- resident_id, other, credit_code
  name         TEXT NOT NULL,     -- encrypted; empty once erased
  number       TEXT NOT NULL,     -- encrypted; empty once erased
  number_index TEXT NOT NULL,     -- blind; empty once erased
  name_index   TEXT NOT NULL,     -- blind; empty once erased
  created_at   BIGINT NOT NULL,
  erased_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX register_subject_number ON register_subject (number_index) WHERE number_index <> '';

-- From facts to a decision. Kept as long as the listing that came of it; one
-- that was refused is kept for as long as its subject has anything else here.
CREATE TABLE proposal (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  state         TEXT NOT NULL,    -- draft, proposed, reviewed, approved, refused
  subject       TEXT NOT NULL REFERENCES register_subject (id),
  subject_kind  TEXT NOT NULL,
  unit_of       TEXT NOT NULL,    -- the unit's proposal, of a responsible person
  province      TEXT NOT NULL,
  city          TEXT NOT NULL,
  district      TEXT NOT NULL,
  pack          TEXT NOT NULL,
  facts         TEXT NOT NULL,    -- the pack's input, JSON, encrypted
  evidence      TEXT NOT NULL,    -- texts, JSON, encrypted
  answer        TEXT NOT NULL,    -- the whole answer of the pack, JSON
  remarks       TEXT NOT NULL,    -- disagreements and confirmations, JSON, encrypted
  evaluated_at  BIGINT NOT NULL,
  created_by    TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  proposed_by   TEXT NOT NULL,
  proposed_at   BIGINT NOT NULL,
  reviewed_by   TEXT NOT NULL,
  reviewed_at   BIGINT NOT NULL,
  decided_by    TEXT NOT NULL,
  decided_at    BIGINT NOT NULL,
  document_no   TEXT NOT NULL,
  listing       TEXT NOT NULL     -- what came of it; empty is none
);
CREATE INDEX proposal_subject ON proposal (subject, id);
CREATE INDEX proposal_unit ON proposal (unit_of, id) WHERE unit_of <> '';
CREATE INDEX proposal_all ON proposal (state, id);
CREATE INDEX proposal_province ON proposal (province, state, id);
CREATE INDEX proposal_city ON proposal (city, state, id);
CREATE INDEX proposal_district ON proposal (district, state, id);
CREATE INDEX proposal_any_province ON proposal (province, id);
CREATE INDEX proposal_any_city ON proposal (city, id);
CREATE INDEX proposal_any_district ON proposal (district, id);

-- Who did what when, with opinions and reasons.
CREATE TABLE proposal_step (
  proposal TEXT NOT NULL REFERENCES proposal (id),
  version  BIGINT NOT NULL,
  step     TEXT NOT NULL,
  actor    TEXT NOT NULL,
  at       BIGINT NOT NULL,
  note     TEXT NOT NULL,         -- encrypted
  PRIMARY KEY (proposal, version)
);

-- What listings bind to and leave open, as it was decided. Most listings share
-- the text, so it is kept once, for good: it holds no personal data.
CREATE TABLE listing_law (
  sha      TEXT PRIMARY KEY,     -- SHA-256 of measures and keeps, hex
  measures TEXT NOT NULL,        -- JSON
  keeps    TEXT NOT NULL         -- JSON
);

-- The register. Kept after the end for the operator's retention; days are civil
-- dates, '' where they are not known. No column says whether a listing binds:
-- that follows from from_on, until_on and lifted_at.
CREATE TABLE listing (
  id           TEXT PRIMARY KEY,
  version      BIGINT NOT NULL,
  subject      TEXT NOT NULL REFERENCES register_subject (id),
  subject_kind TEXT NOT NULL,
  province     TEXT NOT NULL,
  city         TEXT NOT NULL,
  district     TEXT NOT NULL,
  proposal     TEXT NOT NULL,     -- empty of a record that was imported
  pack         TEXT NOT NULL,     -- name of the pack or of the older regime
  pack_version BIGINT NOT NULL,
  pack_sha     TEXT NOT NULL,     -- empty of an older regime
  class        TEXT NOT NULL,     -- A, B; empty of an older regime
  grounds      TEXT NOT NULL,     -- JSON
  law          TEXT NOT NULL REFERENCES listing_law (sha),
  term_months  BIGINT NOT NULL,
  cap_months   BIGINT NOT NULL,
  decided_on   TEXT NOT NULL,
  start_on     TEXT NOT NULL,     -- from which the term counts
  from_on      TEXT NOT NULL,     -- when it binds, all listings of the subject considered
  until_on     TEXT NOT NULL,     -- exclusive
  capped       BOOLEAN NOT NULL,
  document_no  TEXT NOT NULL,
  proposed_by  TEXT NOT NULL,
  decided_by   TEXT NOT NULL,
  made_at      BIGINT NOT NULL,
  lifted_at    BIGINT NOT NULL,   -- 0: not lifted
  lifted_by    TEXT NOT NULL,
  lift_ground  TEXT NOT NULL,
  lift_reason  TEXT NOT NULL,     -- encrypted
  erased_at    BIGINT NOT NULL
);
CREATE INDEX listing_subject ON listing (subject, id);
CREATE INDEX listing_province ON listing (province, id);
CREATE INDEX listing_city ON listing (city, id);
CREATE INDEX listing_district ON listing (district, id);
CREATE INDEX listing_until ON listing (until_on, id);
CREATE INDEX listing_until_province ON listing (province, until_on, id);
CREATE INDEX listing_until_city ON listing (city, until_on, id);
CREATE INDEX listing_until_district ON listing (district, until_on, id);
CREATE INDEX listing_from ON listing (from_on, id);
CREATE INDEX listing_from_province ON listing (province, from_on, id);
CREATE INDEX listing_from_city ON listing (city, from_on, id);
CREATE INDEX listing_from_district ON listing (district, from_on, id);
CREATE INDEX listing_lifted ON listing (lifted_at, id) WHERE lifted_at > 0;
CREATE INDEX listing_lifted_province ON listing (province, lifted_at, id) WHERE lifted_at > 0;
CREATE INDEX listing_lifted_city ON listing (city, lifted_at, id) WHERE lifted_at > 0;
CREATE INDEX listing_lifted_district ON listing (district, lifted_at, id) WHERE lifted_at > 0;
