//! The protocol's statements, field by field.
//!
//! Each is a plain struct that anybody can fill in. Its [`Typed`](crate::Typed)
//! implementation gives the EIP-712 type, digest and ABI encoding.

use crate::ids::{
    Address, BallotKey, ContentHash, DeliveryKey, Digest, ElectionId, InstallationId, LedgerHead,
    Nonce, RequestKey, RollIndex, RollRoot, TallyHash, TallyKey, TicketId, VoterId,
};
use crate::typed::typed;
use crate::{Domain, Error, Typed};

/// The Solidity twins.
mod sol {
    alloy_sol_types::sol! {
        struct Manifest {
            bytes32 nonce; bytes32 contentHash; bytes shape; uint64 opens; uint64 closes;
            uint64 grace; uint64 forgetAfter; uint8 maxBallots; uint32 rollBatchMin;
            uint16 ballotBatchMin; uint8 custody; uint8 anonymity; uint8 results;
            bytes32 tallyKey; address[] officers; uint8 threshold; address issuer;
            bytes32 requestKey; address[] gateways; bytes32 ledgerKeys; uint8 payload;
        }
        struct RollStatement { bytes32 election; uint32 sequence; uint32 size; bytes32 root; }
        struct IssueRequest { bytes32 election; bytes32 deliveryKey; }
        struct VotingToken {
            bytes32 election; bytes32 voterId; uint32 rollIndex; address ballotKey;
        }
        struct Ballot { bytes32 election; bytes32 voterId; bytes choice; uint8 sequence; }
        struct Receipt { bytes32 election; bytes32 ballotDigest; uint64 includeBy; }
        struct IssuerRotation { bytes32 election; address current; address next; }
        struct Close { bytes32 election; uint32 rollSize; bytes32 rollRoot; bytes32 issued; }
        struct Certified {
            bytes32 election; uint64 ledgerSize; bytes32 ledgerHead; bytes32 tallyHash;
        }
        struct Cancelled { bytes32 election; }
        struct Proposal {
            bytes32 installation; bytes32 nonce; uint64 expires; bytes32 contentHash;
        }
        struct Verdict { bytes32 installation; bytes32 ticket; bool same; }
    }
}

typed! {
    /// What an election is. Its digest is the election's ID.
    struct Manifest {
        /// Makes two manifests of the same content two elections.
        nonce: Nonce = nonce: "bytes32",
        /// SHA-256 of the content file.
        content_hash: ContentHash = contentHash: "bytes32",
        /// Per question three bytes: options, least and most to choose.
        shape: Vec<u8> = shape: "bytes",
        /// From when ballots count, Unix seconds.
        opens: u64 = opens: "uint64",
        /// Until when gateways take ballots and tokens are issued.
        closes: u64 = closes: "uint64",
        /// How many seconds longer ledgers take them.
        grace: u64 = grace: "uint64",
        /// When the vault destroys the election's keys.
        forget_after: u64 = forgetAfter: "uint64",
        /// How many ballots a place may cast; the last one counts.
        max_ballots: u8 = maxBallots: "uint8",
        /// How many places an addition to the roll has at least; 0: frozen at opening.
        roll_batch_min: u32 = rollBatchMin: "uint32",
        /// How many distinct places a published batch has at least.
        ballot_batch_min: u16 = ballotBatchMin: "uint16",
        /// 0: voters hold their keys; 1: the portal holds them.
        custody: u8 = custody: "uint8",
        /// 0: pseudonymous; 1: blind.
        anonymity: u8 = anonymity: "uint8",
        /// 0: live; 1: at close.
        results: u8 = results: "uint8",
        /// Where the payload is sealed: to which key.
        tally_key: TallyKey = tallyKey: "bytes32",
        /// Who signs statements, strictly ascending.
        officers: Vec<Address> = officers: "address[]",
        /// How many of them.
        threshold: u8 = threshold: "uint8",
        /// Who signs tokens at first.
        issuer: Address = issuer: "address",
        /// To which key issue requests are sealed.
        request_key: RequestKey = requestKey: "bytes32",
        /// Who signs receipts, strictly ascending.
        gateways: Vec<Address> = gateways: "address[]",
        /// SHA-256 of the ledger keys file; on Ethereum the genesis block's hash.
        ledger_keys: ContentHash = ledgerKeys: "bytes32",
        /// 0: plain; 1: sealed to `tally_key`; 2: opaque.
        payload: u8 = payload: "uint8",
    }

    /// Who may vote: a commitment to the roll, or to its next extension.
    struct RollStatement {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// From 0.
        sequence: u32 = sequence: "uint32",
        /// How many places the roll has from here on.
        size: u32 = size: "uint32",
        /// RFC 6962 root over all its leaves.
        root: RollRoot = root: "bytes32",
    }

    /// A device asks for a token; signed by its ballot key.
    struct IssueRequest {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// To which key the token shall be sealed.
        delivery_key: DeliveryKey = deliveryKey: "bytes32",
    }

    /// A voter ID at a roll place may vote with this ballot key; signed by the issuer.
    struct VotingToken {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// The voter ID.
        voter_id: VoterId = voterId: "bytes32",
        /// Its place in the roll.
        roll_index: RollIndex = rollIndex: "uint32",
        /// The ballot key.
        ballot_key: BallotKey = ballotKey: "address",
    }

    /// A choice; signed by the ballot key.
    struct Ballot {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// The voter ID.
        voter_id: VoterId = voterId: "bytes32",
        /// The choice, see [`choice`](crate::choice).
        choice: Vec<u8> = choice: "bytes",
        /// From 0; the highest counts.
        sequence: u8 = sequence: "uint8",
    }

    /// A gateway's promise that a ballot will be on the ledger.
    struct Receipt {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// The ballot's digest.
        ballot_digest: Digest = ballotDigest: "bytes32",
        /// By when, Unix seconds.
        include_by: u64 = includeBy: "uint64",
    }

    /// From here on another key signs tokens.
    struct IssuerRotation {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// The issuer in force.
        current: Address = current: "address",
        /// The issuer from here on; never used before.
        next: Address = next: "address",
    }

    /// Issuing is over.
    struct Close {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// The roll's final size.
        roll_size: u32 = rollSize: "uint32",
        /// The roll's final root.
        roll_root: RollRoot = rollRoot: "bytes32",
        /// SHA-256 of the issued list.
        issued: ContentHash = issued: "bytes32",
    }

    /// The result.
    struct Certified {
        /// The election.
        election: ElectionId = election: "bytes32",
        /// Size of the log, or number of the block, up to which was counted.
        ledger_size: u64 = ledgerSize: "uint64",
        /// Root of the log there, or the block's hash.
        ledger_head: LedgerHead = ledgerHead: "bytes32",
        /// SHA-256 of the tally.
        tally_hash: TallyHash = tallyHash: "bytes32",
    }

    /// The election is off.
    struct Cancelled {
        /// The election.
        election: ElectionId = election: "bytes32",
    }

    /// Officers agree to a dangerous operation.
    struct Proposal {
        /// The installation.
        installation: InstallationId = installation: "bytes32",
        /// Makes two proposals of the same content two.
        nonce: Nonce = nonce: "bytes32",
        /// Until when it may be executed, Unix seconds.
        expires: u64 = expires: "uint64",
        /// SHA-256 of the proposal's content as RFC 8785 JSON.
        content_hash: ContentHash = contentHash: "bytes32",
    }

    /// Registrars settle a conflict of identities.
    struct Verdict {
        /// The installation.
        installation: InstallationId = installation: "bytes32",
        /// The conflict.
        ticket: TicketId = ticket: "bytes32",
        /// Whether both are one person.
        same: bool = same: "bool",
    }
}

