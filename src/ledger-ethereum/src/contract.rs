//! The contract as programs see it: its code, its calls, and what it says.

use alloy_primitives::B256;
use alloy_sol_types::{SolCall, SolEvent, SolInterface, sol};
use symbolon_election::ElectionId;

sol! {
    /// The ballot box, as far as it is called from here.
    #[derive(Debug, PartialEq, Eq)]
    interface BallotBox {
        /// A ballot of a batch is passed over.
        event Skipped(bytes32 indexed election, uint256 position, uint8 reason);

        error OtherChain();
        error Malformed();
        error InvalidManifest(string field);
        error UnknownElection();
        error AlreadyThere();
        error NotSigned();
        error RollNotNext();
        error RollFrozen();
        error RollBatchTooSmall();
        error InvalidRotation();
        error TooEarly();
        error OtherRoll();

        struct Election {
            uint64 opens;
            uint64 closes;
            uint64 lastMoment;
            uint8 maxBallots;
            uint8 threshold;
            uint32 rollBatchMin;
            uint8 stages;
            uint32 rollSize;
            uint32 rolls;
            address issuer;
            bytes32 rollRoot;
            bytes shape;
        }

        function election(bytes32 id) external view returns (Election memory known);
        function publish(bytes entry) external;
        function castBatch(bytes ballots) external returns (uint256 recorded);
        function domainSeparator() external view returns (bytes32);
    }
}

/// What the compiler gave: ABI and bytecode.
pub const ARTIFACT: &str = include_str!("../contracts/BallotBox.json");

/// The code that makes a ballot box.
pub fn bytecode() -> Vec<u8> {
    code_of(ARTIFACT).expect("the artifact beside this file, which a test reads")
}

/// The bytecode of an artifact.
pub fn code_of(artifact: &str) -> Option<Vec<u8>> {
    let artifact: serde_json::Value = serde_json::from_str(artifact).ok()?;
    crate::json::bytes(&artifact["bytecode"])
}

/// The call that publishes a statement.
pub fn publish_call(entry: &[u8]) -> Vec<u8> {
    let entry = entry.to_vec().into();
    BallotBox::publishCall { entry }.abi_encode()
}

/// The call that casts ballots, entries end to end.
pub fn cast_call(ballots: Vec<u8>) -> Vec<u8> {
    let ballots = ballots.into();
    BallotBox::castBatchCall { ballots }.abi_encode()
}

pub(crate) fn separator_call() -> Vec<u8> {
    BallotBox::domainSeparatorCall {}.abi_encode()
}

pub(crate) fn election_call(id: &ElectionId) -> Vec<u8> {
    let id = B256::from(*id.as_bytes());
    BallotBox::electionCall { id }.abi_encode()
}

/// What the contract knows of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) has_manifest: bool,
    pub(crate) has_roll: bool,
    pub(crate) opens: u64,
    pub(crate) last_moment: u64,
    pub(crate) max_ballots: u8,
    pub(crate) roll_size: u32,
}

impl Known {
    /// Reads the answer to [`election_call`].
    pub(crate) fn read(answer: &[u8]) -> Option<Self> {
        let known = BallotBox::electionCall::abi_decode_returns(answer).ok()?;
        Some(Self {
            has_manifest: known.threshold != 0,
            has_roll: known.rolls != 0,
            opens: known.opens,
            last_moment: known.lastMoment,
            max_ballots: known.maxBallots,
            roll_size: known.rollSize,
        })
    }
}

/// Whether a call reverted because it came before its time.
pub(crate) fn is_early(data: &[u8]) -> bool {
    use BallotBox::BallotBoxErrors as E;
    matches!(
        BallotBox::BallotBoxErrors::abi_decode(data),
        Ok(E::TooEarly(_))
    )
}

/// Why a call reverted, in words.
pub fn revert_reason(data: &[u8]) -> String {
    if is_undecodable(data) {
        return "not the encoding of a statement".to_owned();
    }
    match BallotBox::BallotBoxErrors::abi_decode(data) {
        Ok(error) => words(&error),
        Err(_) => "the contract reverted for a reason of its own".to_owned(),
    }
}

fn words(error: &BallotBox::BallotBoxErrors) -> String {
    use BallotBox::BallotBoxErrors as E;
    match error {
        E::OtherChain(_) => "the chain forked away",
        E::Malformed(_) => "not the one encoding of a known kind of entry",
        E::InvalidManifest(at) => return format!("Manifest.{} breaks a rule", at.field),
        E::UnknownElection(_) => "the election has no manifest here",
        E::AlreadyThere(_) => "such a statement is there already",
        E::NotSigned(_) => "not signed by enough officers, in order, and by nobody else",
        E::RollNotNext(_) => "not the roll's next statement",
        E::RollFrozen(_) => "the roll is frozen",
        E::RollBatchTooSmall(_) => "fewer places than the manifest promises",
        E::InvalidRotation(_) => "not from the issuer in force to a new one before closes",
        E::TooEarly(_) => "before its time",
        E::OtherRoll(_) => "names another roll than the last one",
    }
    .to_owned()
}

