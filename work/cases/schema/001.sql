-- Working files. Kept as long as the law keeps case files: for good here.
CREATE TABLE dossier (
  id           TEXT PRIMARY KEY,
  version      BIGINT NOT NULL,
  no           TEXT NOT NULL UNIQUE,
  title        TEXT NOT NULL,
  state        TEXT NOT NULL,
  region       TEXT NOT NULL,
  province     TEXT NOT NULL,
  city         TEXT NOT NULL,
  district     TEXT NOT NULL,
  den          TEXT NOT NULL,   -- '' when opened by hand
  result       TEXT NOT NULL,
  outcome      TEXT NOT NULL,   -- JSON
  document_no  TEXT NOT NULL,   -- of the decision to file; '' is none
  filed_on     TEXT NOT NULL,   -- civil date
  filed_by     TEXT NOT NULL,
  filed_at     BIGINT NOT NULL,
  case_no      TEXT NOT NULL,
  close_reason TEXT NOT NULL,
  opened_by    TEXT NOT NULL,
  opened_at    BIGINT NOT NULL,
  closed_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX dossier_den ON dossier (den) WHERE den <> '';
CREATE INDEX dossier_state ON dossier (state, id);
CREATE INDEX dossier_province ON dossier (province, id);
CREATE INDEX dossier_province_state ON dossier (province, state, id);
CREATE INDEX dossier_city ON dossier (city, id);
CREATE INDEX dossier_city_state ON dossier (city, state, id);
CREATE INDEX dossier_district ON dossier (district, id);
CREATE INDEX dossier_district_state ON dossier (district, state, id);

-- What belongs to a dossier.
CREATE TABLE dossier_link (
  dossier TEXT NOT NULL REFERENCES dossier (id),
  record  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  by_whom TEXT NOT NULL,   -- '' when it came by itself
  at      BIGINT NOT NULL,
  PRIMARY KEY (dossier, record)
);
CREATE INDEX dossier_link_record ON dossier_link (record);

-- The last number given, by centre and year.
CREATE TABLE dossier_number (
  centre TEXT NOT NULL,
  year   BIGINT NOT NULL,
  n      BIGINT NOT NULL,
  PRIMARY KEY (centre, year)
);
