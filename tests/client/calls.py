"""The city's services as a stranger calls them: stubs made from `proto/`, and HTTP/JSON."""

import grpc
import requests
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from symbolon.ballots.v1 import ballots_pb2, ballots_pb2_grpc
from symbolon.issuance.v1 import issuance_pb2, issuance_pb2_grpc
from symbolon.registration.v1 import registration_pb2, registration_pb2_grpc

PATIENCE = 30


class Refused(Exception):
    """A refusal, by its stable reason."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason

    @classmethod
    def of(cls, error):
        """What a gRPC error says in its google.rpc.ErrorInfo."""
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                return cls(info.reason)
        return error


def credentials(pki, name):
    read = lambda file: (pki / file).read_bytes()
    return grpc.ssl_channel_credentials(read("ca.pem"), read(f"{name}.key"), read(f"{name}.pem"))


class Vault:
    """The vault as a portal sees it, over mTLS."""

    def __init__(self, port, pki, name="portal-main"):
        channel = grpc.secure_channel(f"localhost:{port}", credentials(pki, name))
        self.registration = registration_pb2_grpc.RegistrationStub(channel)
        self.electorates = registration_pb2_grpc.ElectoratesStub(channel)
        self.issuance = issuance_pb2_grpc.IssuanceStub(channel)

    def register(self, person):
        request = registration_pb2.RegisterPersonRequest(person=registration_pb2.Person(attributes=person))
        try:
            return self.registration.RegisterPerson(request, timeout=PATIENCE).registration_id
        except grpc.RpcError as error:
            raise Refused.of(error) from None

    def schema(self):
        """The attributes' names."""
        answer = self.registration.GetSchema(registration_pb2.GetSchemaRequest(), timeout=PATIENCE)
        return {attribute.name for attribute in answer.attributes}

    def register_all(self, people):
        """Registration IDs in the order of the people."""
        rows = (registration_pb2.RegisterPeopleRequest(
            correlation=number, person=registration_pb2.Person(attributes=person))
            for number, person in enumerate(people))
        answers = {}
        for answer in self.registration.RegisterPeople(rows, timeout=PATIENCE):
            if answer.WhichOneof("outcome") != "registration_id":
                raise Refused(answer.refusal.reason)
            answers[answer.correlation] = answer.registration_id
        return [answers[number] for number in range(len(people))]

    def electorate(self, name, ids):
        """Makes an electorate of these people; how many are in it."""
        self.electorates.CreateElectorate(registration_pb2.CreateElectorateRequest(electorate=name))
        add = registration_pb2.AddToElectorateRequest(correlation=1, electorate=name, registration_ids=ids)
        return sum(answer.added for answer in self.electorates.AddToElectorate(iter([add]), timeout=PATIENCE))

    def issue(self, request):
        """The answer to a packed IssueTokenRequest, packed as it came."""
        try:
            return self.issuance.IssueToken(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            raise Refused.of(error) from None

    def participation(self, registration_id, election):
        request = issuance_pb2.GetParticipationRequest(registration_id=registration_id, election=election)
        return self.issuance.GetParticipation(request, timeout=PATIENCE)


class Http:
    """A service over HTTP/JSON."""

    def __init__(self, url):
        self.url, self.session = url, requests.Session()

    def call(self, method, path, body=None):
        answer = self.session.request(method, self.url + path, json=body, timeout=PATIENCE)
        if answer.status_code != 200:
            raise Refused(answer.json()["reason"])
        return answer.json()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()


class Portal(Http):
    """A portal's HTTP/JSON, for one person's device."""

    def sign_in(self, login, password):
        session = self.call("POST", "/v1/session", {"login": login, "password": password})["session"]
        self.session.headers["Authorization"] = f"Bearer {session}"

    def elections(self):
        listed = self.call("GET", "/v1/elections")["elections"]
        return {unhex(one["election"]): (unhex(one["manifest"]), unhex(one["content"])) for one in listed}

    def token(self, election, sealed):
        path = f"/v1/elections/0x{election.hex()}/token"
        return unhex(self.call("POST", path, {"request": "0x" + sealed.hex()})["token"])

    def simple_vote(self, election, choices):
        return self.call("POST", f"/v1/elections/0x{election.hex()}/simple-vote", {"choices": choices})


class GatewayHttp(Http):
    """The gateway's HTTP/JSON."""

    def elections(self):
        listed = self.call("GET", "/v1/elections")["elections"]
        return {unhex(one["election"]): (unhex(one["manifest"]), unhex(one["content"])) for one in listed}

    def cast(self, entry):
        answer = self.call("POST", "/v1/ballots", {"entry": "0x" + entry.hex()})
        receipt = {name: value if name == "includeBy" else unhex(value) for name, value in answer["receipt"].items()}
        return unhex(answer["entryHash"]), receipt

    def status(self, entry_hash):
        answer = self.call("GET", f"/v1/ballots/0x{entry_hash.hex()}")
        if answer["state"] != "BALLOT_STATE_INCLUDED":
            return None
        return answer["index"], [unhex(one) for one in answer["proof"]], answer["checkpoint"]

    def published(self, path):
        answer = self.session.get(f"{self.url}/log/{path}", timeout=PATIENCE)
        answer.raise_for_status()
        return answer.content


class GatewayGrpc:
    """The gateway's gRPC; it asks for no certificate."""

    def __init__(self, port):
        self.stub = ballots_pb2_grpc.BallotsStub(grpc.insecure_channel(f"127.0.0.1:{port}"))

    def elections(self):
        listed = self.stub.ListElections(ballots_pb2.ListElectionsRequest(), timeout=PATIENCE).elections
        return {one.election: (one.manifest, one.content) for one in listed}

    def cast(self, entry):
        try:
            answer = self.stub.CastBallot(ballots_pb2.CastBallotRequest(entry=entry), timeout=PATIENCE)
        except grpc.RpcError as error:
            raise Refused.of(error) from None
        given = answer.receipt
        receipt = {"election": given.election, "ballotDigest": given.ballot_digest,
                   "includeBy": given.include_by, "signature": given.signature}
        return answer.entry_hash, receipt

    def status(self, entry_hash):
        request = ballots_pb2.GetBallotStatusRequest(entry_hash=entry_hash)
        answer = self.stub.GetBallotStatus(request, timeout=PATIENCE)
        if answer.state != ballots_pb2.BALLOT_STATE_INCLUDED:
            return None
        return answer.index, list(answer.proof), answer.checkpoint


def unhex(text):
    if not text.startswith("0x"):
        raise ValueError("bytes in JSON begin with 0x")
    return bytes.fromhex(text[2:])

