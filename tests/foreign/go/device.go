package main

import (
	"bytes"
	"slices"

	"github.com/cloudflare/circl/hpke"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/tyler-smith/go-bip39"
)

type deviceInputs struct {
	Bits     octets `json:"bits"`
	Election octets `json:"election"`
}

func computeDevice(in deviceInputs) (any, error) {
	words, err := bip39.NewMnemonic(in.Bits)
	if err != nil {
		return nil, err
	}
	ballotSecret, err := derive(in.Bits, "device-ballot-key", in.Election)
	if err != nil {
		return nil, err
	}
	ballotKey, err := crypto.ToECDSA(ballotSecret)
	if err != nil {
		return nil, err
	}
	deliverySecret, err := derive(in.Bits, "device-delivery-key", in.Election)
	if err != nil {
		return nil, err
	}
	deliveryKey, err := x25519Public(deliverySecret)
	address := crypto.PubkeyToAddress(ballotKey.PublicKey)
	return outputs{
		"recoveryCode": words,
		"ballotKey":    octets(address[:]),
		"deliveryKey":  deliveryKey,
	}, err
}

type hpkeInputs struct {
	AAD             octets   `json:"aad"`
	IkmE            octets   `json:"ikmE"`
	Plaintext       []octets `json:"plaintext"`
	Purpose         string   `json:"purpose"`
	RecipientSecret octets   `json:"recipientSecret"`
}

func computeHPKE(in hpkeInputs) (any, error) {
	public, err := x25519Public(in.RecipientSecret)
	if err != nil {
		return nil, err
	}
	recipient, err := hpke.KEM_X25519_HKDF_SHA256.Scheme().UnmarshalBinaryPublicKey(public)
	if err != nil {
		return nil, err
	}
	suite := hpke.NewSuite(hpke.KEM_X25519_HKDF_SHA256, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES256GCM)
	sender, err := suite.NewSender(recipient, label(in.Purpose))
	if err != nil {
		return nil, err
	}
	// What it draws at random is the seed of DeriveKeyPair.
	encapsulated, sealer, err := sender.Setup(bytes.NewReader(in.IkmE))
	if err != nil {
		return nil, err
	}
	var plaintext octets
	for _, part := range in.Plaintext {
		plaintext = append(plaintext, part...)
	}
	ciphertext, err := sealer.Seal(plaintext, in.AAD)
	return outputs{
		"recipientPublic": public,
		"sealed":          octets(slices.Concat(encapsulated, ciphertext)),
	}, err
}
