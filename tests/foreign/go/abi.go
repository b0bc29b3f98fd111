package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
)

func tupleOf(name string) (abi.Type, error) {
	var components []abi.ArgumentMarshaling
	for _, field := range fieldsOf(name) {
		components = append(components, abi.ArgumentMarshaling{Name: field.Name, Type: field.Type})
	}
	return abi.NewType("tuple", "", components)
}

// encodeABI is Solidity's abi.encode of a struct.
func encodeABI(name string, message map[string]any) (octets, error) {
	tuple, err := tupleOf(name)
	if err != nil {
		return nil, err
	}
	filled := reflect.New(tuple.TupleType).Elem()
	for at, field := range fieldsOf(name) {
		value, err := solidity(field.Type, message[field.Name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		filled.Field(at).Set(reflect.ValueOf(value))
	}
	return abi.Arguments{{Type: tuple}}.Pack(filled.Interface())
}

// solidity is the library's form of a value of a message.
func solidity(kind string, value any) (any, error) {
	switch kind {
	case "bool":
		return value.(bool), nil
	case "address[]":
		var addresses []common.Address
		for _, one := range value.([]any) {
			addresses = append(addresses, common.HexToAddress(one.(string)))
		}
		return addresses, nil
	case "address", "bytes", "bytes32":
		var bytes octets
		err := bytes.UnmarshalText([]byte(value.(string)))
		switch kind {
		case "address":
			return common.BytesToAddress(bytes), err
		case "bytes32":
			return [32]byte(bytes), err
		}
		return []byte(bytes), err
	}
	size, isNumber := strings.CutPrefix(kind, "uint")
	bits, err := strconv.Atoi(size)
	if !isNumber || err != nil {
		return nil, fmt.Errorf("no form for %s", kind)
	}
	number, err := strconv.ParseUint(fmt.Sprint(value), 10, bits)
	switch bits {
	case 8:
		return uint8(number), err
	case 16:
		return uint16(number), err
	case 32:
		return uint32(number), err
	}
	return number, err
}

// decodeABI reads what encodeABI writes.
func decodeABI(name string, encoded []byte) (map[string]any, error) {
	tuple, err := tupleOf(name)
	if err != nil {
		return nil, err
	}
	values, err := abi.Arguments{{Type: tuple}}.Unpack(encoded)
	if err != nil {
		return nil, err
	}
	message := map[string]any{}
	for at, field := range fieldsOf(name) {
		message[field.Name] = readable(reflect.ValueOf(values[0]).Field(at).Interface())
	}
	return message, nil
}

// readable is the JSON form of the library's form of a value.
func readable(value any) any {
	switch value := value.(type) {
	case []byte:
		return octets(value).String()
	case [32]byte:
		return octets(value[:]).String()
	case common.Address:
		return octets(value[:]).String()
	case []common.Address:
		var addresses []any
		for _, one := range value {
			addresses = append(addresses, readable(one))
		}
		return addresses
	case bool:
		return value
	}
	return fmt.Sprint(value)
}
