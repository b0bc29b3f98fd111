// A device's keys, and HPKE.

import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import { x25519 } from '@noble/curves/ed25519.js'
import { entropyToMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { privateKeyToAddress } from 'viem/accounts'

import { concatBytes, from0x, label, to0x } from './bytes.mjs'
import { hkdfKey } from './primitives.mjs'

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
})

// The secrets and public forms of a device seed in one election.
export function deviceKeys(bits, election) {
  const secret = (purpose) => hkdfKey(bits, `device-${purpose}-key`, [election])
  const [ballotSecret, deliverySecret] = [secret('ballot'), secret('delivery')]
  return {
    ballotSecret: to0x(ballotSecret),
    deliverySecret,
    ballotKey: privateKeyToAddress(to0x(ballotSecret)).toLowerCase(),
    deliveryKey: x25519.getPublicKey(deliverySecret),
  }
}

export function device(inputs) {
  const bits = from0x(inputs.bits)
  const keys = deviceKeys(bits, from0x(inputs.election))
  return {
    recoveryCode: entropyToMnemonic(bits, wordlist),
    ballotKey: keys.ballotKey,
    deliveryKey: to0x(keys.deliveryKey),
  }
}

// Encapsulated key, then ciphertext. `ikmE` fixes the ephemeral key; without it, it is random.
export async function seal({ recipient, purpose, aad, plaintext, ikmE }) {
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.importKey('raw', recipient, true),
    info: label(purpose),
    ekm: ikmE,
  })
  const ciphertext = new Uint8Array(await sender.seal(plaintext, aad))
  return concatBytes(new Uint8Array(sender.enc), ciphertext)
}

export async function hpke(inputs) {
  const recipient = x25519.getPublicKey(from0x(inputs.recipientSecret))
  const sealed = await seal({
    recipient,
    purpose: inputs.purpose,
    aad: from0x(inputs.aad),
    plaintext: concatBytes(...inputs.plaintext.map(from0x)),
    ikmE: from0x(inputs.ikmE),
  })
  return { recipientPublic: to0x(recipient), sealed: to0x(sealed) }
}
