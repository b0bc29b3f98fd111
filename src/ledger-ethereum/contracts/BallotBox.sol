// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cancelled, Certified, Close, IssuerRotation, Manifest, RollStatement, Typed} from "./Statements.sol";
import {Signatures} from "./Signatures.sol";

/// @title A public ledger of elections that trusts nobody, not even who sends its ballots.
/// @notice Anybody may submit anything; what counts is who signed it. Officers' statements and
/// voters' ballots come as the packed entries of the protocol, and each entry that holds becomes
/// a log of this contract without topics whose data is the entry, byte for byte. Logs with topics
/// say why a ballot was passed over. The contract keeps no state per ballot: the same ballot again
/// costs its sender gas and changes nothing, since readers rank. There is no owner, no pause and
/// no upgrade.
contract BallotBox {
    /// Why a ballot was passed over. The order of the checks is the order of these names.
    enum Reason {
        UnknownElection,
        OutOfTime,
        Sequence,
        Choice,
        BallotSignature,
        TokenSignature,
        UnknownIssuer,
        BeyondRoll
    }

    /// A ballot of a batch is passed over; `position` counts the batch's ballots from 0.
    event Skipped(bytes32 indexed election, uint256 position, Reason reason);

    /// The chain has another number than when the contract was made: it forked away.
    error OtherChain();
    /// No entry of any known kind, or not its one encoding.
    error Malformed();
    /// The statement's election has no manifest here.
    error UnknownElection();
    /// The statement was taken before, or one that it would contradict.
    error AlreadyThere();
    /// Not enough officers signed, a stranger did, or not in ascending order of their addresses.
    error NotSigned();
    /// A roll statement that doesn't come next.
    error RollNotNext();
    /// A roll that may not grow any more.
    error RollFrozen();
    /// An addition of fewer places than the manifest promises.
    error RollBatchTooSmall();
    /// A rotation from an issuer not in force, to one used before, or after closes.
    error InvalidRotation();
    /// A statement before its time.
    error TooEarly();
    /// Close names another roll than the last one.
    error OtherRoll();

    /// What of an election's statements decides about later entries.
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

    uint8 private constant CLOSED = 1;
    uint8 private constant CERTIFIED = 2;
    uint8 private constant CANCELLED = 4;

    /// Readers take no longer entries.
    uint256 private constant MAX_ENTRY = type(uint16).max;

    uint8 private constant BALLOT = 0x10;
    /// A ballot's bytes before its choice, and its two signatures behind it.
    uint256 private constant BEFORE_CHOICE = 92;
    uint256 private constant SIGNATURES = 128;

    uint256 private immutable _chain = block.chainid;
    bytes32 private immutable _separator = Typed.separator(block.chainid, address(this));

    mapping(bytes32 election => Election) private _elections;
    mapping(bytes32 election => mapping(address => bool)) private _officers;
    /// Issuers stay known: earlier tokens go on counting.
    mapping(bytes32 election => mapping(address => bool)) private _issuers;

    /// @notice The EIP-712 domain separator of everything that is signed for this contract.
    function domainSeparator() external view returns (bytes32) {
        return _separator;
    }

    /// @notice What the contract knows of an election; all zeros where it has no manifest.
    function election(bytes32 id) external view returns (Election memory) {
        return _elections[id];
    }

    /// @notice Whether tokens of this issuer count in an election.
    function isIssuer(bytes32 id, address issuer) external view returns (bool) {
        return _issuers[id][issuer];
    }

    // ---- Officers' statements ----

    /// @notice Takes one statement: `tag ‖ signature count ‖ abi.encode(struct) ‖ signatures`.
    /// Reverts where it doesn't hold; without data where it can't even be decoded.
    function publish(bytes calldata entry) external {
        if (block.chainid != _chain) revert OtherChain();
        if (entry.length < 2 || entry.length > MAX_ENTRY) revert Malformed();
        uint256 signatures = uint256(uint8(entry[1])) * 64;
        if (entry.length < 2 + signatures) revert Malformed();
        bytes calldata body = entry[2:entry.length - signatures];
        bytes calldata signed = entry[entry.length - signatures:];
        uint8 tag = uint8(entry[0]);
        if (tag == 0x01) _manifest(body, signed);
        else if (tag == 0x02) _roll(body, signed);
        else if (tag == 0x03) _rotation(body, signed);
        else if (tag == 0x04) _close(body, signed);
        else if (tag == 0x05) _certified(body, signed);
        else if (tag == 0x06) _cancelled(body, signed);
        else revert Malformed();
        bytes memory data = entry;
        assembly ("memory-safe") {
            log0(add(data, 32), mload(data))
        }
    }

    function _manifest(bytes calldata body, bytes calldata signed) private {
        Manifest memory manifest = abi.decode(body, (Manifest));
        _canonical(body, abi.encode(manifest));
        uint64 lastMoment = Typed.check(manifest);
        bytes32 digest = _digest(Typed.hash(manifest, body));
        Election storage known = _elections[digest];
        bool there = known.threshold != 0;
        for (uint256 i; i < manifest.officers.length; ++i) {
            _officers[digest][manifest.officers[i]] = true;
        }
        known.opens = manifest.opens;
        known.closes = manifest.closes;
        known.lastMoment = lastMoment;
        known.maxBallots = manifest.maxBallots;
        known.threshold = manifest.threshold;
        known.rollBatchMin = manifest.rollBatchMin;
        known.issuer = manifest.issuer;
        known.shape = manifest.shape;
        _issuers[digest][manifest.issuer] = true;
        _signed(digest, digest, signed, manifest.threshold);
        if (there) revert AlreadyThere();
    }

    function _roll(bytes calldata body, bytes calldata signed) private {
        RollStatement memory roll = abi.decode(body, (RollStatement));
        _canonical(body, abi.encode(roll));
        Election storage known = _check(roll.election, Typed.hash(Typed.ROLL_STATEMENT, body), signed);
        if (known.stages & CLOSED != 0) revert RollFrozen();
        if (roll.sequence != known.rolls) revert RollNotNext();
        if (roll.sequence > 0) {
            if (roll.size < known.rollSize) revert RollNotNext();
            if (known.rollBatchMin == 0) revert RollFrozen();
            if (roll.size - known.rollSize < known.rollBatchMin) revert RollBatchTooSmall();
        }
        known.rolls = roll.sequence + 1;
        known.rollSize = roll.size;
        known.rollRoot = roll.root;
    }

    function _rotation(bytes calldata body, bytes calldata signed) private {
        IssuerRotation memory rotation = abi.decode(body, (IssuerRotation));
        _canonical(body, abi.encode(rotation));
        Election storage known =
            _check(rotation.election, Typed.hash(Typed.ISSUER_ROTATION, body), signed);
        mapping(address => bool) storage issuers = _issuers[rotation.election];
        if (
            block.timestamp > known.closes || rotation.current != known.issuer
                || rotation.next == address(0) || issuers[rotation.next]
        ) revert InvalidRotation();
        known.issuer = rotation.next;
        issuers[rotation.next] = true;
    }

    function _close(bytes calldata body, bytes calldata signed) private {
        Close memory close = abi.decode(body, (Close));
        _canonical(body, abi.encode(close));
        Election storage known = _check(close.election, Typed.hash(Typed.CLOSE, body), signed);
        if (block.timestamp <= known.closes) revert TooEarly();
        _stage(known, CLOSED);
        if (known.rolls == 0 || close.rollSize != known.rollSize || close.rollRoot != known.rollRoot)
        {
            revert OtherRoll();
        }
    }

    function _certified(bytes calldata body, bytes calldata signed) private {
        Certified memory certified = abi.decode(body, (Certified));
        _canonical(body, abi.encode(certified));
        Election storage known =
            _check(certified.election, Typed.hash(Typed.CERTIFIED, body), signed);
        if (block.timestamp <= known.lastMoment || known.stages & CLOSED == 0) revert TooEarly();
        _stage(known, CERTIFIED);
    }

    function _cancelled(bytes calldata body, bytes calldata signed) private {
        Cancelled memory cancelled = abi.decode(body, (Cancelled));
        _canonical(body, abi.encode(cancelled));
        _stage(_check(cancelled.election, Typed.hash(Typed.CANCELLED, body), signed), CANCELLED);
    }

    /// The election of a statement that enough of its officers signed.
    function _check(bytes32 id, bytes32 structHash, bytes calldata signed)
        private
        view
        returns (Election storage known)
    {
        known = _elections[id];
        if (known.threshold == 0) revert UnknownElection();
        _signed(id, _digest(structHash), signed, known.threshold);
    }

    /// Each statement of these kinds is there once: the first one counts.
    function _stage(Election storage known, uint8 stage) private {
        if (known.stages & stage != 0) revert AlreadyThere();
        known.stages |= stage;
    }

    function _signed(bytes32 id, bytes32 digest, bytes calldata signed, uint8 threshold)
        private
        view
    {
        uint256 count = signed.length / 64;
        if (count < threshold) revert NotSigned();
        address last;
        for (uint256 i; i < count; ++i) {
            address signer = Signatures.recover(digest, signed[i * 64:i * 64 + 64]);
            if (signer <= last || !_officers[id][signer]) revert NotSigned();
            last = signer;
        }
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _separator, structHash));
    }

    /// Solidity's decoder takes bytes behind the struct and other offsets: one encoding counts.
    function _canonical(bytes calldata body, bytes memory encoded) private pure {
        if (keccak256(body) != keccak256(encoded)) revert Malformed();
    }

    // ---- Ballots ----

    /// What is read once for all ballots of an election that stand together in a batch.
    struct Terms {
        bytes32 election;
        /// No ballot counts at this time; also where the election isn't known.
        bool closed;
        bool known;
        uint256 maxBallots;
        uint256 rollSize;
        bytes shape;
        /// The issuer of the ballot before, known to be one.
        address issuer;
    }

    /// @notice Takes a batch of ballots, entries end to end. A ballot that doesn't hold is passed
    /// over with a [`Skipped`] log; the rest counts. Reverts only where the bytes aren't whole
    /// ballots: then nobody could tell where the next one begins.
    /// @return recorded How many hold.
    function castBatch(bytes calldata ballots) external returns (uint256 recorded) {
        if (block.chainid != _chain) revert OtherChain();
        Terms memory terms;
        uint256 room = _room();
        uint256 entry;
        uint256 end;
        assembly {
            entry := ballots.offset
            end := add(entry, ballots.length)
        }
        // Places of the calldata and counts of what stands there overflow nowhere.
        unchecked {
            for (uint256 position; entry < end; ++position) {
                uint256 size = _frame(entry, end);
                bytes32 id;
                assembly {
                    id := calldataload(add(entry, 1))
                }
                if (id != terms.election) _read(terms, id);
                uint256 reason = _judge(terms, room, entry, size - BEFORE_CHOICE - SIGNATURES);
                if (reason == HOLDS) {
                    assembly ("memory-safe") {
                        let data := mload(0x40)
                        calldatacopy(data, entry, size)
                        log0(data, size)
                    }
                    ++recorded;
                } else {
                    emit Skipped(id, position, Reason(reason));
                }
                entry += size;
            }
        }
    }

    uint256 private constant HOLDS = type(uint256).max;

    /// The length of the ballot at a place of the calldata.
    function _frame(uint256 entry, uint256 end) private pure returns (uint256 size) {
        uint256 tag;
        address key;
        assembly {
            tag := byte(0, calldataload(entry))
            key := shr(96, calldataload(add(entry, 69)))
            size := add(220, shr(240, calldataload(add(entry, 90))))
        }
        unchecked {
            if (tag != BALLOT || key == address(0) || entry + size > end) revert Malformed();
        }
    }

    function _read(Terms memory terms, bytes32 id) private view {
        Election storage known = _elections[id];
        terms.election = id;
        terms.known = known.threshold != 0;
        terms.closed = block.timestamp < known.opens || block.timestamp > known.lastMoment;
        terms.maxBallots = known.maxBallots;
        terms.rollSize = known.rollSize;
        terms.shape = known.shape;
        terms.issuer = address(0);
    }

    /// Why the ballot at a place of the calldata doesn't hold, if it doesn't.
    function _judge(Terms memory terms, uint256 room, uint256 entry, uint256 length)
        private
        view
        returns (uint256)
    {
        if (!terms.known) return uint256(Reason.UnknownElection);
        if (terms.closed) return uint256(Reason.OutOfTime);
        uint256 sequence;
        uint256 place;
        address key;
        assembly {
            place := shr(224, calldataload(add(entry, 65)))
            let word := calldataload(add(entry, 69))
            key := shr(96, word)
            sequence := byte(20, word)
        }
        if (sequence >= terms.maxBallots) return uint256(Reason.Sequence);
        uint256 signatures;
        unchecked {
            if (!_fits(terms.shape, entry + BEFORE_CHOICE, length)) return uint256(Reason.Choice);
            signatures = entry + BEFORE_CHOICE + length;
        }
        bytes32 digest = _ballotDigest(room, entry, length, sequence);
        unchecked {
            if (Signatures.recoverAt(digest, signatures + 64) != key) {
                return uint256(Reason.BallotSignature);
            }
        }
        address issuer = Signatures.recoverAt(_tokenDigest(room, place, key), signatures);
        if (issuer == address(0)) return uint256(Reason.TokenSignature);
        if (issuer != terms.issuer) {
            if (!_issuers[terms.election][issuer]) return uint256(Reason.UnknownIssuer);
            terms.issuer = issuer;
        }
        return place < terms.rollSize ? HOLDS : uint256(Reason.BeyondRoll);
    }

    /// Whether a choice fits the questions: for each a count and ascending option numbers.
    function _fits(bytes memory shape, uint256 choice, uint256 length) private pure returns (bool) {
        uint256 end = choice + length;
        uint256 questions;
        uint256 last;
        assembly ("memory-safe") {
            questions := add(shape, 32)
            last := add(questions, mload(shape))
        }
        unchecked {
            for (; questions < last; questions += 3) {
                if (choice >= end) return false;
                uint256 options;
                uint256 least;
                uint256 most;
                uint256 count;
                assembly ("memory-safe") {
                    let question := mload(questions)
                    options := byte(0, question)
                    least := byte(1, question)
                    most := byte(2, question)
                    count := byte(0, calldataload(choice))
                }
                ++choice;
                if (count < least || count > most || choice + count > end) return false;
                bool ascending = true;
                assembly ("memory-safe") {
                    let before := 0
                    for { let behind := add(choice, count) } lt(choice, behind) {
                        choice := add(choice, 1)
                    } {
                        let option := byte(0, calldataload(choice))
                        ascending := and(ascending, gt(option, before))
                        before := option
                    }
                    // The last one is the greatest.
                    ascending := and(ascending, iszero(gt(before, options)))
                }
                if (!ascending) return false;
            }
        }
        return choice == end;
    }

    /// A piece of memory: `0x1901 ‖ separator ‖ struct hash`, then room for a struct.
    function _room() private view returns (uint256 room) {
        bytes32 separator = _separator;
        assembly ("memory-safe") {
            room := mload(0x40)
            mstore(0x40, add(room, 288))
            mstore(room, shl(240, 0x1901))
            mstore(add(room, 2), separator)
        }
    }

    function _ballotDigest(uint256 room, uint256 entry, uint256 length, uint256 sequence)
        private
        pure
        returns (bytes32 digest)
    {
        bytes32 typeHash = Typed.BALLOT;
        assembly ("memory-safe") {
            let words := add(room, 96)
            let free := mload(0x40)
            calldatacopy(free, add(entry, 92), length)
            mstore(words, typeHash)
            calldatacopy(add(words, 32), add(entry, 1), 64)
            mstore(add(words, 96), keccak256(free, length))
            mstore(add(words, 128), sequence)
            mstore(add(room, 34), keccak256(words, 160))
            digest := keccak256(room, 66)
        }
    }

    /// Of the election and voter ID that the ballot's digest left in the room.
    function _tokenDigest(uint256 room, uint256 place, address key)
        private
        pure
        returns (bytes32 digest)
    {
        bytes32 typeHash = Typed.VOTING_TOKEN;
        assembly ("memory-safe") {
            let words := add(room, 96)
            mstore(words, typeHash)
            mstore(add(words, 96), place)
            mstore(add(words, 128), key)
            mstore(add(room, 34), keccak256(words, 160))
            digest := keccak256(room, 66)
        }
    }
}
