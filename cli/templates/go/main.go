// A plug-in that greets people and counts words.
//
// A host can call each function with go:wasmexport: by its name, with bytes in and bytes out.
package main

import (
	"bytes"
	"encoding/json"
	"errors"

	"example.com/{{name}}/plugsmith"
)

// greet greets somebody, in the words that the host has set, or else with "Hello".
//
//go:wasmexport greet
func greet() int32 {
	name := plugsmith.Input()
	if len(name) == 0 {
		return plugsmith.Fail(errors.New("nobody to greet"))
	}
	greeting, ok := plugsmith.Config("greeting")
	if !ok {
		greeting = "Hello"
	}
	return plugsmith.Output([]byte(greeting + ", " + string(name) + "!"))
}

// counts is how much there is of a text.
type counts struct {
	Words int `json:"words"`
	Bytes int `json:"bytes"`
}

// count counts words and bytes.
//
//go:wasmexport count
func count() int32 {
	text := plugsmith.Input()
	output, err := json.Marshal(counts{Words: len(bytes.Fields(text)), Bytes: len(text)})
	if err != nil {
		return plugsmith.Fail(err)
	}
	return plugsmith.Output(output)
}

// The exports do all the work, but a Go program has to have one of these.
func main() {}
