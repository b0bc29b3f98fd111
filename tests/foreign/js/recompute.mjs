// Recomputes the golden file: node recompute.mjs GOLDEN --report OUT.json

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { recompute } from './lib/book.mjs'
import { kinds } from './lib/kinds.mjs'

const { values, positionals } = parseArgs({
  options: { report: { type: 'string' } },
  allowPositionals: true,
})
if (positionals.length !== 1 || !values.report) {
  console.error('usage: node recompute.mjs GOLDEN --report OUT.json')
  process.exit(2)
}

const golden = JSON.parse(readFileSync(positionals[0], 'utf8'))
const report = await recompute(golden, kinds)
writeFileSync(values.report, JSON.stringify({ language: 'javascript', ...report }, null, 1) + '\n')
console.log(
  `javascript: ${report.recomputed.length} recomputed, ` +
    `${report.failed.length} failed, ${report.skipped.length} skipped`,
)
process.exitCode = report.failed.length > 0 ? 1 : 0
