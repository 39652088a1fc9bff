-- The operator's people, who see the board. A password is a hash of argon2id.
CREATE TABLE operators (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    since {real} NOT NULL
);

-- Links by which a library's own staff see their library. A link's secret is kept as a digest.
CREATE TABLE board_links (
    digest {bytes} PRIMARY KEY,
    id TEXT NOT NULL,
    library TEXT NOT NULL,
    expires {real} NOT NULL,
    made_by TEXT NOT NULL
);

-- Invitations of installers, and the browsers that came with one. Codes and cookies are kept as digests.
CREATE TABLE invitations (
    digest {bytes} PRIMARY KEY,
    library TEXT NOT NULL,
    ends {real} NOT NULL,
    -- How many browsers may still come.
    browsers {integer} NOT NULL
);

CREATE INDEX invitations_ends ON invitations (ends);

CREATE TABLE invited_browsers (
    digest {bytes} PRIMARY KEY,
    library TEXT NOT NULL,
    ends {real} NOT NULL
);

CREATE INDEX invited_browsers_ends ON invited_browsers (ends);
