// Package plugsmith is what a plug-in imports from its host, and what makes it pleasant to use.
//
// Host and plug-in exchange bytes through blocks, which lie in a memory that belongs to neither. A
// [Block] is the name of one. Copy this package into projects of your own.
package plugsmith

import "encoding/binary"

// What an export returns.
const (
	OK     int32 = 0
	Failed int32 = 1
)

// Block is the offset of a block, which is its name. 0 is the block without bytes.
type Block uint64

// NewBlock copies bytes into a new block.
func NewBlock(bytes []byte) Block {
	offset := alloc(uint64(len(bytes)))
	if offset == 0 && len(bytes) > 0 {
		panic("the host has no room for another block")
	}
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		storeU64(offset+uint64(at), binary.LittleEndian.Uint64(bytes[at:]))
	}
	for ; at < len(bytes); at++ {
		storeU8(offset+uint64(at), uint32(bytes[at]))
	}
	return Block(offset)
}

// Bytes copies the block's bytes.
func (block Block) Bytes() []byte {
	bytes := make([]byte, length(uint64(block)))
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		binary.LittleEndian.PutUint64(bytes[at:], loadU64(uint64(block)+uint64(at)))
	}
	for ; at < len(bytes); at++ {
		bytes[at] = byte(loadU8(uint64(block) + uint64(at)))
	}
	return bytes
}

// Free frees a block that is the plug-in's: one that it made, or got from a host function.
func (block Block) Free() {
	free(uint64(block))
}

// Input returns the bytes that the host passes to this call.
func Input() []byte {
	bytes := make([]byte, inputLength())
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		binary.LittleEndian.PutUint64(bytes[at:], inputLoadU64(uint64(at)))
	}
	for ; at < len(bytes); at++ {
		bytes[at] = byte(inputLoadU8(uint64(at)))
	}
	return bytes
}

// Output gives bytes to the host, and returns what the export is to return.
func Output(bytes []byte) int32 {
	outputSet(uint64(NewBlock(bytes)), uint64(len(bytes)))
	return OK
}

// Fail tells the host why the call has failed, and returns what the export is to return.
func Fail(err error) int32 {
	errorSet(uint64(NewBlock([]byte(err.Error()))))
	return Failed
}

// Config returns the configuration's value for a key, and whether it is set.
func Config(key string) (string, bool) {
	value, ok := take(configGet(uint64(NewBlock([]byte(key)))))
	return string(value), ok
}

// Var returns the bytes that the host keeps under a key, and whether there are any.
func Var(key string) ([]byte, bool) {
	return take(varGet(uint64(NewBlock([]byte(key)))))
}

// SetVar has the host keep bytes under a key, from call to call. No bytes remove the variable.
func SetVar(key string, value []byte) {
	varSet(uint64(NewBlock([]byte(key))), uint64(NewBlock(value)))
}

// take copies and frees a block that the host has made for the plug-in; offset 0 is none.
func take(offset uint64) ([]byte, bool) {
	block := Block(offset)
	defer block.Free()
	return block.Bytes(), block != 0
}
