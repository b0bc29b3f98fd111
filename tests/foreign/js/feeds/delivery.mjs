// Sealed requests and sealed tokens.

import { x25519 } from '@noble/curves/ed25519.js'

import { bigEndian, concatBytes, from0x, to0x } from '../lib/bytes.mjs'
import { seal } from '../lib/device.mjs'
import { alter } from './cases.mjs'
import * as random from './random.mjs'

const ROUNDS = 3

export async function issueRequests(cases, election, other) {
  for (let at = 0; at < ROUNDS; at += 1) {
    const device = election.device()
    const inputs = {
      domain: election.domain,
      election: election.id,
      requestSecret: to0x(election.requestSecret),
      ballotKey: device.ballotKey,
      deliveryKey: to0x(device.deliveryKey),
    }
    cases.accept(`request ${at}`, 'issueRequest', inputs, await sealedRequest(election, device), {
      others: {
        domain: other.domain,
        election: other.id,
        requestSecret: to0x(other.requestSecret),
        ballotKey: random.key().address,
        deliveryKey: alter(inputs.deliveryKey),
      },
      forged: {
        'for another purpose': await sealedRequest(election, device, { purpose: 'voting-token' }),
        'bound to another election': await sealedRequest(election, device, { aad: other.id }),
        'signed for another election': await sealedRequest(election, device, { signed: other.id }),
        'a byte longer': await sealedRequest(election, device, { more: Uint8Array.of(0) }),
      },
    })
  }
}

async function sealedRequest(election, device, how = {}) {
  const { purpose = 'issue-request', aad = election.id, signed = election.id, more } = how
  const request = { election: signed, deliveryKey: to0x(device.deliveryKey) }
  const signature = await election.sign('IssueRequest', request, device.ballotSecret)
  return seal({
    recipient: x25519.getPublicKey(election.requestSecret),
    purpose,
    aad: from0x(aad),
    plaintext: concatBytes(device.deliveryKey, from0x(signature), more ?? new Uint8Array()),
  })
}

export async function tokens(cases, election, other) {
  for (let at = 0; at < ROUNDS; at += 1) {
    const device = election.device()
    const { bits, voterId, rollIndex } = device
    const { trustFile, entry } = election
    const inputs = { trustFile, manifest: to0x(entry), bits: to0x(bits), voterId, rollIndex }
    cases.accept(`token ${at}`, 'token', inputs, await sealedToken(election, device), {
      others: {
        trustFile: other.trustFile,
        manifest: to0x(other.entry),
        bits: alter(inputs.bits),
        voterId: alter(voterId),
        rollIndex: (rollIndex + 1) % 2 ** 32,
      },
      forged: {
        "a stranger's": await sealedToken(election, device, { secret: random.key().secret }),
        "another key's": await sealedToken(election, device, { ballotKey: random.key().address }),
        'for another purpose': await sealedToken(election, device, {}, 'issue-request'),
      },
    })
  }
}

async function sealedToken(election, device, how = {}, purpose = 'voting-token') {
  const signature = await election.token(device, how)
  const place = [from0x(device.voterId), bigEndian(device.rollIndex, 4)]
  return seal({
    recipient: device.deliveryKey,
    purpose,
    aad: from0x(election.id),
    plaintext: concatBytes(...place, from0x(signature)),
  })
}
