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
