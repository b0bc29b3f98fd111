"""A city founded by the shipped programs alone: certificates, officers, daemons, elections."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

from eth_account import Account

PROGRAMS = Path(os.environ["SYMBOLON_PROGRAMS"])
PATIENCE = 60
GRACE = 8
OFFICERS = ["one", "two", "three"]
# This officer's key is in a wallet that knows nothing of Symbolon.
WALLET = "three"

VAULT = """
name = "Test City"
published = "vault/published"
rolls = "vault/rolls"

[store]
directory = "vault/store"
checkpoint_file = "vault/checkpoint"
cache_mib = 32

[keys]
ring = "vault/ring"
ring_secret = "vault/ring-secret"

[ledger]
origin = "log.city.example/polls"

[identity]
argon2 = {{ memory_kib = 64, passes = 1, lanes = 1 }}

[identity.schema]
attributes = [
    {{ name = "family_name", kind = "name" }},
    {{ name = "given_name", kind = "name" }},
    {{ name = "birth_date", kind = "date" }},
    {{ name = "document", kind = "document" }},
]
rules = [
    {{ name = "document", attributes = ["document"], kind = "unique" }},
    {{ name = "names", attributes = ["family_name", "given_name", "birth_date"], kind = "hint", always = true }},
]

[[portal]]
name = "main"
people_per_day = 100000

[[listener]]
address = "127.0.0.1:{vault}"
services = ["registration", "issuance", "validation", "admin", "audit"]
client_auth = "required"

[listener.tls]
certificate = "pki/vault-main-server.pem"
key = "pki/vault-main-server.key"
client_ca = "pki/ca.pem"
revocation_lists = ["pki/crl.pem"]
trust_domain = "city.example"
"""

GATEWAY = """
trust = "trust.json"
receipt_key = "gateway/receipt.key"

[store]
directory = "gateway/outbox"
checkpoint_file = "gateway/checkpoint"
cache_mib = 32

[ledger]
folder = "log"
key = "gateway/log.key"
interval_seconds = 3

[source]
vault = "pki/gateway-main.toml"
validate = true
poll_seconds = 1

[[listener]]
address = "127.0.0.1:{gateway}"
services = ["ballots"]
client_auth = "none"
"""

PORTAL = """
trust = "trust.json"
vault = "pki/portal-recorded.toml"
accounts = "accounts.csv"
session_minutes = 60

[simple]
gateway = "recorded-gateway.toml"
seeds = "seeds"
seed_key = "seed.key"

