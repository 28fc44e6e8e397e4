#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python examples of docs/services: what stands between "# [name]" and "# [/name]" is in the page of that name.

    PYTHONPATH=build/dev/python /usr/bin/python3 clients/python/examples.py NAME

asks the daemon at INSD_SOCKET, else at unix:/run/insd/insd.sock.
"""
import getpass
import os
import queue
import sys
import uuid

import grpc

from insd.v1 import (common_pb2, identity_service_pb2, identity_service_pb2_grpc, insi_service_pb2, insi_service_pb2_grpc,
                     journal_service_pb2, journal_service_pb2_grpc, maintenance_service_pb2, maintenance_service_pb2_grpc, professional_service_pb2, professional_service_pb2_grpc, reader_service_pb2, reader_service_pb2_grpc,
                     render_service_pb2, render_service_pb2_grpc,
                     system_service_pb2, system_service_pb2_grpc, vitale_service_pb2, vitale_service_pb2_grpc)


def system(channel):
    # [system]
    insd = system_service_pb2_grpc.SystemServiceStub(channel)
    info = insd.GetInfo(system_service_pb2.GetInfoRequest())
    me = insd.WhatMayIDo(system_service_pb2.WhatMayIDoRequest())
    print(info.version, common_pb2.Environment.Name(info.environment), len(me.methods), "methods allowed")
    # [/system]


def reader(channel):
    # [reader]
    readers = reader_service_pb2_grpc.ReaderServiceStub(channel)
    for event in readers.WatchReaders(reader_service_pb2.WatchReadersRequest()):
        if event.HasField("snapshot_end"):
            break  # everything there is has been told; stay in the loop to be told every change
        if event.HasField("reader"):
            print(event.reader.name, reader_service_pb2.ReaderState.Name(event.reader.state))
    # [/reader]


def vitale(channel):
    # [vitale]
    cards = vitale_service_pb2_grpc.VitaleServiceStub(channel)
    reading = cards.ReadVitale(vitale_service_pb2.ReadVitaleRequest()).reading
    for person in reading.beneficiaries:
        print(person.index, person.usual_name, person.given_name, person.birth_date)
    # [/vitale]


def professional(channel):
    # [professional]
    desk = professional_service_pb2_grpc.ProfessionalServiceStub(channel)
    answers = queue.Queue()
    answers.put(professional_service_pb2.LoginRequest(start=professional_service_pb2.LoginStart()))
    dialogue = desk.Login(iter(answers.get, None))
    for step in dialogue:
        if step.HasField("prompt"):
            pin = getpass.getpass(f"{step.prompt.holder}, {step.prompt.tries_left} tries left: ")
            answer = professional_service_pb2.LoginPin(prompt_id=step.prompt.prompt_id, pin=pin.encode())
            answers.put(professional_service_pb2.LoginRequest(pin=answer))
        elif step.HasField("lease"):
            print("logged in as", step.lease.holder)
            break  # the login lasts as long as this stream: searches name step.lease.lease
    desk.Logout(professional_service_pb2.LogoutRequest(lease=step.lease.lease))
    answers.put(None)
    # [/professional]


def insi(channel):
    lease = os.environ.get("INSD_LEASE", "")
    # [insi]
    searches = insi_service_pb2_grpc.InsiServiceStub(channel)
    request = insi_service_pb2.SearchByTraitsRequest(
        context=common_pb2.CallContext(
            purpose_id="visit-4711", request_id=str(uuid.uuid4()), lease=lease,
            identity_attributes=[common_pb2.IDENTITY_ATTRIBUTE_NONE]),
        traits=insi_service_pb2.SearchTraits(
            birth_name="ECETINSI", given_names=["PIERRE-ALAIN"], sex="M", birth_date="2009-07-14"))
    result = searches.SearchByTraits(request).result
    print(insi_service_pb2.SearchOutcome.Name(result.outcome), result.missing_for_qualification)
    # [/insi]


def journal(channel):
    # [journal]
    trail = journal_service_pb2_grpc.JournalServiceStub(channel)
    page = trail.ListJournalRecords(journal_service_pb2.ListJournalRecordsRequest(page_size=100))
    for record in page.records:
        print(record.begin_time.ToJsonString(), record.operation, record.uid, record.code)
    # [/journal]


def identity(channel):
    # [identity]
    identities = identity_service_pb2_grpc.IdentityServiceStub(channel)
    request = identity_service_pb2.CreateIdentityRequest(
        context=identity_service_pb2.ActContext(
            purpose_id="visit-4711", request_id=str(uuid.uuid4()),
            acting_user=common_pb2.ActingUser(id="m.durand", authenticated_how="directory password")),
        traits=identity_service_pb2.IdentityTraits(
            birth_name="ECETINSI", first_given_name="PIERRE-ALAIN", sex="M", birth_date="2009-07-14"))
    report = identities.CreateIdentity(request).identity
    print(identity_service_pb2.IdentityStatus.Name(report.status), [fact.code for fact in report.missing])
    # [/identity]
    return report.identity_id


def maintenance(channel):
    # [maintenance]
    care = maintenance_service_pb2_grpc.MaintenanceServiceStub(channel)
    for check in care.CheckInsi(maintenance_service_pb2.CheckInsiRequest()).checks:
        print(check.name, maintenance_service_pb2.CheckState.Name(check.state), check.code, check.remedy)
    # [/maintenance]


def render(channel):
    identity_id = identity(channel)
    # [render]
    renderer = render_service_pb2_grpc.RenderServiceStub(channel)
    label = renderer.Render(render_service_pb2.RenderRequest(
        identity=identity_service_pb2.IdentityRef(identity_id=identity_id),
        format=render_service_pb2.RENDER_FORMAT_LABEL_SVG))
    print(label.media_type, "with the number" if label.has_number else "without the number", len(label.content), "bytes")
    # [/render]


def main():
    examples = {each.__name__: each for each in (system, reader, vitale, professional, insi, identity, journal, maintenance, render)}
    if len(sys.argv) != 2 or sys.argv[1] not in examples:
        raise SystemExit(f"usage: {sys.argv[0]} {'|'.join(examples)}")
    with grpc.insecure_channel(os.environ.get("INSD_SOCKET", "unix:/run/insd/insd.sock")) as channel:
        try:
            examples[sys.argv[1]](channel)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
