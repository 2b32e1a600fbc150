"""Accounts on disk.

A user is a row of ``users``; one who can sign in by themselves has ``credentials`` too. Nothing is looked up by what a person
chose: ``logins`` maps keyed hashes of logins and verified e-mail addresses to users, and the rest is sealed under the user's
key, ``secret`` (password hash, second factor) apart from ``profile`` (login, e-mail), which an export shows.

``sign_ins`` holds the live ones; ids only grow, also over restarts, so one row of ``cutoffs`` ends all of a user's up to a
moment. What was ended stays known as long as a token of it could still be presented: ``revocations`` one by one, ``cutoffs``.
"""

from __future__ import annotations

from fwber_rt.core.effects import Seal, Statement
from fwber_rt.registry import Ends, Erase, Migration, Sealed, Table

LOGIN, EMAIL = 1, 2
"""Kinds of rows in ``logins``."""

INSERT_USER = Statement("INSERT INTO users(id, kind, created, body) VALUES (?, ?, ?, ?)", seals=(Seal(3, owner=0, bind=(0,)),))
RENAME_USER = Statement("UPDATE users SET body = ?2 WHERE id = ?1", seals=(Seal(1, owner=0, bind=(0,)),))
SET_KIND = Statement("UPDATE users SET kind = ?2 WHERE id = ?1")
INSERT_CONSENT = Statement("INSERT INTO consents(id, user, purpose, text_hash, at, given) VALUES (?, ?, ?, ?, ?, ?)")
SELECT_SOME = (
    "SELECT u.id, u.kind, u.body, c.purpose, c.given FROM users AS u LEFT JOIN consents AS c ON c.user = u.id "
    "WHERE u.id IN (SELECT value FROM json_each(?)) ORDER BY c.id"
)
SELECT_CREATED = "SELECT created FROM users WHERE id = ?"
SELECT_USERS = (
    "SELECT u.id, u.kind, u.created, u.body, c.version, c.profile, (SELECT count(*) FROM sign_ins AS s WHERE s.user = u.id) "
    "FROM users AS u LEFT JOIN credentials AS c ON c.user = u.id WHERE u.id > ? AND u.id <> 0 AND u.kind >= ? "
    "ORDER BY u.id LIMIT ?"
)

SET_CREDENTIALS = Statement(
    "INSERT INTO credentials(user, version, changed, secret, profile) VALUES (?, ?, ?, ?, ?) ON CONFLICT(user) DO UPDATE SET "
    "version = excluded.version, changed = excluded.changed, secret = excluded.secret, profile = excluded.profile",
    seals=(Seal(3, owner=0, bind=(0, 1)), Seal(4, owner=0, bind=(0, 1))),
)
SELECT_CREDENTIALS = "SELECT version, changed, secret, profile FROM credentials WHERE user = ?"
INSERT_LOGIN = Statement("INSERT INTO logins(hash, user, kind) VALUES (?, ?, ?)")
TAKE_LOGIN = Statement(
    "INSERT INTO logins(hash, user, kind) VALUES (?, ?, ?) ON CONFLICT(hash) DO UPDATE SET user = excluded.user"
)
DELETE_LOGINS = Statement("DELETE FROM logins WHERE user = ? AND kind = ?")
SELECT_LOGIN = "SELECT user FROM logins WHERE hash = ?"

INSERT_SIGN_IN = Statement(
    "INSERT INTO sign_ins(id, user, created, used, ends, access_ends, generation, browser, about) "
    "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
    seals=(Seal(7, owner=1, bind=(0,)),),
)
USE_SIGN_IN = Statement("UPDATE sign_ins SET used = ?2, ends = ?3, access_ends = ?4, generation = ?5, nonce = ?6 WHERE id = ?1")
DELETE_SIGN_IN = Statement("DELETE FROM sign_ins WHERE id = ?")
DELETE_SIGN_INS = Statement("DELETE FROM sign_ins WHERE user = ? AND id <= ? AND id <> ?")
_SIGN_IN = "SELECT id, user, created, used, ends, access_ends, generation, nonce, browser, about FROM sign_ins"
SELECT_SIGN_IN = f"{_SIGN_IN} WHERE id = ?"
SELECT_SIGN_INS = f"{_SIGN_IN} WHERE user = ? ORDER BY used DESC, id DESC"

REVOKE = Statement("INSERT OR REPLACE INTO revocations(sid, user, until) VALUES (?, ?, ?)")
CUT_OFF = Statement("INSERT OR REPLACE INTO cutoffs(user, id, kept, until) VALUES (?, ?, ?, ?)")
SELECT_REVOCATIONS = "SELECT sid, until FROM revocations"
SELECT_CUTOFFS = "SELECT user, id, kept FROM cutoffs"

SET_CODE = Statement("INSERT OR REPLACE INTO codes(user, purpose, hash, made, ends, tries) VALUES (?, ?, ?, ?, ?, 0)")
TRY_CODE = Statement("UPDATE codes SET tries = ?3 WHERE user = ?1 AND purpose = ?2")
DELETE_CODE = Statement("DELETE FROM codes WHERE user = ? AND purpose = ?")
SELECT_CODE = "SELECT hash, ends, tries FROM codes WHERE user = ? AND purpose = ?"

