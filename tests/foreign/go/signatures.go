package main

import (
	"bytes"
	"crypto/ecdsa"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"
)

// sign is a signature in the form of EIP-2098.
func sign(digest octets, key *ecdsa.PrivateKey) (octets, error) {
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		return nil, err
	}
	signature[32] |= signature[64] << 7
	return signature[:64], nil
}

// recoverSigner is the address that made a signature in the form of EIP-2098.
func recoverSigner(digest, signature octets) (octets, error) {
	full := append(slices.Clone(signature), signature[32]>>7)
	full[32] &= 0x7f
	key, err := crypto.SigToPub(digest, full)
	if err != nil {
		return nil, err
	}
	address := crypto.PubkeyToAddress(*key)
	return address[:], nil
}

// signatures are one of each secret, in ascending order of the addresses.
func signatures(digest octets, secrets []octets) ([]octets, error) {
	var keys []*ecdsa.PrivateKey
	for _, secret := range secrets {
		key, err := crypto.ToECDSA(secret)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b *ecdsa.PrivateKey) int {
		left, right := crypto.PubkeyToAddress(a.PublicKey), crypto.PubkeyToAddress(b.PublicKey)
		return bytes.Compare(left[:], right[:])
	})
	var made []octets
	for _, key := range keys {
		signature, err := sign(digest, key)
		if err != nil {
			return nil, err
		}
		made = append(made, signature)
	}
	return made, nil
}

type domainInputs struct {
	Origin *string `json:"origin"`
	domain
}

func computeDomain(in domainInputs) (any, error) {
	where := in.domain
	if in.Origin != nil {
		where = logDomain(*in.Origin)
	}
	asked := typedData("Cancelled", nil, where)
	separator, err := asked.HashStruct("EIP712Domain", asked.Domain.Map())
	return outputs{
		"chainId":           where.ChainID,
		"verifyingContract": where.VerifyingContract,
		"separator":         octets(separator),
	}, err
}

type typedInputs struct {
	Type    string         `json:"type"`
	Message map[string]any `json:"message"`
	Domain  domain         `json:"domain"`
	Signers []octets       `json:"signers"`
}

func computeTyped(in typedInputs) (any, error) {
	asked := typedData(in.Type, in.Message, in.Domain)
	inner, err := asked.HashStruct(in.Type, asked.Message)
	if err != nil {
		return nil, err
	}
	digest, err := digestOf(in.Type, in.Message, in.Domain)
	if err != nil {
		return nil, err
	}
	encoded, err := encodeABI(in.Type, in.Message)
	if err != nil {
		return nil, err
	}
	text, err := requestText(in)
	if err != nil {
		return nil, err
	}
	signed, err := signatures(digest, in.Signers)
	return outputs{
		"encodeType": string(asked.EncodeType(in.Type)),
		"hashStruct": octets(inner),
		"digest":     digest,
		"abi":        encoded,
		"typedData":  text,
		"signatures": signed,
	}, err
}

// requestText is RFC 8785 JSON for eth_signTypedData_v4; chain and numbers are JSON numbers.
func requestText(in typedInputs) (string, error) {
	asked := typedData(in.Type, in.Message, in.Domain)
	text, err := canonical(map[string]any{
		"types":       asked.Types,
		"primaryType": asked.PrimaryType,
		"message":     in.Message,
		"domain": map[string]any{
			"name":              asked.Domain.Name,
			"version":           asked.Domain.Version,
			"chainId":           in.Domain.ChainID,
			"verifyingContract": in.Domain.VerifyingContract,
		},
	})
	return string(text), err
}

type signatureFileInputs struct {
	TypedData string `json:"typedData"`
	Signature octets `json:"signature"`
}

func computeSignatureFile(in signatureFileInputs) (any, error) {
	var asked struct {
		PrimaryType string         `json:"primaryType"`
		Domain      domain         `json:"domain"`
		Message     map[string]any `json:"message"`
		Types       apitypes.Types `json:"types"`
	}
	if err := decode([]byte(in.TypedData), &asked); err != nil {
		return nil, err
	}
	digest, err := digestOf(asked.PrimaryType, asked.Message, asked.Domain)
	if err != nil {
		return nil, err
	}
	signer, err := recoverSigner(digest, in.Signature)
	if err != nil {
		return nil, err
	}
	text, err := canonical(map[string]any{
		"statement": asked.PrimaryType,
		"digest":    digest,
		"signer":    signer,
		"signature": in.Signature,
	})
	return textFile(text), err
}
