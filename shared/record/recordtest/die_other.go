//go:build !linux

package recordtest

import "os/exec"

// dieWithParent has no counterpart here: the in-memory engine stays until its port is closed by hand.
func dieWithParent(*exec.Cmd) {}
