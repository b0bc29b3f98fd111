// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title secp256k1 signatures of 64 bytes (EIP-2098): `r`, then `s` with the parity on top.
library Signatures {
    /// Half of the curve's order: the greatest low s.
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// Who signed a digest; the zero address where the signature is none or has a high s.
    function recover(bytes32 digest, bytes calldata signature) internal view returns (address) {
        uint256 place;
        assembly {
            place := signature.offset
        }
        return recoverAt(digest, place);
    }

    /// The same of a signature at a place of the calldata.
    function recoverAt(bytes32 digest, uint256 place) internal view returns (address signer) {
        uint256 s;
        uint256 v;
        assembly {
            let compact := calldataload(add(place, 32))
            s := shr(1, shl(1, compact))
            v := add(27, shr(255, compact))
        }
        if (s > HALF_ORDER) return address(0);
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, digest)
            mstore(add(input, 32), v)
            calldatacopy(add(input, 64), place, 32)
            mstore(add(input, 96), s)
            // What recovers to nobody returns nothing: the word stays zero.
            mstore(0, 0)
            pop(staticcall(gas(), 1, input, 128, 0, 32))
            signer := mload(0)
        }
    }
}
