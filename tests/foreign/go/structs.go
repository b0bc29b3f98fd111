package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
)

// structs are the protocol's EIP-712 structs: their fields in order.
var structs = map[string]string{
	"EIP712Domain": "string name,string version,uint256 chainId,address verifyingContract",
	"Manifest": "bytes32 nonce,bytes32 contentHash,bytes shape,uint64 opens,uint64 closes," +
		"uint64 grace,uint64 forgetAfter,uint8 maxBallots,uint32 rollBatchMin," +
		"uint16 ballotBatchMin,uint8 custody,uint8 anonymity,uint8 results,bytes32 tallyKey," +
		"address[] officers,uint8 threshold,address issuer,bytes32 requestKey," +
		"address[] gateways,bytes32 ledgerKeys,uint8 payload",
	"RollStatement":  "bytes32 election,uint32 sequence,uint32 size,bytes32 root",
	"IssueRequest":   "bytes32 election,bytes32 deliveryKey",
	"VotingToken":    "bytes32 election,bytes32 voterId,uint32 rollIndex,address ballotKey",
	"Ballot":         "bytes32 election,bytes32 voterId,bytes choice,uint8 sequence",
	"Receipt":        "bytes32 election,bytes32 ballotDigest,uint64 includeBy",
	"IssuerRotation": "bytes32 election,address current,address next",
	"Close":          "bytes32 election,uint32 rollSize,bytes32 rollRoot,bytes32 issued",
	"Certified":      "bytes32 election,uint64 ledgerSize,bytes32 ledgerHead,bytes32 tallyHash",
	"Cancelled":      "bytes32 election",
	"Proposal":       "bytes32 installation,bytes32 nonce,uint64 expires,bytes32 contentHash",
	"Verdict":        "bytes32 installation,bytes32 ticket,bool same",
}

func fieldsOf(name string) []apitypes.Type {
	var fields []apitypes.Type
	for field := range strings.SplitSeq(structs[name], ",") {
		kind, name, _ := strings.Cut(field, " ")
		fields = append(fields, apitypes.Type{Name: name, Type: kind})
	}
	return fields
}

// domain is where a statement belongs to.
type domain struct {
	ChainID           uint64 `json:"chainId"`
	VerifyingContract octets `json:"verifyingContract"`
}

// logDomain is the domain of a log's origin.
func logDomain(origin string) domain {
	return domain{0, crypto.Keccak256([]byte(origin))[12:]}
}

// typedData is an eth_signTypedData_v4 request.
func typedData(name string, message map[string]any, domain domain) apitypes.TypedData {
	return apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": fieldsOf("EIP712Domain"),
			name:           fieldsOf(name),
		},
		PrimaryType: name,
		Domain: apitypes.TypedDataDomain{
			Name:              "Symbolon",
			Version:           "1",
			ChainId:           (*math.HexOrDecimal256)(new(big.Int).SetUint64(domain.ChainID)),
			VerifyingContract: domain.VerifyingContract.String(),
		},
		Message: hashable(message),
	}
}

// hashable writes the numbers of a message as texts, as the library takes them.
func hashable(message map[string]any) map[string]any {
	made := make(map[string]any, len(message))
	for name, value := range message {
		switch value.(type) {
		case json.Number, int:
			made[name] = fmt.Sprint(value)
		default:
			made[name] = value
		}
	}
	return made
}

func digestOf(name string, message map[string]any, domain domain) (octets, error) {
	digest, _, err := apitypes.TypedDataAndHash(typedData(name, message, domain))
	return digest, err
}
