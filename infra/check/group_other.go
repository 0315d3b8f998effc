//go:build !unix

package main

import "os/exec"

// ownGroup does nothing here: there is no signal for a group, and the end of the context kills the command itself.
func ownGroup(*exec.Cmd) {}
