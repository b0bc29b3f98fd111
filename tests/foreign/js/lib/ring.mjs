// A vault's ring file, and what its keys say.

import { createCipheriv } from 'node:crypto'

import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { argon2id } from '@noble/hashes/argon2.js'
import { privateKeyToAddress } from 'viem/accounts'

import { ascii, bigEndian, concatBytes, frame, from0x, sha256, to0x } from './bytes.mjs'
import { hkdfKey, tag } from './primitives.mjs'

const EPOCH = bigEndian(1, 4)
const REVISION = bigEndian(2, 8)
const FORMAT = Uint8Array.of(1)
const NONE = Uint8Array.of(0)

export function ring(inputs) {
  const random = Object.fromEntries(
    Object.entries(inputs.random).map(([name, value]) => [name, from0x(value)]),
  )
  const { file, ringSecretId } = ringFile(inputs, random)
  const texts = { ringFile: file, ringSecretId, ...spoken(inputs, random), ...rows(inputs, random) }
  const issuer = hkdfKey(random['electionToken.value'], 'issuer-key', [])
  return {
    ...Object.fromEntries(Object.entries(texts).map(([name, bytes]) => [name, to0x(bytes)])),
    issuer: privateKeyToAddress(to0x(issuer)).toLowerCase(),
  }
}

// Nonce, ciphertext and tag.
function encrypt(key, nonce, aad, plaintext) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return concatBytes(nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

function ringFile(inputs, random) {
  const { installation, ringSecret, rootKey } = random
  const ringSecretId = hkdfKey(ringSecret, 'ring-secret-id', [], 16)
  const unsealing = unsealingOf(inputs, random)
  const ringKey = hkdfKey(concatBytes(unsealed(inputs, random), ringSecret), 'ring-key', [installation])
  const binding = frame('ring-root', [installation, REVISION, ringSecretId, unsealing])
  const wrapper = hkdfKey(rootKey, 'ring-wrapper', [])
  const keys = purposes(inputs).map((key) => keyEntry(inputs.now, random, wrapper, key))
  const content = concatBytes(
    ascii('symbolon-ring'),
    bigEndian(1, 2),
    installation,
    REVISION,
    ringSecretId,
    unsealing,
    encrypt(ringKey, random['rootKey.nonce'], binding, rootKey),
    bigEndian(keys.length, 4),
    ...keys,
  )
  const seal = tag(hkdfKey(rootKey, 'ring-seal-key', []), 'ring-content', [sha256(content)])
  return { file: concatBytes(content, seal), ringSecretId }
}

const unsealingOf = ({ memoryKib, passes, lanes }, { salt }) =>
  concatBytes(Uint8Array.of(1), ...[memoryKib, passes, lanes].map((cost) => bigEndian(cost, 4)), salt)

function unsealed({ passphrase, memoryKib, passes, lanes }, { installation, salt }) {
  const costs = { m: memoryKib, t: passes, p: lanes, dkLen: 32 }
  return argon2id(frame('passphrase', [installation, ascii(passphrase)]), salt, costs)
}

// The keys in the order of the file: name in `random`, and purpose.
function purposes({ portal, electionNonce }) {
  const nonce = from0x(electionNonce)
  const name = ascii(portal)
  const purpose = (tag, ...of) => concatBytes(Uint8Array.of(tag), ...of)
  return [
    ['index', purpose(0)],
    ['sealing', purpose(1)],
    ['portalDomain', purpose(2, Uint8Array.of(name.length), name)],
    ['audit', purpose(3)],
    ['electionDomain', purpose(4, nonce)],
    ['electionToken', purpose(5, nonce)],
    ['electionRequest', purpose(6, nonce)],
  ]
}

function keyEntry(now, random, wrapper, [name, purpose]) {
  const [id, nonce, value] = ['id', 'nonce', 'value'].map((part) => random[`${name}.${part}`])
  const binding = frame('ring-wrapping', [random.installation, id, purpose, EPOCH])
  const [active, time] = [Uint8Array.of(1), bigEndian(now, 8)]
  const activated = concatBytes(Uint8Array.of(1), time)
  const wrapped = encrypt(wrapper, nonce, binding, value)
  return concatBytes(id, purpose, EPOCH, active, time, activated, NONE, NONE, wrapped)
}

// What is said of a person, to portals, ballots and the audit log.
function spoken({ root, stretched, portal, lookup, subject }, random) {
  const [index, audit] = [random['index.value'], random['audit.value']]
  const domain = random['electionDomain.value']
  const person = from0x(root)
  const registrationId = tag(random['portalDomain.value'], 'pseudonym', [person])
  const blind = (purpose, fields) => concatBytes(EPOCH, tag(index, purpose, fields))
  const named = [ascii(subject.kind), from0x(subject.id)]
  const about = (key, blinding) => tag(hkdfKey(key, blinding, []), 'audit-subject', named)
  return {
    registrationId,
    voterId: tag(domain, 'pseudonym', [person]),
    requestKey: x25519.getPublicKey(hkdfKey(random['electionRequest.value'], 'request-key', [])),
    blindIndex: blind('blind-index', [from0x(stretched)]),
    registrationLookup: blind('registration-lookup', [ascii(portal), registrationId]),
    rowLookup: blind('row-lookup', [ascii(lookup.table), from0x(lookup.field)]),
    auditSubject: about(audit, 'audit-blinding-key'),
    electionSubject: about(domain, 'election-subject-key'),
    auditPublicKey: ed25519.getPublicKey(hkdfKey(audit, 'audit-checkpoint', [])),
  }
}

// Rows of the store.
function rows({ lookup, record }, random) {
  const domain = random['electionDomain.value']
  const blinding = hkdfKey(domain, 'election-blinding-key', [])
  const row = [ascii(lookup.table), from0x(lookup.field)]
  const sealing = hkdfKey(domain, 'election-sealing-key', [])
  return {
    electionRow: tag(blinding, 'election-row', row),
    sealedRecord: sealRecord(random['sealing.value'], random['sealing.id'], record),
    electionSealedRecord: sealRecord(sealing, random['electionDomain.id'], record),
  }
}

function sealRecord(key, id, record) {
  const own = from0x(record.own)
  const fields = [FORMAT, ascii(record.table), from0x(record.row), id, EPOCH]
  const [nonce, plaintext] = [from0x(record.nonce), from0x(record.plaintext)]
  const aad = frame('record-binding', fields)
  const sealed = encrypt(hkdfKey(key, 'record-key', [own]), nonce, aad, plaintext)
  return concatBytes(FORMAT, id, EPOCH, own, sealed)
}
