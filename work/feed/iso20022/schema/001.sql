-- Transfers that a pacs.008 told of, until a pacs.002 settles them, and after
-- that as long as reports are kept (30 days by default, from their arrival).
-- What names persons and accounts is sealed.
CREATE TABLE iso20022_transfer (
  id         TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL,      -- the institution that sent it
  message    TEXT NOT NULL,      -- MsgId of the pacs.008
  place      BIGINT NOT NULL,    -- in the message, from 0
  digest     TEXT NOT NULL,      -- of the message as it came
  end_to_end TEXT NOT NULL,
  uetr       TEXT NOT NULL,      -- '' where not given, as the next two
  tx         TEXT NOT NULL,
  instr      TEXT NOT NULL,
  state      TEXT NOT NULL,      -- awaiting, settled, rejected
  body       TEXT NOT NULL,      -- the transfer, sealed
  taken_at   BIGINT NOT NULL,
  leased_to  BIGINT NOT NULL     -- somebody is having it scored until then; 0 is nobody
);
CREATE UNIQUE INDEX iso20022_transfer_message ON iso20022_transfer (tenant, message, place);
CREATE INDEX iso20022_transfer_end ON iso20022_transfer (tenant, end_to_end, id);
CREATE INDEX iso20022_transfer_uetr ON iso20022_transfer (tenant, uetr, id) WHERE uetr <> '';
CREATE INDEX iso20022_transfer_tx ON iso20022_transfer (tenant, tx, id) WHERE tx <> '';
CREATE INDEX iso20022_transfer_instr ON iso20022_transfer (tenant, instr, id) WHERE instr <> '';
CREATE INDEX iso20022_transfer_taken ON iso20022_transfer (taken_at);

-- One report for each pacs.002. Kept as long as transfers.
CREATE TABLE iso20022_report (
  id       TEXT PRIMARY KEY,
  tenant   TEXT NOT NULL,
  message  TEXT NOT NULL,        -- MsgId of the pacs.002
  digest   TEXT NOT NULL,        -- of the message as it came
  body     TEXT NOT NULL,        -- the report, sealed
  made_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX iso20022_report_message ON iso20022_report (tenant, message);
CREATE INDEX iso20022_report_made ON iso20022_report (made_at);

-- Who paid whom when, for rules of a Tazama map that count: blind indexes of
-- the accounts. Written only while such a map is set; kept as long as reports.
CREATE TABLE iso20022_count (
  report TEXT NOT NULL,
  place  BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  payer  TEXT NOT NULL,
  payee  TEXT NOT NULL,
  at     BIGINT NOT NULL,        -- CreDtTm of the pacs.002
  PRIMARY KEY (report, place)
);
CREATE INDEX iso20022_count_payer ON iso20022_count (tenant, payer, at);
CREATE INDEX iso20022_count_payee ON iso20022_count (tenant, payee, at);
CREATE INDEX iso20022_count_at ON iso20022_count (at);
