"""What a device derives from its seed."""

from mnemonic import Mnemonic

from . import derive, sealing, signing


def ballot_secret(bits, election):
    return derive.hkdf(bits, "device-ballot-key", [election])


def delivery_secret(bits, election):
    return derive.hkdf(bits, "device-delivery-key", [election])


def recovery_code(bits):
    return Mnemonic("english").to_mnemonic(bits)


def keys(bits, election):
    return {
        "recoveryCode": recovery_code(bits),
        "ballotKey": signing.address(ballot_secret(bits, election)),
        "deliveryKey": sealing.x25519_public(delivery_secret(bits, election)),
    }