[[listener]]
address = "127.0.0.1:{portal}"
services = ["portal"]
client_auth = "none"
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run(program, *args, codes=(0,)):
    """Runs a program to its end; what it wrote."""
    ended = subprocess.run([PROGRAMS / program, *args], capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    if ended.returncode not in codes:
        said = (ended.stdout + ended.stderr).decode(errors="replace")
        raise RuntimeError(f"{program} {' '.join(map(str, args))}: {said}")
    return ended.stdout.decode()


class City:
    """The city's folder, its ports, and the daemons that run over it."""

    def __init__(self, root):
        self.root = Path(root)
        self.ports = {name: free_port() for name in ("vault", "gateway", "portal")}
        self.daemons = []

    def path(self, name):
        return str(self.root / name)

    def write(self, name, data):
        path = self.root / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(0o600)

    def url(self, name):
        return f"http://127.0.0.1:{self.ports[name]}"

    def symbolon(self, profile, *args):
        """Runs the command line under a profile; the object that it prints."""
        said = run("symbolon", "--json", "--profile", self.path(f"pki/{profile}.toml"), *args)
        return json.loads(said)

    def found(self):
        """Certificates, officers, an initialised vault and gateway; both then run."""
        self.write("passphrase", "correct horse battery staple")
        self.write("officer-passphrase", "officer")
        self.write("seed.key", os.urandom(32))
        self._issue_certificates()
        officers = [self._officer(name) for name in OFFICERS]
        for name, text in (("vault", VAULT), ("gateway", GATEWAY), ("portal", PORTAL)):
            self.write(f"{name}.toml", text.format(**self.ports))
        named = [word for officer in officers for word in ("--officer", officer)]
        run("symbolon-vault", "init", "--config", self.path("vault.toml"), "--threshold", "2", *named,
            "--passphrase-file", self.path("passphrase"), "--trust", self.path("trust.json"))
        self.start("vault")
        self.symbolon("officer-main", "unseal", "--passphrase-file", self.path("passphrase"))
        self.receipts = run("symbolon-gateway", "init", "--config", self.path("gateway.toml"),
                            "--ledger-keys", self.path("ledger-keys.json")).strip()
        self.start("gateway")

    def _issue_certificates(self):
        pki = self.path("pki")
        run("symbolon", "pki", "init", pki, "--trust-domain", "city.example")
        for name in ("main", "recorder"):
            run("symbolon", "pki", "issue", pki, "--role", "vault", "--name", name,
                "--server", "--dns", "localhost", "--ip", "127.0.0.1")
        endpoint = f"https://localhost:{self.ports['vault']}"
        for role in ("portal", "gateway", "organiser", "officer"):
            run("symbolon", "pki", "issue", pki, "--role", role, "--name", "main", "--endpoint", endpoint)

    def _officer(self, name):
        if name == WALLET:
            self.wallet = Account.create()
            return self.wallet.address.lower()
        made = run("symbolon", "--json", "officer", "new", "--light", "--out", self.path(f"officer-{name}.json"),
                   "--passphrase-file", self.path("officer-passphrase"))
        return json.loads(made)["address"]

    def start(self, name):
        """Starts a daemon and waits until it listens. What it says goes to a file."""
        with open(self.path(f"{name}.log"), "wb") as said:
            daemon = subprocess.Popen([PROGRAMS / f"symbolon-{name}", "--config", self.path(f"{name}.toml")],
                                      stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.daemons.append((name, daemon))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and daemon.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[name])) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{name} doesn't listen: " + (self.root / f"{name}.log").read_text()[-2000:])

    def last_words(self):
        """The end of what each daemon said."""
        logs = sorted(self.root.glob("*.log"))
        return "".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}\n" for log in logs)

    def stop(self):
        """Asks the daemons to stop, the last one first; those that did not end well."""
        failed = []
        while self.daemons:
            name, daemon = self.daemons.pop()
            daemon.terminate()
            try:
                code = daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                code = daemon.wait()
            if code != 0:
                failed.append(f"{name} ended with {code}")
        return failed

    def sign(self, *files):
        """Lets two of the three officers sign: one with the command line, one with the wallet."""
        files = [self.path(file) for file in files]
        self.symbolon("officer-main", "officer", "sign", "--yes", "--key", self.path(f"officer-{OFFICERS[0]}.json"),
                      "--passphrase-file", self.path("officer-passphrase"), "--trust", self.path("trust.json"), *files)
        for file in files:
            typed = json.loads(Path(file).read_bytes())
            signed = Account.sign_typed_data(self.wallet.key, full_message=typed)
            self.symbolon("officer-main", "officer", "import-signature", file, "0x" + bytes(signed.signature).hex())

    def decide(self, *action):
        """Has two officers decide something; where the proposal stands then."""
        folder = self.path("-".join(action))
        self.symbolon("officer-main", "proposals", "draft", *action, "--out", folder)
        self.sign(f"{folder}/proposal.json")
        return self.symbolon("officer-main", "proposals", "sign", folder)["state"]

    def open_election(self, name, content, closes, least, *options):
        """Drafts, signs and opens an election; its ID."""
        self.write(f"{name}.json", json.dumps(content))
        drafted = self.symbolon(
            "organiser-main", "election", "draft", "--content", self.path(f"{name}.json"),
            "--ledger-keys", self.path("ledger-keys.json"), "--opens", str(int(time.time()) - 1),
            "--closes", str(closes), "--grace", f"{GRACE}s", "--ballot-batch-min", str(least),
            "--gateway", self.receipts, "--trust", self.path("trust.json"), "--out", self.path(f"{name}-draft"),
            *options)
        self.sign(f"{name}-draft/manifest.json", f"{name}-draft/roll-statement.json")
        self.symbolon("organiser-main", "election", "open", self.path(f"{name}-draft"),
                      "--trust", self.path("trust.json"))
        return bytes.fromhex(drafted["election"].removeprefix("0x"))

    def _stage(self, name, election, stage, statement, *options):
        """Prepares, signs and publishes a statement on an election."""
        folder, trust = self.path(f"{name}-{stage}"), self.path("trust.json")
        self.symbolon("organiser-main", "election", f"prepare-{stage}", "0x" + election.hex(),
                      "--trust", trust, "--out", folder, *options)
        self.sign(f"{name}-{stage}/{statement}.json")
        self.symbolon("organiser-main", "election", stage, folder, "--trust", trust)

    def close(self, name, election):
        self._stage(name, election, "close", "close")

    def certify(self, name, election):
        """The tally that the officers signed, as bytes."""
        self._stage(name, election, "certify", "certified", "--source", f"{self.url('gateway')}/log")
        return (self.root / f"{name}-certify/tally.json").read_bytes()

    def observe(self):
        """The observer's exit code and its answer."""
        ended = subprocess.run([PROGRAMS / "symbolon-observer", "verify", self.path("log"),
                                "--trust", self.path("trust.json"), "--json"], capture_output=True, timeout=120)
        return ended.returncode, json.loads(ended.stdout)
