package main

import (
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"
)

func feedSignatures(made *cases) {
	for _, name := range []string{"signature 0", "signature 1", "signature 2"} {
		key, address := randomSigner()
		digest := randomBytes(32)
		in := inputs{"digest": digest, "signer": address}
		made.accept(name, "signature", in, must(sign(digest, key)), wrong{others: map[string]inputs{
			"digest": {"digest": changed(digest, 31)},
			"signer": {"signer": randomAddress()},
		}})
	}
}

// feedTypedData signs each struct as a wallet does: r, s, and v from 0 or from 27.
func feedTypedData(made *cases) {
	where, elsewhere := logDomain("one.example/log"), logDomain("two.example/log")
	messages := randomMessages()
	for at, name := range slices.Sorted(maps.Keys(messages)) {
		message := messages[name]
		key, address := randomSigner()
		signature := must(crypto.Sign(must(digestOf(name, message, where)), key))
		signature[64] += byte(27 * (at % 2))
		request := func(domain domain, message map[string]any) string {
			return must(requestText(typedInputs{Type: name, Message: message, Domain: domain}))
		}
		in := inputs{"typedData": request(where, message), "signer": address}
		made.accept(name, "typedData", in, signature, wrong{
			others: map[string]inputs{
				"signer":  {"signer": randomAddress()},
				"domain":  {"typedData": request(elsewhere, message)},
				"message": {"typedData": request(where, randomMessages()[name])},
			},
			forged: map[string]octets{"high s": highS(signature)},
		})
	}
}

// highS is the other signature that a signature makes possible.
func highS(signature []byte) octets {
	high := octets(slices.Clone(signature))
	s := new(big.Int).SetBytes(signature[32:64])
	s.Sub(crypto.S256().Params().N, s).FillBytes(high[32:64])
	// v is 0 or 1, or 27 or 28.
	if high[64] >= 27 {
		high[64] = 55 - high[64]
	} else {
		high[64] = 1 - high[64]
	}
	return high
}

// randomMessages has one for each struct but the manifest, whose fields bind each other.
func randomMessages() map[string]map[string]any {
	hash := func() string { return randomBytes(32).String() }
	address := func() string { return randomAddress().String() }
	number := func() int { return below(1 << 32) }
	return map[string]map[string]any{
		"RollStatement": {
			"election": hash(), "sequence": number(), "size": number(), "root": hash(),
		},
		"IssueRequest": {"election": hash(), "deliveryKey": hash()},
		"VotingToken": {
			"election": hash(), "voterId": hash(), "rollIndex": number(), "ballotKey": address(),
		},
		"Ballot": {
			"election": hash(), "voterId": hash(), "choice": randomBytes(below(99)).String(),
			"sequence": below(256),
		},
		"Receipt": {"election": hash(), "ballotDigest": hash(), "includeBy": number()},
		"IssuerRotation": {
			"election": hash(), "current": address(), "next": address(),
		},
		"Close": {
			"election": hash(), "rollSize": number(), "rollRoot": hash(), "issued": hash(),
		},
		"Certified": {
			"election": hash(), "ledgerSize": number(), "ledgerHead": hash(), "tallyHash": hash(),
		},
		"Cancelled": {"election": hash()},
		"Proposal": {
			"installation": hash(), "nonce": hash(), "expires": number(), "contentHash": hash(),
		},
		"Verdict": {"installation": hash(), "ticket": hash(), "same": below(2) == 1},
	}
}
