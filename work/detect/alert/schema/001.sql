-- Alerts are kept for 180 days from their decision, those that nobody decided
-- for 180 days from raising; feedback goes with them. Numbers, accounts and
-- devices are clear and protected by scope, as those of clues are; persons and
-- the evidence are encrypted.
CREATE TABLE alert (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  state         TEXT NOT NULL,    -- new, taken, decided
  log           TEXT NOT NULL,    -- the event log, the place in it, the event there, and the rule: what raised it
  seq           BIGINT NOT NULL,
  idx           BIGINT NOT NULL,
  rule          TEXT NOT NULL,
  pack          TEXT NOT NULL,
  pack_version  BIGINT NOT NULL,
  pack_sha      TEXT NOT NULL,
  title         TEXT NOT NULL,    -- of the rule, JSON
  severity      TEXT NOT NULL,
  score         BIGINT NOT NULL,
  domain        TEXT NOT NULL,    -- number, account, device, sim, cell, person, outlet, other
  subject       TEXT NOT NULL,    -- as the event had it; of a person masked
  sealed        TEXT NOT NULL,    -- of a person, encrypted
  subject_index TEXT NOT NULL,    -- what the subject is found by: canonical, of a person the blind index
  reasons       TEXT NOT NULL,    -- JSON
  named_values  TEXT NOT NULL,    -- JSON
  event_kind    TEXT NOT NULL,
  event_id      TEXT NOT NULL,
  event_at      BIGINT NOT NULL,
  raised_at     BIGINT NOT NULL,
  becomes       TEXT NOT NULL,    -- what the rule wanted
  province      TEXT NOT NULL,
  city          TEXT NOT NULL,
  district      TEXT NOT NULL,
  institution   TEXT NOT NULL,    -- to which a warning or a referral was handed; empty: nobody yet
  decision      TEXT NOT NULL,    -- clue, warning, referral, dismissed; empty until decided
  note          TEXT NOT NULL,    -- of the decision
  taken_by      TEXT NOT NULL,
  taken_at      BIGINT NOT NULL,
  decided_by    TEXT NOT NULL,    -- empty: the rule, at once
  decided_at    BIGINT NOT NULL,
  received_at   BIGINT NOT NULL,
  checked_at    BIGINT NOT NULL,
  verdict       TEXT NOT NULL,    -- the latest feedback: right, wrong, unsure; empty: none
  clue          TEXT NOT NULL,    -- the clue that came of it
  evidence      TEXT NOT NULL     -- encrypted JSON
);
-- An alert that is handed over twice is one alert.
CREATE UNIQUE INDEX alert_of ON alert (log, seq, idx, rule);
CREATE INDEX alert_subject ON alert (subject_index, domain, id);
CREATE INDEX alert_all ON alert (state, id);
CREATE INDEX alert_province ON alert (province, state, id);
CREATE INDEX alert_city ON alert (city, state, id);
CREATE INDEX alert_district ON alert (district, state, id);
CREATE INDEX alert_any_province ON alert (province, id);
CREATE INDEX alert_any_city ON alert (city, id);
CREATE INDEX alert_any_district ON alert (district, id);
CREATE INDEX alert_institution ON alert (institution, id) WHERE institution <> '';
CREATE INDEX alert_decision ON alert (decision, id) WHERE decision <> '';
CREATE INDEX alert_domain_province ON alert (province, domain, id);
CREATE INDEX alert_domain_city ON alert (city, domain, id);
-- What somebody must still see to.
CREATE INDEX alert_unhanded ON alert (id) WHERE institution = '' AND decision IN ('warning', 'referral');
CREATE INDEX alert_open_province ON alert (province, id) WHERE checked_at = 0 AND institution <> '';
CREATE INDEX alert_open_city ON alert (city, id) WHERE checked_at = 0 AND institution <> '';
CREATE INDEX alert_open_institution ON alert (institution, id) WHERE checked_at = 0 AND institution <> '';
CREATE INDEX alert_bare ON alert (id) WHERE evidence = '';
CREATE INDEX alert_rule ON alert (rule, id);
CREATE INDEX alert_raised ON alert (raised_at);
CREATE INDEX alert_decided ON alert (decided_at) WHERE state = 'decided';

-- What officers and institutions found, each as often as they say so.
CREATE TABLE alert_feedback (
  id          TEXT PRIMARY KEY,
  alert       TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  verdict     TEXT NOT NULL,
  note        TEXT NOT NULL,
  actor       TEXT NOT NULL,
  institution TEXT NOT NULL,   -- empty: the centre
  at          BIGINT NOT NULL
);
CREATE INDEX alert_feedback_of ON alert_feedback (alert, id);

-- Subjects that are known good for a time. Kept for three years from their end.
CREATE TABLE suppression (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  rule          TEXT NOT NULL,   -- empty: every rule
  domain        TEXT NOT NULL,
  subject       TEXT NOT NULL,
  sealed        TEXT NOT NULL,
  subject_index TEXT NOT NULL,
  province      TEXT NOT NULL,
  city          TEXT NOT NULL,
  district      TEXT NOT NULL,
  alert         TEXT NOT NULL,   -- that led to it; empty: none
  until         BIGINT NOT NULL,
  why           TEXT NOT NULL,
  made_by       TEXT NOT NULL,
  made_at       BIGINT NOT NULL,
  lifted_by     TEXT NOT NULL,
  lifted_at     BIGINT NOT NULL, -- 0: not lifted
  lift_why      TEXT NOT NULL,
  told_version  BIGINT NOT NULL  -- the version that the detector has
);
CREATE UNIQUE INDEX suppression_one ON suppression (subject_index, domain, rule) WHERE lifted_at = 0;
CREATE INDEX suppression_province ON suppression (province, id);
CREATE INDEX suppression_city ON suppression (city, id);
CREATE INDEX suppression_district ON suppression (district, id);
CREATE INDEX suppression_behind ON suppression (id) WHERE told_version < version;
CREATE INDEX suppression_until ON suppression (until);

-- Entries of named lists, which conditions of rules ask for. Those that the
-- house keeps (clues, dens) point to the clue whose value they are. Kept for
-- three years from their end.
CREATE TABLE named_list_entry (
  id            TEXT PRIMARY KEY,
  version       BIGINT NOT NULL,
  list          TEXT NOT NULL,
  domain        TEXT NOT NULL,
  subject       TEXT NOT NULL,
  sealed        TEXT NOT NULL,
  subject_index TEXT NOT NULL,
  clue          TEXT NOT NULL,   -- whose value it is; empty: entered by hand
  until         BIGINT NOT NULL, -- 0: until it is removed
  why           TEXT NOT NULL,
  made_by       TEXT NOT NULL,
  made_at       BIGINT NOT NULL,
  removed_by    TEXT NOT NULL,
  removed_at    BIGINT NOT NULL, -- 0: not removed
  remove_why    TEXT NOT NULL,
  told_version  BIGINT NOT NULL
);
CREATE UNIQUE INDEX named_list_one ON named_list_entry (list, subject_index, domain) WHERE removed_at = 0 AND clue = '';
CREATE UNIQUE INDEX named_list_clue ON named_list_entry (clue, list) WHERE removed_at = 0 AND clue <> '';
CREATE INDEX named_list_of ON named_list_entry (list, id);
CREATE INDEX named_list_behind ON named_list_entry (id) WHERE told_version < version;
CREATE INDEX named_list_until ON named_list_entry (until);
