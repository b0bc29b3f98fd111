// Signatures of digests, and of typed data as wallets give them.

import {
  concat,
  hashTypedData,
  hexToBigInt,
  numberToHex,
  parseCompactSignature,
  compactSignatureToSignature,
} from 'viem'

import { from0x } from '../lib/bytes.mjs'
import { digestOf, request, signDigest } from '../lib/structs.mjs'
import { alter } from './cases.mjs'
import * as random from './random.mjs'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export async function signatures(cases) {
  for (let at = 0; at < 4; at += 1) {
    const [digest, { secret, address }] = [random.hex(32), random.key()]
    const bytes = from0x(await signDigest(digest, secret))
    const others = { digest: alter(digest), signer: random.key().address }
    cases.accept(`signature ${at}`, 'signature', { digest, signer: address }, bytes, { others })
  }
}

export async function typedData(cases, election, other) {
  for (const [at, [type, message]] of messages(election).entries()) {
    const { secret, address } = random.key()
    const signature = await signDigest(digestOf(type, message, election.domain), secret)
    const forms = wallet(signature)
    // One of the forms each; all of them for the first.
    for (const [form, bytes] of at === 0 ? forms : [forms[at % forms.length]]) {
      const inputs = { typedData: text(request(type, message, election.domain)), signer: address }
      cases.accept(`${type} as ${form}`, 'typedData', inputs, from0x(bytes), {
        others: {
          typedData: text(request(type, message, other.domain)),
          signer: random.key().address,
        },
        forged: { 'high s': from0x(highS(signature)) },
      })
    }
  }
  await numbers(cases, election)
  await foreign(cases, election)
}

// As a wallet's user would paste it: members in the order of EIP-712, not in RFC 8785's.
const text = (asked) => JSON.stringify(asked, null, 2)

// Its forms: 64 bytes, and r, s, v with both ways of counting v.
function wallet(signature) {
  const { r, s, yParity } = compactSignatureToSignature(parseCompactSignature(signature))
  const withV = (v) => concat([r, s, numberToHex(v, { size: 1 })])
  return [
    ['64 bytes', signature],
    ['r, s, v from 27', withV(27 + yParity)],
    ['r, s, v from 0', withV(yParity)],
  ]
}

function highS(signature) {
  const { r, s, yParity } = compactSignatureToSignature(parseCompactSignature(signature))
  const high = numberToHex(ORDER - hexToBigInt(s), { size: 32 })
  return concat([r, high, numberToHex(28 - yParity, { size: 1 })])
}

// A message for each struct.
function messages({ manifest, id }) {
  const hash = () => random.hex(32)
  const address = () => random.key().address
  const uint32 = () => random.below(2 ** 32)
  const time = () => random.below(2 ** 47)
  return [
    ['Manifest', manifest],
    ['RollStatement', { election: id, sequence: uint32(), size: uint32(), root: hash() }],
    ['IssueRequest', { election: id, deliveryKey: hash() }],
    ['VotingToken', { election: id, voterId: hash(), rollIndex: uint32(), ballotKey: address() }],
    ['Ballot', { election: id, voterId: hash(), choice: random.hex(40), sequence: random.below(256) }],
    ['Receipt', { election: id, ballotDigest: hash(), includeBy: time() }],
    ['IssuerRotation', { election: id, current: address(), next: address() }],
    ['Close', { election: id, rollSize: uint32(), rollRoot: hash(), issued: hash() }],
    ['Certified', { election: id, ledgerSize: time(), ledgerHead: hash(), tallyHash: hash() }],
    ['Cancelled', { election: id }],
    ['Proposal', { installation: hash(), nonce: hash(), expires: time(), contentHash: hash() }],
    ['Verdict', { installation: hash(), ticket: hash(), same: random.below(2) === 1 }],
  ]
}

// Beyond 2⁵³ − 1 numbers are decimal texts in JSON; up to there they are numbers.
async function numbers(cases, { domain, id }) {
  const { secret, address } = random.key()
  for (const includeBy of [2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]) {
    const message = { election: id, ballotDigest: random.hex(32), includeBy }
    const bytes = from0x(await signDigest(digestOf('Receipt', message, domain), secret))
    const write = (includeBy) => text(request('Receipt', { ...message, includeBy }, domain))
    const exact = includeBy < 2n ** 53n
    const inputs = {
      typedData: write(exact ? Number(includeBy) : String(includeBy)),
      signer: address,
    }
    const others = { typedData: write(exact ? String(includeBy) : String(includeBy - 1n)) }
    cases.accept(`Receipt until ${includeBy}`, 'typedData', inputs, bytes, { others })
  }
}

// Well signed, but of another domain name, version, struct or form.
async function foreign(cases, { domain, id }) {
  const asked = request('Cancelled', { election: id }, domain)
  const renamed = { ...asked.types, Cancelled: [{ name: 'ballot', type: 'bytes32' }] }
  const flaws = {
    name: { ...asked, domain: { ...asked.domain, name: 'symbolon' } },
    version: { ...asked, domain: { ...asked.domain, version: '2' } },
    fields: { ...asked, types: renamed, message: { ballot: id } },
    more: { ...asked, message: { ...asked.message, extra: 1 } },
  }
  for (const [flaw, wrong] of Object.entries(flaws)) {
    const { secret, address } = random.key()
    const bytes = from0x(await signDigest(hashTypedData(wrong), secret))
    cases.refuse(`foreign ${flaw}`, 'typedData', { typedData: text(wrong), signer: address }, bytes)
  }
}