/// Any statement that officers or registrars sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// See [`Manifest`].
    Manifest(Manifest),
    /// See [`RollStatement`].
    RollStatement(RollStatement),
    /// See [`IssuerRotation`].
    IssuerRotation(IssuerRotation),
    /// See [`Close`].
    Close(Close),
    /// See [`Certified`].
    Certified(Certified),
    /// See [`Cancelled`].
    Cancelled(Cancelled),
    /// See [`Proposal`].
    Proposal(Proposal),
    /// See [`Verdict`].
    Verdict(Verdict),
}

/// Runs an expression on whichever statement it is.
macro_rules! each {
    ($statement:expr, $inner:ident => $run:expr) => {
        match $statement {
            $crate::Statement::Manifest($inner) => $run,
            $crate::Statement::RollStatement($inner) => $run,
            $crate::Statement::IssuerRotation($inner) => $run,
            $crate::Statement::Close($inner) => $run,
            $crate::Statement::Certified($inner) => $run,
            $crate::Statement::Cancelled($inner) => $run,
            $crate::Statement::Proposal($inner) => $run,
            $crate::Statement::Verdict($inner) => $run,
        }
    };
}
pub(crate) use each;

impl Statement {
    /// The statement's name in its EIP-712 type.
    pub fn name(&self) -> &'static str {
        fn name<T: Typed>(_: &T) -> &'static str {
            T::NAME
        }
        each!(self, inner => name(inner))
    }

    /// The digest that is signed.
    pub fn digest(&self, domain: &Domain) -> Digest {
        each!(self, inner => inner.digest(domain))
    }

    /// The election it is about; a manifest's own ID. `None` where it is about none.
    pub fn election(&self, domain: &Domain) -> Option<ElectionId> {
        match self {
            Self::Manifest(manifest) => Some(manifest.election(domain)),
            Self::RollStatement(statement) => Some(statement.election),
            Self::IssuerRotation(statement) => Some(statement.election),
            Self::Close(statement) => Some(statement.election),
            Self::Certified(statement) => Some(statement.election),
            Self::Cancelled(statement) => Some(statement.election),
            Self::Proposal(_) | Self::Verdict(_) => None,
        }
    }
}

impl Manifest {
    /// The election's ID.
    pub fn election(&self, domain: &Domain) -> ElectionId {
        ElectionId::new(*self.digest(domain).as_bytes())
    }

    /// Until when ledgers take ballots; `None` where that is beyond all time.
    pub fn last_moment(&self) -> Option<u64> {
        self.closes.checked_add(self.grace)
    }
}

impl RollStatement {
    /// Checks that this statement comes next after `previous`, in a roll that is
    /// extended by at least `roll_batch_min` places at a time (0: never).
    pub fn follows(&self, previous: Option<&Self>, roll_batch_min: u32) -> Result<(), Error> {
        crate::roll::check_succession(previous, self, roll_batch_min)
    }
}
