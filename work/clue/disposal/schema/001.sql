-- Disposals, objections and notices are kept until three years after they were
-- lifted. Values are canonical and clear, protected by scope; what citizens say
-- in objections is encrypted.
CREATE TABLE disposal (
  id              TEXT PRIMARY KEY,
  version         BIGINT NOT NULL,
  batch           TEXT NOT NULL,
  clue            TEXT NOT NULL REFERENCES clue (id),
  value_kind      TEXT NOT NULL,
  value           TEXT NOT NULL,
  institution     TEXT NOT NULL,
  kind            TEXT NOT NULL,
  state           TEXT NOT NULL,
  category        TEXT NOT NULL,
  reason          TEXT NOT NULL,
  legal_basis     TEXT NOT NULL,
  document_no     TEXT NOT NULL,
  papers          TEXT NOT NULL,
  protected       BOOLEAN NOT NULL,
  province        TEXT NOT NULL,
  city            TEXT NOT NULL,
  district        TEXT NOT NULL,
  requested_by    TEXT NOT NULL,
  requested_at    BIGINT NOT NULL,
  decided_by      TEXT NOT NULL,
  decided_at      BIGINT NOT NULL,
  decision_note   TEXT NOT NULL,
  deadline        BIGINT NOT NULL,  -- microseconds
  due_at          BIGINT NOT NULL,
  sent_at         BIGINT NOT NULL,
  acknowledged_at BIGINT NOT NULL,
  noticed_at      BIGINT NOT NULL,
  ended_at        BIGINT NOT NULL,
  undone_at       BIGINT NOT NULL,
  until_at        BIGINT NOT NULL,
  undoes          TEXT NOT NULL,
  lifted_by       TEXT NOT NULL,
  escalation      BIGINT NOT NULL,
  escalated_to    TEXT NOT NULL,
  overdue_at      BIGINT NOT NULL,
  outcome         TEXT NOT NULL,
  remark          TEXT NOT NULL,
  platform_no     TEXT NOT NULL,
  raw             BYTES NOT NULL,
  notice_zh       TEXT NOT NULL,
  notice_en       TEXT NOT NULL,
  served_how      TEXT NOT NULL,
  served_at       BIGINT NOT NULL,
  served_by       TEXT NOT NULL,
  served_note     TEXT NOT NULL,
  standing        BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX disposal_standing ON disposal (clue, kind, institution, undoes) WHERE standing;
CREATE INDEX disposal_clue ON disposal (clue, requested_at);
CREATE INDEX disposal_value ON disposal (value);
CREATE INDEX disposal_batch ON disposal (batch) WHERE batch <> '';
CREATE INDEX disposal_all ON disposal (state, due_at, id);
CREATE INDEX disposal_province ON disposal (province, state, due_at, id);
CREATE INDEX disposal_city ON disposal (city, state, due_at, id);
CREATE INDEX disposal_district ON disposal (district, state, due_at, id);
CREATE INDEX disposal_institution ON disposal (institution, state, due_at, id);

CREATE TABLE disposal_objection (
  id          TEXT PRIMARY KEY,
  disposal    TEXT NOT NULL REFERENCES disposal (id),
  at          BIGINT NOT NULL,
  by_account  TEXT NOT NULL,
  note        TEXT NOT NULL,  -- encrypted
  answered_at BIGINT NOT NULL,
  answered_by TEXT NOT NULL,
  accepted    BOOLEAN NOT NULL,
  answer      TEXT NOT NULL   -- encrypted
);
CREATE INDEX disposal_objection_of ON disposal_objection (disposal, at);

-- What only a leader may have disposed of. Entries are kept while they hold;
-- the journal keeps who added and removed them.
CREATE TABLE protected (
  id         TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  prefix     BOOLEAN NOT NULL,
  kind       TEXT NOT NULL,
  name       TEXT NOT NULL,
  category   TEXT NOT NULL,
  until_at   BIGINT NOT NULL,
  by_account TEXT NOT NULL,
  at         BIGINT NOT NULL,
  why        TEXT NOT NULL
);
CREATE UNIQUE INDEX protected_value ON protected (value, kind, prefix);
