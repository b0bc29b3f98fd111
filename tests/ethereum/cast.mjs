// A token and a ballot made with viem alone, cast straight to the contract:
// node cast.mjs '{"url": …, "chainId": …, "contract": …, "election": …, "voterId": …,
//   "rollIndex": …, "choice": …, "sequence": …, "issuer": KEY, "ballotKey": KEY, "payer": KEY}'
import {
    createWalletClient,
    encodePacked,
    http,
    parseSignature,
    publicActions,
    serializeCompactSignature,
    signatureToCompactSignature,
    size,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

const given = JSON.parse(process.argv[2]);
const { election, voterId, rollIndex, choice, sequence } = given;
const [issuer, voter, payer] = [given.issuer, given.ballotKey, given.payer].map(privateKeyToAccount);
const domain = {
    name: "Symbolon",
    version: "1",
    chainId: given.chainId,
    verifyingContract: given.contract,
};

async function sign(account, primaryType, fields, message) {
    const types = { [primaryType]: fields.map(([type, name]) => ({ type, name })) };
    const signature = await account.signTypedData({ domain, types, primaryType, message });
    return serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)));
}

const token = await sign(
    issuer,
    "VotingToken",
    [["bytes32", "election"], ["bytes32", "voterId"], ["uint32", "rollIndex"], ["address", "ballotKey"]],
    { election, voterId, rollIndex, ballotKey: voter.address },
);
const ballot = await sign(
    voter,
    "Ballot",
    [["bytes32", "election"], ["bytes32", "voterId"], ["bytes", "choice"], ["uint8", "sequence"]],
    { election, voterId, choice, sequence },
);
const entry = encodePacked(
    ["uint8", "bytes32", "bytes32", "uint32", "address", "uint8", "uint16", "bytes", "bytes", "bytes"],
    [0x10, election, voterId, rollIndex, voter.address, sequence, size(choice), choice, token, ballot],
);
const client = createWalletClient({ account: payer, transport: http(given.url) }).extend(publicActions);
const abi = [
    {
        type: "function",
        name: "castBatch",
        stateMutability: "nonpayable",
        inputs: [{ type: "bytes", name: "ballots" }],
        outputs: [{ type: "uint256", name: "recorded" }],
    },
];
const hash = await client.writeContract({
    chain: null,
    address: given.contract,
    abi,
    functionName: "castBatch",
    args: [entry],
});
const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 50 });
console.log(JSON.stringify({ entry, status: receipt.status, logs: receipt.logs.length }));
