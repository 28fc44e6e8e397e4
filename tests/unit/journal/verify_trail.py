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
for row in database.execute("SELECT * FROM record ORDER BY sequence"):
    *values, stored = row
    key = (pathlib.Path(sys.argv[2]) / f"{values[-1]}.key").read_bytes()
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
