package main

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/crypto/argon2"
)

type frameInputs struct {
	Purpose string   `json:"purpose"`
	Fields  []octets `json:"fields"`
}

func (in frameInputs) frame() octets { return frame(in.Purpose, in.Fields...) }

func computeFrame(in frameInputs) (any, error) { return outputs{"bytes": in.frame()}, nil }

type hmacInputs struct {
	frameInputs
	Key octets `json:"key"`
}

func computeHMAC(in hmacInputs) (any, error) {
	return outputs{"tag": tag(in.Key, in.Purpose, in.Fields...)}, nil
}

func tag(key octets, purpose string, fields ...octets) octets {
	mac := hmac.New(sha256.New, key)
	mac.Write(frame(purpose, fields...))
	return mac.Sum(nil)
}

type hkdfInputs struct {
	frameInputs
	Secret octets `json:"secret"`
}

func computeHKDF(in hkdfInputs) (any, error) {
	key, err := derive(in.Secret, in.Purpose, in.Fields...)
	return outputs{"key": key}, err
}

// derive is 32 bytes of HKDF without a salt.
func derive(secret octets, purpose string, fields ...octets) (octets, error) {
	return deriveLength(32, secret, purpose, fields...)
}

func deriveLength(length int, secret octets, purpose string, fields ...octets) (octets, error) {
	return hkdf.Key(sha256.New, secret, nil, string(frame(purpose, fields...)), length)
}

type argon2idInputs struct {
	frameInputs
	Salt      octets `json:"salt"`
	MemoryKib uint32 `json:"memoryKib"`
	Passes    uint32 `json:"passes"`
	Lanes     uint8  `json:"lanes"`
}

func computeArgon2id(in argon2idInputs) (any, error) {
	hash := argon2.IDKey(in.frame(), in.Salt, in.Passes, in.MemoryKib, in.Lanes, 32)
	return outputs{"hash": octets(hash)}, nil
}

type secretInputs struct {
	Secret octets `json:"secret"`
}

func computeSecp256k1(in secretInputs) (any, error) {
	key, err := crypto.ToECDSA(in.Secret)
	if err != nil {
		return nil, err
	}
	address := crypto.PubkeyToAddress(key.PublicKey)
	return outputs{"address": octets(address[:]), "checksummed": address.Hex()}, nil
}

func computeX25519(in secretInputs) (any, error) {
	public, err := x25519Public(in.Secret)
	return outputs{"public": public}, err
}

func x25519Public(secret octets) (octets, error) {
	key, err := ecdh.X25519().NewPrivateKey(secret)
	if err != nil {
		return nil, err
	}
	return key.PublicKey().Bytes(), nil
}

type attribute struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Folds     []string `json:"folds"`
	Canonical string   `json:"canonical"`
}

type ruleInputs struct {
	Canonicaliser string      `json:"canonicaliser"`
	RuleKind      string      `json:"ruleKind"`
	Attributes    []attribute `json:"attributes"`
}

func computeRuleID(in ruleInputs) (any, error) {
	fields := []octets{octets(in.Canonicaliser), octets(in.RuleKind)}
	for _, one := range in.Attributes {
		folds := strings.Join(one.Folds, ",")
		fields = append(fields, octets(one.Name), octets(one.Kind), octets(folds))
	}
	return outputs{"id": hashOf(frame("rule-id", fields...))}, nil
}

func computeMatchKey(in ruleInputs) (any, error) {
	var fields []octets
	for _, one := range in.Attributes {
		fields = append(fields, octets(one.Kind), octets(one.Canonical))
	}
	return outputs{"bytes": frame("match-key", fields...)}, nil
}
