-- An account is kept as long as the journal names it: it is disabled, never removed.
CREATE TABLE account (
    id          TEXT NOT NULL PRIMARY KEY,
    login       TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    roles       TEXT NOT NULL,               -- joined by commas
    region      TEXT NOT NULL,
    province    TEXT NOT NULL,
    city        TEXT NOT NULL,
    district    TEXT NOT NULL,
    institution TEXT NOT NULL,
    password    TEXT NOT NULL,               -- argon2id in PHC form
    must_change BOOLEAN NOT NULL,
    totp        TEXT NOT NULL,               -- sealed; '' is none
    totp_next   TEXT NOT NULL,               -- sealed; offered and not yet confirmed
    totp_step   BIGINT NOT NULL,             -- the last step used: a code works once
    epoch       BIGINT NOT NULL,             -- sessions of earlier epochs are void
    disabled    BOOLEAN NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX account_province ON account (province, login);
CREATE INDEX account_city ON account (city, login);
CREATE INDEX account_district ON account (district, login);

-- API keys and client certificates. Kept with their account; a revoked one explains old journal rows.
CREATE TABLE credential (
    id         TEXT NOT NULL PRIMARY KEY,
    account    TEXT NOT NULL,
    kind       TEXT NOT NULL,                -- key or certificate
    name       TEXT NOT NULL,
    shown      TEXT NOT NULL,                -- the start of the key or of the fingerprint
    hash       TEXT NOT NULL UNIQUE,         -- SHA-256 of the key or of the certificate
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,              -- 0 is never
    revoked_at BIGINT NOT NULL
);
CREATE INDEX credential_account ON credential (account, id);

-- Sessions go when they expire, 12 hours after signing in.
CREATE TABLE session (
    token      TEXT NOT NULL PRIMARY KEY,    -- SHA-256 of the cookie
    data       BYTES NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);

-- Failed sign-ins by the hash of the login as typed, and in total. Rows go a day after the last failure.
CREATE TABLE signin (
    key      TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    since    BIGINT NOT NULL,
    last     BIGINT NOT NULL
);
CREATE INDEX signin_last ON signin (last);
