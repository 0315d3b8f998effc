package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"madoguchi/infra/local/child"
	"madoguchi/infra/tools"
)

// engine is a Docker engine: one that was there, or one that this program has started and ends again.
type engine struct {
	client  string        // path of the docker program
	host    string        // DOCKER_HOST; "" where the client knows better
	daemon  *exec.Cmd     // nil: somebody else's engine
	ended   chan struct{} // closed when daemon has ended
	sockets string        // folder of daemon's sockets and state
	bridge  bool          // this program's daemon made the network device docker0, which outlives it
}

const (
	engineAnswers = 10 * time.Second // an engine that is there answers at once
	engineStarts  = time.Minute
	engineStops   = 30 * time.Second // dockerd gives its containers 10 s
	bridgeDevice  = "docker0"

	engineName = "Docker engine" // the Tool of a Missing
)

// openEngine returns the engine of this machine, or starts one: root on Linux can, with Debian's package if need be. The
// error is a *tools.Missing where no engine can be had. folder keeps the images of an engine that is started here.
func openEngine(ctx context.Context, folder string, progress io.Writer) (*engine, error) {
	if client, err := exec.LookPath("docker"); err == nil {
		e := &engine{client: client, host: os.Getenv("DOCKER_HOST")}
		if e.host == "" {
			// The SAM CLI does not know Docker's contexts, so it is told where the current one leads.
			e.host, _ = e.run(ctx, nil, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
		}
		if e.answers(ctx) == nil {
			return e, nil
		}
	}
	missing := func(reason string) error {
		return &tools.Missing{Tool: engineName, Reason: reason, Command: "install and start Docker; on Debian as root: apt-get install --yes docker.io"}
	}
	switch {
	case runtime.GOOS != "linux":
		return nil, missing("none answers, and one is started by itself on Linux only")
	case os.Geteuid() != 0:
		return nil, missing("none answers, and only root may start one")
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		if err := aptInstall(ctx, progress, "docker.io"); err != nil {
			return nil, missing("none answers, and " + err.Error())
		}
	}
	daemon, err := exec.LookPath("dockerd")
	if err != nil {
		return nil, missing("dockerd is not on PATH")
	}
	client, err := exec.LookPath("docker")
	if err != nil {
		return nil, missing("docker is not on PATH")
	}
	e := &engine{client: client}
	if err := e.start(ctx, daemon, folder, progress); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, missing(err.Error())
	}
	return e, nil
}

// sockets is the folder of an engine's sockets and state. It is not under the engine's folder, since the path of a socket
// has about a hundred bytes at most, but it follows from it, so that a run after a crash finds what was left.
func sockets(folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return "/run/madoguchi-" + hex.EncodeToString(sum[:4])
}

// start starts dockerd. It leaves the machine's firewall and routing alone: containers need this machine only, and their
// published ports go through the daemon's own proxy.
func (e *engine) start(ctx context.Context, daemon, folder string, progress io.Writer) error {
	run := sockets(folder)
	e.sockets = run
	for _, dir := range []string{folder, run} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("start dockerd: %w", err)
		}
	}
	log, err := os.Create(filepath.Join(folder, "dockerd.log"))
	if err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	defer func() { _ = log.Close() }() // the daemon has its own handle
	_, err = net.InterfaceByName(bridgeDevice)
	e.bridge = err != nil
	e.host = "unix://" + run + "/docker.sock"
	_, _ = fmt.Fprintln(progress, "starting a Docker engine of its own …")
	e.daemon = exec.CommandContext(context.WithoutCancel(ctx), daemon, "--host", e.host, "--data-root", filepath.Join(folder, "data"), "--exec-root", filepath.Join(run, "exec"),
		"--pidfile", filepath.Join(run, "pid"), "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false")
	e.daemon.Stdout, e.daemon.Stderr = log, log
	if err := child.Start(e.daemon); err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	e.ended = make(chan struct{})
	go func() {
		_ = e.daemon.Wait()
		close(e.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, engineStarts)
	defer cancel()
	for e.answers(ctx) != nil {
		select {
		case <-e.ended:
			_ = e.stop()
			return errors.New("dockerd cannot run on this machine: " + lastLine(log.Name()))
		case <-ctx.Done():
			_ = e.stop()
			return fmt.Errorf("dockerd does not answer: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// stop ends the engine, if it was started here, and what its network leaves behind.
func (e *engine) stop() error {
	if e.daemon == nil {
		return nil
	}
	_ = e.daemon.Process.Signal(syscall.SIGTERM)
	var failed error
	select {
	case <-e.ended:
	case <-time.After(engineStops):
		child.Kill(e.daemon.Process.Pid)
		failed = fmt.Errorf("dockerd did not end within %v and was killed", engineStops)
	}
	if e.bridge {
		if ip, err := exec.LookPath("ip"); err == nil {
			_ = exec.CommandContext(context.Background(), ip, "link", "delete", bridgeDevice).Run() // absent where the daemon never came so far
		}
	}
	return errors.Join(failed, os.RemoveAll(e.sockets))
}

// answers asks for the engine's version: unlike "docker info" that fails without an engine.
func (e *engine) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, engineAnswers)
	defer cancel()
	_, err := e.run(ctx, nil, "version", "--format", "{{.Server.Version}}")
	return err
}

// run calls the docker program and returns what it prints, trimmed. The error holds its last line.
func (e *engine) run(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.client, args...)
	cmd.Env = append(os.Environ(), e.environment()...)
	cmd.Stdin = stdin
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, last(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// environment tells Docker's clients where the engine is.
func (e *engine) environment() []string {
	if e.host == "" {
		return nil
	}
	return []string{"DOCKER_HOST=" + e.host}
}

// address is where containers reach this machine: the bridge's address, on which services must listen. It is empty where
// the engine lives in a machine of its own (Docker Desktop), which leads host.docker.internal to 127.0.0.1 here.
func (e *engine) address(ctx context.Context) (string, error) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("find the bridge's address: %w", err)
	}
	gateway, err := e.run(ctx, nil, "network", "inspect", "bridge", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}")
	if err != nil {
		return "", fmt.Errorf("find the bridge's address: %w", err)
	}
	for _, a := range own {
		if network, ok := a.(*net.IPNet); ok && network.IP.String() == gateway {
			return gateway, nil
		}
	}
	// An engine that has just made its bridge does not tell the gateway; the device has the address already.
	devices, err := net.Interfaces()
	if err != nil {
		return "", fmt.Errorf("find the bridge's address: %w", err)
	}
	for _, device := range devices {
		if device.Name != bridgeDevice {
			continue
		}
		addrs, err := device.Addrs()
		if err != nil {
			return "", fmt.Errorf("find the bridge's address: %w", err)
		}
		for _, a := range addrs {
			if network, ok := a.(*net.IPNet); ok && network.IP.To4() != nil {
				return network.IP.String(), nil
			}
		}
	}
	return "", nil
}

// lastLine is the last line of a log file, cut.
func lastLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return last(string(data))
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	line := lines[len(lines)-1]
	return line[:min(len(line), 300)]
}
