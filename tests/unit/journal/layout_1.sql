-- SPDX-License-Identifier: Apache-2.0
-- An audit trail as insd wrote it before the column certificate_name (layout 1): two operations. The key that made its links is
-- journal-0001-e869b6d0.key: 65af015112cd1aea6dc08fe14632c3492ed07b5e3941b74d402054ada4135a59
CREATE TABLE record (sequence INTEGER PRIMARY KEY, time_us INTEGER, kind TEXT, began_at INTEGER, host TEXT, operation TEXT, mode TEXT, uid INTEGER, pid INTEGER, executable TEXT, unit TEXT, request_id TEXT, purpose_id TEXT, professional TEXT, profile TEXT, editor TEXT, message_id TEXT, environment TEXT, number_hmac TEXT, code TEXT, duration_ms INTEGER, changed_traits TEXT, audience TEXT, key_id TEXT, link BLOB NOT NULL) STRICT;
CREATE INDEX ends ON record (began_at);
CREATE TRIGGER no_change BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER no_removal BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
INSERT INTO record VALUES (1, 1795524043178776, 'begin', NULL, 'desk-pc', 'login', NULL, 1000, 4711, NULL, 'session-2.scope', NULL, NULL, '899900000017', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'journal-0001-e869b6d0', x'718f9e1403ec1d5d6df9b4cbb371b10944b3d1b3480ddb2343f41af3e9cec977');
INSERT INTO record VALUES (2, 1795524043180101, 'end', 1, 'desk-pc', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'OK', 12, NULL, NULL, 'journal-0001-e869b6d0', x'18d0cf94de66b8341ba4a5073f7635456f0f4b4b5f89bd2059bc6e7068ff5e00');
INSERT INTO record VALUES (3, 1795524043180198, 'begin', NULL, 'desk-pc', 'rechercherInsAvecTraitsIdentite', 'cps', 1000, 4711, NULL, 'session-2.scope', 'r1', NULL, '899900000017', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'journal-0001-e869b6d0', x'72d55ea7e4a86d8a3a210edb20b8ef73904231c2dead470657c011b9c17501bd');
INSERT INTO record VALUES (4, 1795524043180537, 'end', 3, 'desk-pc', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'number-0001-277f5f39:8877FD3991625D6618377186942B32F015816ABFA36787FA5FC33895A48D260E', '00', 34, NULL, NULL, 'journal-0001-e869b6d0', x'e2c38fcc8651dcc046d4c72ba92e11b60603087a77d4951178dc37ed38a68727');
PRAGMA application_id=1768846180;
PRAGMA user_version=1;
