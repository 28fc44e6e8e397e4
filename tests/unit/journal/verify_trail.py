#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify_trail.py FILE KEYS: follows the chain of an audit trail with nothing of insd."""
import hashlib
import hmac
import pathlib
import sqlite3
import struct
import sys

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
previous = bytes(32)
count = 0
columns = [column[1] for column in database.execute("PRAGMA table_info(record)") if column[1] != "link"]
for stored, *values in database.execute(f"SELECT link, {', '.join(columns)} FROM record ORDER BY sequence"):
    key = (pathlib.Path(sys.argv[2]) / f"{values[columns.index('key_id')]}.key").read_bytes()
    while values[-1] is None:  # columns of later layouts are not in older links
        values.pop()
    data = b"insd audit record 1\0" + previous + struct.pack(">Q", len(values))
    for value in values:
        if value is None:
            data += b"\0"
        elif isinstance(value, int):
            data += b"\1" + struct.pack(">q", value)
        else:
            text = value.encode()
            data += b"\2" + struct.pack(">Q", len(text)) + text
    previous = hmac.new(key, data, hashlib.sha256).digest()
    if previous != stored:
        sys.exit(f"record {values[0]}")
    count += 1
print(count, "records")
