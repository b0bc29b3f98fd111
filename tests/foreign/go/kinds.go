package main

import "encoding/json"

// kinds gives for the name of a kind the function from inputs to outputs.
var kinds = map[string]func(json.RawMessage) (any, error){
	"frame":          kind(computeFrame),
	"hmac":           kind(computeHMAC),
	"hkdf":           kind(computeHKDF),
	"argon2id":       kind(computeArgon2id),
	"secp256k1":      kind(computeSecp256k1),
	"x25519":         kind(computeX25519),
	"ed25519":        kind(computeEd25519),
	"ruleId":         kind(computeRuleID),
	"matchKey":       kind(computeMatchKey),
	"ring":           kind(computeRing),
	"device":         kind(computeDevice),
	"hpke":           kind(computeHPKE),
	"domain":         kind(computeDomain),
	"typed":          kind(computeTyped),
	"signatureFile":  kind(computeSignatureFile),
	"choice":         kind(computeChoice),
	"statementEntry": kind(computeStatementEntry),
	"ballotEntry":    kind(computeBallotEntry),
	"issuedList":     kind(computeIssuedList),
	"trustFile":      kind(computeJSONFile),
	"ledgerKeys":     kind(computeJSONFile),
	"content":        kind(computeContent),
	"receiptFile":    kind(computeJSONFile),
	"complaintFile":  kind(computeJSONFile),
	"tally":          kind(computeTally),
	"tree":           kind(computeTree),
	"bundle":         kind(computeBundle),
	"checkpoint":     kind(computeCheckpoint),
	"layout":         kind(computeLayout),
}

func kind[Inputs any](compute func(Inputs) (any, error)) func(json.RawMessage) (any, error) {
	return func(text json.RawMessage) (any, error) {
		var inputs Inputs
		if err := decode(text, &inputs); err != nil {
			return nil, err
		}
		return compute(inputs)
	}
}

// outputs are the outputs of an item by name.
type outputs = map[string]any
