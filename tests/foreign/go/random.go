package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"math/big"

	"github.com/ethereum/go-ethereum/crypto"
)

func randomBytes(length int) octets {
	bytes := make(octets, length)
	must(rand.Read(bytes))
	return bytes
}

func below(limit int) int {
	return int(must(rand.Int(rand.Reader, big.NewInt(int64(limit)))).Int64())
}

// randomSigner is a fresh secp256k1 key with its address.
func randomSigner() (*ecdsa.PrivateKey, octets) {
	key := must(crypto.GenerateKey())
	address := crypto.PubkeyToAddress(key.PublicKey)
	return key, address[:]
}

func randomAddress() octets {
	_, address := randomSigner()
	return address
}
