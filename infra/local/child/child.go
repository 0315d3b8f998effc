// Package child starts programs that must not outlive the local stack.
package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// thread is the one operating system thread from which all children are started, for as long as this program lives: Linux
// sends the parent-death signal when the thread that started a process ends, not when its program does.
var thread = sync.OnceValue(func() chan<- job {
	jobs := make(chan job)
	go func() {
		runtime.LockOSThread() // never unlocked
		for j := range jobs {
			j.done <- j.cmd.Start()
		}
	}()
	return jobs
})

type job struct {
	cmd  *exec.Cmd
	done chan error
}

// Start is cmd.Start for a child in a process group of its own, so that Ctrl-C reaches the stack alone and it ends the children
// in its own order. On Linux the child dies with this program, whatever ended it.
func Start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	j := job{cmd, make(chan error, 1)}
	thread() <- j
	return <-j.done
}

// Kill ends a child, by its process id, and whatever it has started.
func Kill(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
