// Compiles contracts with the settings of solc.json and writes, for each, NAME.json with
// its ABI and its bytecode: node compile.mjs OUT NAME.sol ...
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// solc stands where the caller installed it, not among the sources.
const solc = createRequire(join(process.cwd(), "x.js"))("solc");
const here = dirname(fileURLToPath(import.meta.url));
const [out, ...files] = process.argv.slice(2);

for (const file of files) {
    const input = JSON.parse(readFileSync(join(here, "solc.json"), "utf8"));
    const name = basename(file, ".sol");
    input.sources[basename(file)] = { content: readFileSync(file, "utf8") };
    const found = (path) => ({ contents: readFileSync(join(dirname(file), path), "utf8") });
    const output = JSON.parse(solc.compile(JSON.stringify(input), { import: found }));
    for (const { severity, formattedMessage } of output.errors ?? []) {
        console.error(formattedMessage);
        if (severity === "error") process.exitCode = 1;
    }
    if (process.exitCode) continue;
    const { abi, evm } = output.contracts[basename(file)][name];
    const artifact = { compiler: solc.version(), abi, bytecode: "0x" + evm.bytecode.object };
    writeFileSync(join(out, name + ".json"), JSON.stringify(artifact, null, 1) + "\n");
}
