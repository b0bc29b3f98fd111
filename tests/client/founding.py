"""The people are registered, the polls opened, the portals started."""

import json
import time
from hashlib import sha256
from types import SimpleNamespace

import calls
import city
import log
import people
import recorders
import search
import wire
from device import Device
from facts import ensure, refused, refuses, until

VOTING_SECONDS = 45
DISTRICT = 34
# Of the two polls with devices: as many places stand together on the ledger.
BATCH = 30


def register(story):
    """Everybody, over mTLS: one alone, the others over the stream."""
    pki, port = story.city.root / "pki", story.city.ports["vault"]
    story.vault = calls.Vault(port, pki)
    everybody = people.people()
    ensure(story.vault.schema() == set(everybody[0]), "the vault's schema has the attributes that we send")
    first = story.vault.register(everybody[0])
    ids = [first, *story.vault.register_all(everybody[1:])]
    for person, registration_id in zip(everybody, ids):
        story.relayed.keep("registration", json.dumps(person, ensure_ascii=False).encode())
        story.relayed.keep("registration", registration_id)
    again = {**everybody[0], "family_name": "MÜLLER", "document": "ab 1000003"}
    ensure(story.vault.register(again) == first, "another spelling of a person gets the same registration ID")
    ensure(len(set(ids)) == len(everybody), f"{len(ids)} people registered over mTLS as role portal")
    impossible = {**everybody[0], "birth_date": "1950-02-30"}
    refused("INVALID_ATTRIBUTE", lambda: story.vault.register(impossible), "an impossible birth date")
    stranger = calls.Vault(port, pki, "gateway-main")
    refused("PERMISSION_DENIED", lambda: stranger.register(everybody[0]), "registering as role gateway")
    added = story.vault.electorate("district", ids[:DISTRICT])
    ensure(added == DISTRICT, f"an electorate of {added} made")
    _make_accounts(story, ids)


def _make_accounts(story, ids):
    rows = [f"{line},{one.hex()}" for line, one in enumerate(ids, 2)]
    story.city.write("ids.csv", "\n".join(["line,registration_id", *rows]) + "\n")
    paths = [story.city.path(name) for name in ("ids.csv", "accounts.csv", "codes.csv")]
    city.run("symbolon-portal", "accounts", paths[0], "--out", paths[1], "--codes", paths[2])
    letters = (story.city.root / "codes.csv").read_text().split()[1:]
    for number, (registration_id, letter) in enumerate(zip(ids, letters)):
        login, code = letter.split(",")
        story.voters.append(SimpleNamespace(
            number=number, id=registration_id, login=login, code=code, device=Device(), tokens={}, ballots={}))


def suspend_and_resume(story):
    """One officer suspends the portal; it goes on once two have signed, one of them with a wallet."""
    person = people.people()[0]
    story.city.symbolon("officer-main", "halt", "portal", "main")
    refused("PORTAL_SUSPENDED", lambda: story.vault.register(person), "a portal that one officer suspended")
    state = story.city.decide("resume-portal", "main")
    ensure(state == "executed", "a proposal signed by an officer's wallet from the exported typed data is executed")
    ensure(story.vault.register(person) == story.voters[0].id, "the portal goes on, the person has the same ID")


def open_polls(story):
    """Two polls with devices of the voters' own, one in simple mode."""
    story.closes = int(time.time()) + VOTING_SECONDS
    open_election = story.city.open_election
    story.polls = {
        "park": open_election("park", people.PARK, story.closes, BATCH, "--everybody", "--max-ballots", "2"),
        "street": open_election("street", people.STREET, story.closes, BATCH, "--electorate", "district"),
        "kiosk": open_election("kiosk", people.KIOSK, story.closes, 5, "--everybody", "--custody", "portal"),
    }
    story.http = calls.GatewayHttp(story.city.url("gateway"))
    story.grpc = calls.GatewayGrpc(story.city.ports["gateway"])
    until("the gateway knows the polls", lambda: set(story.polls.values()) <= set(story.http.elections()))
    statements = 2 * len(story.polls)
    until("the statements are on the log", lambda: len(log.entries(story.log)) >= statements)


def read_papers(story):
    """Manifests as a device reads them: from the gateway, checked against the trust file."""
    trust = json.loads((story.city.root / "trust.json").read_bytes())
    story.papers = story.http.elections()
    ensure(story.papers == story.grpc.elections(), "the gateway lists the same elections over gRPC and HTTP/JSON")
    for name, election in story.polls.items():
        packed, content = story.papers[election]
        manifest = wire.Manifest.verify(packed, trust)
        if manifest.election != election or sha256(content).digest() != manifest.contentHash:
            raise wire.Wrong("the paper isn't this election's")
        story.manifests[name] = manifest
    ensure(True, "manifests verified: officers of the trust file, digest = election ID, content hash")
    flipped = packed[:-1] + bytes([packed[-1] ^ 1])
    refuses(lambda: wire.Manifest.verify(flipped, trust), "a manifest with a flipped bit is refused")
    keys = story.http.published(f"content/{manifest.ledgerKeys.hex()}")
    if sha256(keys).digest() != manifest.ledgerKeys:
        raise wire.Wrong("the ledger keys aren't the manifest's")
    story.ledger_keys = json.loads(keys)


def remember_what_is_public(story):
    """Windows of everything public before the vote that no voter stands in: all but the rolls."""
    before = log.entries(story.log)
    if any(entry[0] == wire.BALLOT_TAG for entry in before):
        raise AssertionError("a ballot before the vote")
    public = [path.read_bytes() for path in story.log.rglob("*")
              if path.is_file() and path.relative_to(story.log).parts[0] != "roll"]
    trust = (story.city.root / "trust.json").read_bytes()
    story.known = search.all_windows(search.encodings([*public, *before, trust]))
    places = [leaf for manifest in story.manifests.values() for leaf in log.roll(story.log, manifest)]
    hidden = [leaf for leaf in places if search.windows(leaf) & story.known]
    ensure(not hidden, f"{len(story.known)} windows known before the vote are left out of the search; "
                       f"none is of the {len(places)} voter IDs")


def start_portals(story):
    """The real portal with a recorder on each side, and a recording one of our own."""
    pki, ports = story.city.root / "pki", story.city.ports
    read = lambda name: (pki / name).read_bytes()
    own = recorders.grpc.ssl_server_credentials(
        [(read("vault-recorder-server.key"), read("vault-recorder-server.pem"))])
    vault = recorders.grpc.secure_channel(f"localhost:{ports['vault']}", calls.credentials(pki, "portal-main"))
    behind = recorders.GrpcRecorder(vault, story.passed, own)
    gateway = recorders.grpc.insecure_channel(f"127.0.0.1:{ports['gateway']}")
    aside = recorders.GrpcRecorder(gateway, story.passed)
    profile = (pki / "portal-main.toml").read_text()
    story.city.write("pki/portal-recorded.toml", profile.replace(f":{ports['vault']}", f":{behind.port}"))
    story.city.write("recorded-gateway.toml", f'endpoint = "http://127.0.0.1:{aside.port}"\n')
    story.city.start("portal")
    story.before = recorders.TcpRecorder(ports["portal"], story.passed)
    accounts = {(voter.login, voter.code): voter.id for voter in story.voters}
    relay = recorders.RecordingPortal(story.vault, accounts, story.relayed)
    real = f"http://127.0.0.1:{story.before.port}"
    story.portals = {"park": relay.url, "street": real, "kiosk": real}
    story.open += [story.before, relay, behind, aside]