BAN = Statement(
    "INSERT OR REPLACE INTO bans(user, at, until, by, reason) VALUES (?, ?, ?, ?, ?)", seals=(Seal(4, owner=0, bind=(1,)),)
)
UNBAN = Statement("DELETE FROM bans WHERE user = ?")
SELECT_BANS = "SELECT user, until FROM bans"
SELECT_BAN = "SELECT at, until, by, reason FROM bans WHERE user = ?"
COUNT_REPORTS = "SELECT count(*), count(*) FILTER (WHERE closed IS NULL) FROM reports WHERE author = ?"
SELECT_BAN_PAGE = (
    "SELECT user, at, until, by, reason FROM bans WHERE user > ? AND (until IS NULL OR until > ?) ORDER BY user LIMIT ?"
)

MIGRATIONS = (
    Migration(
        10,
        "users and consents",
        """
        CREATE TABLE users(
          id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, created INTEGER NOT NULL, body BLOB
        ) STRICT;
        CREATE TABLE consents(
          id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), purpose TEXT NOT NULL,
          text_hash TEXT NOT NULL, at INTEGER NOT NULL, given INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX consents_user ON consents(user);
        """,
        "DROP TABLE consents; DROP TABLE users;",
    ),
    Migration(
        11,
        "accounts",
        """
        CREATE TABLE credentials(
          user INTEGER PRIMARY KEY REFERENCES users(id), version INTEGER NOT NULL, changed INTEGER NOT NULL,
          secret BLOB, profile BLOB
        ) STRICT;
        CREATE TABLE logins(
          hash BLOB PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), kind INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX logins_user ON logins(user);
        CREATE TABLE sign_ins(
          id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), created INTEGER NOT NULL, used INTEGER NOT NULL,
          ends INTEGER NOT NULL, access_ends INTEGER NOT NULL, generation INTEGER NOT NULL, nonce BLOB,
          browser INTEGER NOT NULL, about BLOB
        ) STRICT;
        CREATE INDEX sign_ins_user ON sign_ins(user);
        CREATE INDEX sign_ins_ends ON sign_ins(ends);
        CREATE TABLE revocations(
          sid TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users(id), until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX revocations_user ON revocations(user);
        CREATE TABLE cutoffs(
          user INTEGER PRIMARY KEY REFERENCES users(id), id INTEGER NOT NULL, kept TEXT NOT NULL, until INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE codes(
          user INTEGER NOT NULL REFERENCES users(id), purpose TEXT NOT NULL, hash BLOB NOT NULL, made INTEGER NOT NULL,
          ends INTEGER NOT NULL, tries INTEGER NOT NULL, PRIMARY KEY(user, purpose)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE bans(
          user INTEGER PRIMARY KEY REFERENCES users(id), at INTEGER NOT NULL, until INTEGER, by INTEGER NOT NULL, reason BLOB
        ) STRICT;
        CREATE INDEX bans_by ON bans(by);
        """,
        "DROP TABLE bans; DROP TABLE codes; DROP TABLE cutoffs; DROP TABLE revocations; DROP TABLE sign_ins; DROP TABLE logins; "
        "DROP TABLE credentials;",
    ),
)
TABLES = (
    Table("users", "id", "the name shown to others", "until erased", sealed=(Sealed("body", ("id",)),), erase=Erase.KEY),
    Table("consents", "user", "proof of what was agreed to", "until erased"),
    Table(
        "credentials", "user", "login, e-mail address, password hash and second factor: how the user signs in", "until erased",
        sealed=(Sealed("secret", ("user", "version")), Sealed("profile", ("user", "version"))), withheld=("secret", "version"),
    ),
    Table(
        "logins", "user", "keyed hashes of login and verified e-mail address, to find the user by", "until changed or erased",
        withheld=("hash",),
    ),
    Table(
        "sign_ins", "user", "devices that are signed in, with what each calls itself", "until signed out, or unused for "
        "`auth.sign_in_s`", sealed=(Sealed("about", ("id",)),), withheld=("nonce", "generation"), ends=Ends("ends"),
    ),
    Table("revocations", "user", "sign-ins that were ended, so that their tokens stay refused", "until the last token of it ends",
          ends=Ends("until")),
    Table("cutoffs", "user", "up to when all sign-ins of the user were ended", "until the last token of them ends",
          ends=Ends("until")),
    Table(
        "codes", "user", "one-time codes that are out, as keyed hashes", "until used, 10 minutes at most", withheld=("hash",),
        ends=Ends("ends"),
    ),
    Table(
        "bans", "user", "that the user is banned, by whom and why", "until lifted or over",
        sealed=(Sealed("reason", ("at",), json=False),), also=(("by", Erase.NOBODY),), withheld=("by",), ends=Ends("until"),
    ),
)  # fmt: skip
