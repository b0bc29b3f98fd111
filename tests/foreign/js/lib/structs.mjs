// The structs of the protocol: EIP-712, ABI and signatures.

import * as TypedData from 'ox/TypedData'
import {
  compactSignatureToSignature,
  encodeAbiParameters,
  hashDomain,
  hashStruct,
  hashTypedData,
  keccak256,
  parseCompactSignature,
  recoverAddress,
  serializeCompactSignature,
  serializeSignature,
  signatureToCompactSignature,
} from 'viem'
import { privateKeyToAddress, sign } from 'viem/accounts'

import { ascii, file, json } from './bytes.mjs'

const parse = (fields) =>
  fields.split(',').map((field) => {
    const [type, name] = field.split(' ')
    return { name, type }
  })

const DOMAIN = parse('string name,string version,uint256 chainId,address verifyingContract')

const MANIFEST =
  'bytes32 nonce,bytes32 contentHash,bytes shape,uint64 opens,uint64 closes,uint64 grace,' +
  'uint64 forgetAfter,uint8 maxBallots,uint32 rollBatchMin,uint16 ballotBatchMin,uint8 custody,' +
  'uint8 anonymity,uint8 results,bytes32 tallyKey,address[] officers,uint8 threshold,' +
  'address issuer,bytes32 requestKey,address[] gateways,bytes32 ledgerKeys,uint8 payload'

const STRUCTS = {
  Manifest: parse(MANIFEST),
  RollStatement: parse('bytes32 election,uint32 sequence,uint32 size,bytes32 root'),
  IssueRequest: parse('bytes32 election,bytes32 deliveryKey'),
  VotingToken: parse('bytes32 election,bytes32 voterId,uint32 rollIndex,address ballotKey'),
  Ballot: parse('bytes32 election,bytes32 voterId,bytes choice,uint8 sequence'),
  Receipt: parse('bytes32 election,bytes32 ballotDigest,uint64 includeBy'),
  IssuerRotation: parse('bytes32 election,address current,address next'),
  Close: parse('bytes32 election,uint32 rollSize,bytes32 rollRoot,bytes32 issued'),
  Certified: parse('bytes32 election,uint64 ledgerSize,bytes32 ledgerHead,bytes32 tallyHash'),
  Cancelled: parse('bytes32 election'),
  Proposal: parse('bytes32 installation,bytes32 nonce,uint64 expires,bytes32 contentHash'),
  Verdict: parse('bytes32 installation,bytes32 ticket,bool same'),
}

export const structNames = Object.keys(STRUCTS)

// The domain of a log: chain 0 and the end of its origin's hash.
export const logDomain = (origin) => ({
  chainId: 0,
  verifyingContract: `0x${keccak256(ascii(origin)).slice(-40)}`,
})

const named = ({ chainId, verifyingContract }) => ({
  name: 'Symbolon',
  version: '1',
  chainId,
  verifyingContract,
})

export function domain({ origin, chainId, verifyingContract }) {
  const parts = origin === undefined ? { chainId, verifyingContract } : logDomain(origin)
  const types = { EIP712Domain: DOMAIN }
  return { ...parts, separator: hashDomain({ domain: named(parts), types }) }
}

// An `eth_signTypedData_v4` request, as an object.
export const request = (type, message, domain) => ({
  types: { EIP712Domain: DOMAIN, [type]: STRUCTS[type] },
  primaryType: type,
  domain: named(domain),
  message,
})

export const digestOf = (type, message, domain) => hashTypedData(request(type, message, domain))

// EIP-2098: 64 bytes.
export async function signDigest(digest, privateKey) {
  const signature = await sign({ hash: digest, privateKey })
  return serializeCompactSignature(signatureToCompactSignature(signature))
}

// One signature of each secret, in ascending order of the addresses.
export async function signatures(digest, secrets) {
  const address = (secret) => BigInt(privateKeyToAddress(secret))
  const ascending = [...secrets].sort((a, b) => (address(a) < address(b) ? -1 : 1))
  return Promise.all(ascending.map((secret) => signDigest(digest, secret)))
}

export const abiParameters = (type) => [{ type: 'tuple', components: STRUCTS[type] }]

export const abiOf = (type, message) => encodeAbiParameters(abiParameters(type), [message])

export async function typed({ type, message, domain, signers }) {
  const asked = request(type, message, domain)
  const digest = hashTypedData(asked)
  return {
    encodeType: TypedData.encodeType({ types: asked.types, primaryType: type }),
    hashStruct: hashStruct({ data: message, primaryType: type, types: asked.types }),
    digest,
    abi: abiOf(type, message),
    typedData: json(asked),
    signatures: await signatures(digest, signers),
  }
}

export async function signatureFile({ typedData, signature }) {
  const asked = JSON.parse(typedData)
  const digest = hashTypedData(asked)
  const full = serializeSignature(compactSignatureToSignature(parseCompactSignature(signature)))
  const signer = (await recoverAddress({ hash: digest, signature: full })).toLowerCase()
  return file(json({ statement: asked.primaryType, digest, signer, signature }))
}
