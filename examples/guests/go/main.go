// A plug-in in Go: counts vowels, and shows each thing that a plug-in can ask of its host.
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"example.com/plugin/plugsmith"
)

// greeting is what the host program adds: takes a block with a name, and returns one with a greeting.
//
//go:wasmimport extism:host/user greeting
func greeting(name uint64) uint64

const vowels = "aeiouAEIOU"

type report struct {
	Count  int    `json:"count"`
	Vowels string `json:"vowels"`
}

// countVowels takes text and gives JSON.
//
//go:wasmexport count_vowels
func countVowels() int32 {
	count := 0
	for _, letter := range string(plugsmith.Input()) {
		if strings.ContainsRune(vowels, letter) {
			count++
		}
	}
	output, err := json.Marshal(report{Count: count, Vowels: vowels})
	if err != nil {
		return plugsmith.Fail(err)
	}
	return plugsmith.Output(output)
}

// echo gives the input back.
//
//go:wasmexport echo
func echo() int32 {
	return plugsmith.Output(plugsmith.Input())
}

// fail fails, and says so.
//
//go:wasmexport fail
func fail() int32 {
	return plugsmith.Fail(fmt.Errorf("no can do: %s", plugsmith.Input()))
}

// greet asks the host for a greeting. What a plug-in passes to the host program's own functions, and
// what it gets from them, is its own to free.
//
//go:wasmexport greet
func greet() int32 {
	name := plugsmith.NewBlock(plugsmith.Input())
	defer name.Free()
	answer := plugsmith.Block(greeting(uint64(name)))
	defer answer.Free()
	return plugsmith.Output(answer.Bytes())
}

// setting gives the configuration's value for the key that is the input.
//
//go:wasmexport setting
func setting() int32 {
	key := string(plugsmith.Input())
	value, ok := plugsmith.Config(key)
	if !ok {
		return plugsmith.Fail(fmt.Errorf("no such setting: %s", key))
	}
	return plugsmith.Output([]byte(value))
}

// remember keeps the input in a variable of the host's, and gives what was there before.
//
//go:wasmexport remember
func remember() int32 {
	before, _ := plugsmith.Var("last")
	plugsmith.SetVar("last", plugsmith.Input())
	return plugsmith.Output(before)
}

// The exports do all the work, but a Go program has to have one of these.
func main() {}
