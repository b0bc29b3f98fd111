// Which function recomputes which kind of item.

import { device, hpke } from './device.mjs'
import { ballotEntry, choice, statementEntry } from './entries.mjs'
import { content, issuedList, jsonFile } from './files.mjs'
import { bundle, layout } from './layout.mjs'
import { checkpoint, ed25519 } from './notes.mjs'
import { argon2id, frame, hkdf, hmac, matchKey, ruleId, secp256k1, x25519 } from './primitives.mjs'
import { ring } from './ring.mjs'
import { domain, signatureFile, typed } from './structs.mjs'
import { tally } from './tally.mjs'
import { tree } from './tree.mjs'

export const kinds = {
  frame,
  hmac,
  hkdf,
  argon2id,
  secp256k1,
  x25519,
  ed25519,
  ruleId,
  matchKey,
  ring,
  device,
  hpke,
  domain,
  typed,
  signatureFile,
  choice,
  statementEntry,
  ballotEntry,
  issuedList,
  trustFile: jsonFile,
  ledgerKeys: jsonFile,
  content,
  receiptFile: jsonFile,
  complaintFile: jsonFile,
  tally,
  tree,
  bundle,
  checkpoint,
  layout,
}
