#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A first call to insd from Python: lists the readers, and shows how an error of the daemon is read.

Needs Debian's python3-grpcio and the generated contract on the path:

    PYTHONPATH=build/dev/python /usr/bin/python3 clients/python/first_call.py

The daemon's address comes from INSD_SOCKET, else unix:/run/insd/insd.sock. Exit status: 0 ok, 3 error.
"""
import os
import sys

import grpc

from insd.v1 import error_pb2, reader_service_pb2, reader_service_pb2_grpc


def error_detail(error):
    """The insd.v1.ErrorDetail of a failed call, or None when the daemon sent none (it was not reached, for example)."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = error_pb2.RpcStatus.FromString(value)
            for detail in status.details:
                found = error_pb2.ErrorDetail()
                if detail.Unpack(found):
                    return found
    return None


def main():
    address = os.environ.get("INSD_SOCKET", "unix:/run/insd/insd.sock")
    # Human words come in French unless asked otherwise; codes never change.
    metadata = [("accept-language", "en")]
    with grpc.insecure_channel(address) as channel:
        readers = reader_service_pb2_grpc.ReaderServiceStub(channel)
        try:
            answer = readers.ListReaders(reader_service_pb2.ListReadersRequest(), timeout=15, metadata=metadata)
        except grpc.RpcError as error:
            detail = error_detail(error)
            if detail is None:
                print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            else:
                print(f"{detail.code}: {detail.summary}\nWhat to do: {detail.remedy}", file=sys.stderr)
                print(f"Retry: {error_pb2.RetryRule.Name(detail.retry)}", file=sys.stderr)
            return 3
    for reader in answer.readers:
        state = reader_service_pb2.ReaderState.Name(reader.state)
        print(f"{reader.alias or reader.name}: {state} {reader.generation}")
    if not answer.readers:
        print("no reader")
    return 0


if __name__ == "__main__":
    sys.exit(main())
