// Makes a feed of things that this project's code must accept or refuse: node feed.mjs OUT.json

import { writeFileSync } from 'node:fs'

import { ballots, receipts } from './feeds/ballots.mjs'
import { Cases } from './feeds/cases.mjs'
import { issueRequests, tokens } from './feeds/delivery.mjs'
import { Election } from './feeds/election.mjs'
import { contents, issuedLists } from './feeds/files.mjs'
import { signatures, typedData } from './feeds/signatures.mjs'
import { statements } from './feeds/statements.mjs'

if (process.argv.length !== 3) {
  console.error('usage: node feed.mjs OUT.json')
  process.exit(2)
}

const [election, other] = [await Election.random(), await Election.random()]
const cases = new Cases()
for (const feed of [
  signatures,
  typedData,
  statements,
  contents,
  issuedLists,
  issueRequests,
  tokens,
  ballots,
  receipts,
]) {
  await feed(cases, election, other)
}
writeFileSync(process.argv[2], JSON.stringify({ language: 'javascript', cases: cases.list }, null, 1) + '\n')
console.log(`javascript: ${cases.list.length} cases`)
