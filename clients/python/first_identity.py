#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From two cards to what INSi says of the patient, in Python: login, Vitale card, search.

    PYTHONPATH=build/dev/python /usr/bin/python3 clients/python/first_identity.py

Needs Debian's python3-grpcio. The daemon's address comes from INSD_SOCKET, else unix:/run/insd/insd.sock; the PIN is asked for (1234 in
the world of ./dev demo). Exit status: 0 an answer, 1 none, 3 error.
"""
import getpass
import os
import queue
import sys
import uuid

import grpc

from insd.v1 import (common_pb2, insi_service_pb2, insi_service_pb2_grpc, professional_service_pb2,
                     professional_service_pb2_grpc, vitale_service_pb2, vitale_service_pb2_grpc)


def log_in(dialogue, answers):
    """The lease of the professional whose card is in a reader."""
    answers.put(professional_service_pb2.LoginRequest(start=professional_service_pb2.LoginStart()))
    for step in dialogue:
        if step.HasField("prompt"):
            pin = getpass.getpass(f"PIN of {step.prompt.holder}: ")
            answer = professional_service_pb2.LoginPin(prompt_id=step.prompt.prompt_id, pin=pin.encode())
            answers.put(professional_service_pb2.LoginRequest(pin=answer))
        elif step.HasField("lease"):
            return step.lease.lease
    raise SystemExit("no login")


def search(channel, lease):
    """The first person of the Vitale card, as INSi knows them."""
    reading = vitale_service_pb2_grpc.VitaleServiceStub(channel).ReadVitale(vitale_service_pb2.ReadVitaleRequest()).reading
    person = reading.beneficiaries[0]
    print(f"on the card: {person.usual_name} {person.given_name}, {person.birth_date}")
    request = insi_service_pb2.SearchByVitaleRequest(
        context=common_pb2.CallContext(purpose_id="first-identity", request_id=str(uuid.uuid4()), lease=lease,
                                       identity_attributes=[common_pb2.IDENTITY_ATTRIBUTE_NONE]))
    request.card.card.generation = reading.generation
    request.card.beneficiary_index = person.index
    return insi_service_pb2_grpc.InsiServiceStub(channel).SearchByVitale(request).result


def main():
    answers = queue.Queue()
    with grpc.insecure_channel(os.environ.get("INSD_SOCKET", "unix:/run/insd/insd.sock")) as channel:
        try:
            desk = professional_service_pb2_grpc.ProfessionalServiceStub(channel)
            dialogue = desk.Login(iter(answers.get, None))  # the login ends with this stream: it must be kept
            lease = log_in(dialogue, answers)
            result = search(channel, lease)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 3
        finally:
            answers.put(None)
    print(insi_service_pb2.SearchOutcome.Name(result.outcome))
    if result.outcome != insi_service_pb2.SEARCH_OUTCOME_FOUND:
        return 1
    number, traits = result.answer.number, result.answer.traits
    print(f"{number.number} {number.key} ({number.oid}): {traits.birth_name} {traits.given_names}, {traits.birth_date}")
    print("missing before it may be called qualified:", ", ".join(result.missing_for_qualification))
    return 0


if __name__ == "__main__":
    sys.exit(main())
