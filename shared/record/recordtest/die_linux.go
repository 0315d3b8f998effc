package recordtest

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the engine when the test process ends, however it ends.
func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
