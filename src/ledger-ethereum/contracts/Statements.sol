// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

struct Manifest {
    bytes32 nonce;
    bytes32 contentHash;
    bytes shape;
    uint64 opens;
    uint64 closes;
    uint64 grace;
    uint64 forgetAfter;
    uint8 maxBallots;
    uint32 rollBatchMin;
    uint16 ballotBatchMin;
    uint8 custody;
    uint8 anonymity;
    uint8 results;
    bytes32 tallyKey;
    address[] officers;
    uint8 threshold;
    address issuer;
    bytes32 requestKey;
    address[] gateways;
    bytes32 ledgerKeys;
    uint8 payload;
}

struct RollStatement {
    bytes32 election;
    uint32 sequence;
    uint32 size;
    bytes32 root;
}

struct IssuerRotation {
    bytes32 election;
    address current;
    address next;
}

struct Close {
    bytes32 election;
    uint32 rollSize;
    bytes32 rollRoot;
    bytes32 issued;
}

struct Certified {
    bytes32 election;
    uint64 ledgerSize;
    bytes32 ledgerHead;
    bytes32 tallyHash;
}

struct Cancelled {
    bytes32 election;
}

/// @title EIP-712: types, struct hashes, and the rules of a manifest's fields.
library Typed {
    /// A field of a manifest breaks a rule, or has a value that isn't built.
    error InvalidManifest(string field);

    bytes32 internal constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 internal constant MANIFEST = keccak256(
        "Manifest(bytes32 nonce,bytes32 contentHash,bytes shape,uint64 opens,uint64 closes,uint64 grace,uint64 forgetAfter,uint8 maxBallots,uint32 rollBatchMin,uint16 ballotBatchMin,uint8 custody,uint8 anonymity,uint8 results,bytes32 tallyKey,address[] officers,uint8 threshold,address issuer,bytes32 requestKey,address[] gateways,bytes32 ledgerKeys,uint8 payload)"
    );
    bytes32 internal constant ROLL_STATEMENT =
        keccak256("RollStatement(bytes32 election,uint32 sequence,uint32 size,bytes32 root)");
    bytes32 internal constant ISSUER_ROTATION =
        keccak256("IssuerRotation(bytes32 election,address current,address next)");
    bytes32 internal constant CLOSE =
        keccak256("Close(bytes32 election,uint32 rollSize,bytes32 rollRoot,bytes32 issued)");
    bytes32 internal constant CERTIFIED = keccak256(
        "Certified(bytes32 election,uint64 ledgerSize,bytes32 ledgerHead,bytes32 tallyHash)"
    );
    bytes32 internal constant CANCELLED = keccak256("Cancelled(bytes32 election)");
    bytes32 internal constant VOTING_TOKEN = keccak256(
        "VotingToken(bytes32 election,bytes32 voterId,uint32 rollIndex,address ballotKey)"
    );
    bytes32 internal constant BALLOT =
        keccak256("Ballot(bytes32 election,bytes32 voterId,bytes choice,uint8 sequence)");

    uint256 private constant WORDS = 21;
    uint256 private constant SHAPE = 2;
    uint256 private constant OFFICERS = 14;
    uint256 private constant GATEWAYS = 18;

    function separator(uint256 chain, address verifier) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN, keccak256("Symbolon"), keccak256("1"), chain, verifier)
        );
    }

    /// The struct hash of a statement without dynamic fields: its ABI words as they are.
    function hash(bytes32 typeHash, bytes calldata body) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(typeHash, body));
    }

    /// The struct hash of a manifest. Its words are those of its canonical ABI encoding, with
    /// hashes where that has offsets.
    function hash(Manifest memory manifest, bytes calldata body) internal pure returns (bytes32) {
        bytes memory words = abi.encodePacked(MANIFEST, body[32:32 + 32 * WORDS]);
        _put(words, SHAPE, keccak256(manifest.shape));
        _put(words, OFFICERS, keccak256(abi.encodePacked(manifest.officers)));
        _put(words, GATEWAYS, keccak256(abi.encodePacked(manifest.gateways)));
        return keccak256(words);
    }

    function _put(bytes memory words, uint256 field, bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(add(words, add(64, mul(32, field))), word)
        }
    }

    /// Checks every rule that a manifest alone can break; until when ballots are taken.
    function check(Manifest memory manifest) internal pure returns (uint64 lastMoment) {
        _checkShape(manifest.shape);
        if (manifest.opens >= manifest.closes) revert InvalidManifest("closes");
        if (manifest.grace > type(uint64).max - manifest.closes) revert InvalidManifest("grace");
        lastMoment = manifest.closes + manifest.grace;
        if (manifest.forgetAfter <= lastMoment) revert InvalidManifest("forgetAfter");
        _checkAscending(manifest.officers, "officers");
        if (manifest.threshold == 0 || manifest.threshold > manifest.officers.length) {
            revert InvalidManifest("threshold");
        }
        if (manifest.issuer == address(0)) revert InvalidManifest("issuer");
        _checkAscending(manifest.gateways, "gateways");
        if (manifest.maxBallots == 0) revert InvalidManifest("maxBallots");
        if (manifest.anonymity != 0) revert InvalidManifest("anonymity");
        if (manifest.results != 0) revert InvalidManifest("results");
        if (manifest.payload != 0) revert InvalidManifest("payload");
        if (manifest.custody > 1) revert InvalidManifest("custody");
    }

    /// Three bytes a question: options, least, most; 1 to 32 questions.
    function _checkShape(bytes memory shape) private pure {
        if (shape.length == 0 || shape.length > 96 || shape.length % 3 != 0) {
            revert InvalidManifest("shape");
        }
        for (uint256 i; i < shape.length; i += 3) {
            if (shape[i] == 0 || shape[i + 1] > shape[i + 2] || shape[i + 2] > shape[i]) {
                revert InvalidManifest("shape");
            }
        }
    }

    /// Strictly ascending, so none is zero or stands twice.
    function _checkAscending(address[] memory list, string memory field) private pure {
        address last;
        for (uint256 i; i < list.length; ++i) {
            if (list[i] <= last) revert InvalidManifest(field);
            last = list[i];
        }
    }
}