/// How Solidity's decoder refuses a length beyond all memory: `Panic(0x41)`.
const TOO_LONG: [u8; 5] = [0x4e, 0x48, 0x7b, 0x71, 0x41];

/// Whether a call reverted for what it was given being no encoding of a statement at all.
pub fn is_undecodable(data: &[u8]) -> bool {
    let panic = data.len() == 36 && [&data[..4], &data[35..]].concat() == TOO_LONG;
    data.is_empty() || panic
}

/// Why the contract passed a ballot over. The order is that of its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Its election has no manifest here.
    UnknownElection,
    /// Before opens, or after closes and grace.
    OutOfTime,
    /// The sequence isn't below maxBallots.
    Sequence,
    /// The choice doesn't fit the questions.
    Choice,
    /// Not signed by its ballot key.
    BallotSignature,
    /// The token's signature is none.
    TokenSignature,
    /// The token is no known issuer's.
    UnknownIssuer,
    /// Its place is beyond the roll.
    BeyondRoll,
}

impl Skip {
    /// Every reason, by its number.
    pub const ALL: [Self; 8] = [
        Self::UnknownElection,
        Self::OutOfTime,
        Self::Sequence,
        Self::Choice,
        Self::BallotSignature,
        Self::TokenSignature,
        Self::UnknownIssuer,
        Self::BeyondRoll,
    ];

    /// The position in the batch and the reason that a log of the contract tells.
    pub fn read(topics: &[[u8; 32]], data: &[u8]) -> Option<(u64, Self)> {
        let topics = topics.iter().map(|topic| B256::from(*topic));
        let log = BallotBox::Skipped::decode_raw_log_validate(topics, data).ok()?;
        let position = log.position.try_into().ok()?;
        Some((position, *Self::ALL.get(usize::from(log.reason))?))
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnknownElection => "its election has no manifest here",
            Self::OutOfTime => "not in time",
            Self::Sequence => "its sequence isn't below maxBallots",
            Self::Choice => "its choice doesn't fit the questions",
            Self::BallotSignature => "not signed by its ballot key",
            Self::TokenSignature => "its token isn't signed",
            Self::UnknownIssuer => "its token is no known issuer's",
            Self::BeyondRoll => "its place is beyond the roll",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Selectors of the artifact's ABI, by kind.
    fn signatures(kind: &str) -> Vec<String> {
        let artifact: serde_json::Value = serde_json::from_str(ARTIFACT).unwrap();
        let of_kind = |item: &&serde_json::Value| item["type"] == kind;
        let items = artifact["abi"].as_array().unwrap().iter().filter(of_kind);
        let signature = |item: &serde_json::Value| {
            let inputs = item["inputs"].as_array().unwrap();
            let types: Vec<_> = inputs
                .iter()
                .map(|it| it["type"].as_str().unwrap())
                .collect();
            format!("{}({})", item["name"].as_str().unwrap(), types.join(","))
        };
        items.map(signature).collect()
    }

    #[test]
    fn calls_errors_and_events_are_those_of_the_artifact() {
        let functions = signatures("function");
        for signature in [
            BallotBox::publishCall::SIGNATURE,
            BallotBox::castBatchCall::SIGNATURE,
            BallotBox::domainSeparatorCall::SIGNATURE,
            BallotBox::electionCall::SIGNATURE,
        ] {
            assert!(functions.iter().any(|it| it == signature), "{signature}");
        }
        assert_eq!(signatures("event"), [BallotBox::Skipped::SIGNATURE]);
        let mut errors = signatures("error");
        errors.sort();
        let mut known: Vec<_> = BallotBox::BallotBoxErrors::SELECTORS.to_vec();
        let mut of_artifact: Vec<[u8; 4]> = errors
            .iter()
            .map(|it| alloy_primitives::keccak256(it)[..4].try_into().unwrap())
            .collect();
        known.sort_unstable();
        of_artifact.sort_unstable();
        assert_eq!(of_artifact, known);
    }

    #[test]
    fn the_bytecode_fits_into_a_contract() {
        let size = bytecode().len();
        assert!((1_000..24_576).contains(&size), "{size}");
    }
}
