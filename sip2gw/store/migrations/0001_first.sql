-- Writes on their way to a library. Times are in seconds of the epoch, by the store's clock.
CREATE TABLE journal (
    id {id},
    library TEXT NOT NULL,
    terminal TEXT NOT NULL,
    method TEXT NOT NULL,
    -- Keyed digests: of item and patron, and of the terminal's line.
    item_tag {bytes},
    patron_tag {bytes},
    line {bytes},
    -- The key under which the library does the write at most once.
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    -- What the terminal was told.
    told TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    created {real} NOT NULL,
    changed {real} NOT NULL,
    next_try {real},
    tries {integer} NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    -- Which key has encrypted arguments and outcome.
    key_id TEXT NOT NULL DEFAULT '',
    arguments {bytes},
    outcome {bytes}
);

CREATE UNIQUE INDEX journal_key ON journal (library, key);

CREATE INDEX journal_item ON journal (library, item_tag, id);

CREATE INDEX journal_line ON journal (library, line, id) WHERE line IS NOT NULL;

-- An item that is lent every day has many finished rows, and each write looks for the few others.
CREATE INDEX journal_unfinished ON journal (library, item_tag)
    WHERE state IN ('SENT', 'QUEUED', 'UNKNOWN', 'DEAD', 'MISMATCH');

CREATE INDEX journal_due ON journal (next_try) WHERE next_try IS NOT NULL;

-- What is deleted next: the content of a row, and later the row.
CREATE INDEX journal_content ON journal (changed) WHERE arguments IS NOT NULL OR outcome IS NOT NULL;

CREATE INDEX journal_empty ON journal (changed) WHERE arguments IS NULL AND outcome IS NULL;

-- The processes that write to the journal. A process whose time is over may no longer.
CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    epoch {integer} NOT NULL,
    until {real} NOT NULL
);

-- A row stays when its seat is free, because the epoch has to rise.
CREATE TABLE seats (
    library TEXT NOT NULL,
    number {integer} NOT NULL,
    epoch {integer} NOT NULL,
    expires {real} NOT NULL,
    terminal TEXT NOT NULL,
    session TEXT NOT NULL,
    since {real} NOT NULL,
    address TEXT NOT NULL,
    location TEXT NOT NULL,
    certificate TEXT NOT NULL,
    PRIMARY KEY (library, number)
);

-- Wrong logins. The subject is a keyed digest of account, network or address; what says which of them.
CREATE TABLE login_tries (
    id {id},
    what TEXT NOT NULL,
    subject {bytes} NOT NULL,
    at {real} NOT NULL
);

CREATE INDEX login_tries_subject ON login_tries (what, subject, at);

CREATE INDEX login_tries_at ON login_tries (at);

-- Logins that were right or wrong, as keyed digests. The account is that of a network with a right login.
CREATE TABLE login_marks (
    what TEXT NOT NULL,
    subject {bytes} NOT NULL,
    account {bytes},
    at {real} NOT NULL,
    PRIMARY KEY (what, subject)
);

CREATE INDEX login_marks_account ON login_marks (account) WHERE account IS NOT NULL;

CREATE INDEX login_marks_at ON login_marks (at);

-- Who of the operator's people did what, and why.
CREATE TABLE audit (
    id {id},
    at {real} NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL
);

CREATE INDEX audit_at ON audit (at);

-- The latest time that the store's clock has shown, so that it does not step back.
CREATE TABLE clock (
    latest {real} NOT NULL
);

INSERT INTO clock (latest) VALUES (0);
