// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How the contract of the 2017 pilot behaved, in our own words; to hold ours against.
/// @notice One account casts every vote, nobody's signature is looked at, options are added up as
/// they come, and a call of anybody else succeeds and does nothing.
contract Baseline {
    address private immutable _owner = msg.sender;
    uint256 public immutable opens;
    uint256 public immutable closes;

    /// How often each option was chosen.
    mapping(uint256 option => uint256) public votes;
    /// Who voted, and what: one slot and more for each ballot.
    mapping(bytes32 voter => uint256[]) private _ballots;

    event Voted(bytes32 indexed voter, uint256[] options);

    constructor(uint256 from, uint256 until) {
        opens = from;
        closes = until;
    }

    /// @notice Casts a vote for a voter.
    function vote(bytes32 voter, uint256[] calldata options) external {
        if (msg.sender != _owner || block.timestamp < opens || block.timestamp > closes) return;
        if (_ballots[voter].length > 0) return;
        _ballots[voter] = options;
        for (uint256 i; i < options.length; ++i) {
            votes[options[i]] += 1;
        }
        emit Voted(voter, options);
    }
}
