package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	_ "madoguchi/infra/local/load" // POST /_local/load knows the newsletter
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// options of a world.
type options struct {
	addr     string            // address of the forms, "": a free port of 127.0.0.1
	services int               // port of /_local/ on the bridge's address; 0: a free one
	data     string            // folder of tables, mail and secrets
	env      map[string]string // overrides of the template's parameters
	log      io.Writer         // request lines and warnings of the local services; nil: none
	progress io.Writer         // what the start is doing
}

// world is the system with the SAM CLI in front of the local services.
type world struct {
	url      string // address of the forms
	services *stack.Stack
	engine   *engine
	sam      *sam
	api      *api
	standIn  bool     // the base image is not AWS's
	file     string   // the local template
	shared   []string // arguments that every sam local needs
	folder   string
	lock     *os.File
}

// folder is where everything but the data lies; it can be deleted at any time when nothing runs.
func folder(root string) string { return filepath.Join(root, ".cache", "samlocal") }

// errRunning says that another run uses the engine and the build.
var errRunning = errors.New("another run is up: end it with: go run ./infra/samlocal down")

// up starts everything. A cancelled ctx ends the start, not the world. After an error nothing is left running.
func up(ctx context.Context, o options) (*world, error) {
	if o.progress == nil {
		o.progress = io.Discard
	}
	w := &world{}
	if err := w.start(ctx, o); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) start(ctx context.Context, o options) error {
	root, err := tools.Root()
	if err != nil {
		return err
	}
	w.folder = folder(root)
	if err := w.hold(); err != nil {
		return err
	}
	addr, err := free(o.addr)
	if err != nil {
		return err
	}
	w.url = "http://" + addr
	if w.engine, err = openEngine(ctx, filepath.Join(w.folder, "engine"), o.progress); err != nil {
		return err
	}
	if w.standIn, err = prepareImage(ctx, w.engine, o.progress); err != nil {
		return err
	}
	if w.sam, err = openSAM(ctx, w.engine, root, filepath.Join(w.folder, "sam"), o.progress); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(o.progress, "sam build …")
	built, err := w.sam.build(ctx, filepath.Join(w.folder, "build"))
	if err != nil {
		return err
	}
	if err := w.startServices(ctx, root, o); err != nil {
		return err
	}
	if err := w.writeTemplate(built); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(o.progress, "sam local start-api …")
	w.api, err = w.sam.startAPI(ctx, w.file, addr, filepath.Join(w.folder, "sam.log"), w.shared)
	return err
}

// hold takes the lock of the folder and notes this process for down.
func (w *world) hold() error {
	if err := os.MkdirAll(w.folder, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", w.folder, err)
	}
	f, err := os.OpenFile(filepath.Join(w.folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock %s: %w", w.folder, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return errRunning
	}
	w.lock = f
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("lock %s: %w", w.folder, err)
	}
	_, err = fmt.Fprintln(f, os.Getpid())
	return err
}

// free checks an address, or finds a free one: sam local would say nothing of one that is in use until it is too late.
func free(addr string) (string, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("the address of the forms: %w; choose another with -addr", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

func (w *world) startServices(ctx context.Context, root string, o options) error {
	bridge, err := w.engine.address(ctx)
	if err != nil {
		return err
	}
	w.shared = []string{"--skip-pull-image", "--parameter-overrides", "Architecture=" + architecture()}
	listen := "127.0.0.1"
	if bridge != "" {
		listen = bridge
		w.shared = append(w.shared, "--add-host", hostName+":"+bridge)
	}
	env := map[string]string{
		"PUBLIC_URL": w.url, // links in mail lead to sam local
		// The SAM CLI answers when it has seen the emulator's REPORT line, or after a second. It misses the line when a log
		// line of the function comes in one piece with it, so functions that log each request are slow here.
		"LOG_LEVEL": "WARN",
	}
	maps.Copy(env, o.env)
	w.services, err = stack.Start(ctx, stack.Options{
		Root: root, Addr: fmt.Sprintf("%s:%d", listen, o.services), DataDir: o.data, ServicesOnly: true, Env: env,
		Log: o.log, Progress: o.progress,
	})
	return err
}

// writeTemplate puts the local template beside the built functions. It holds the run's secrets, so only the owner reads it.
func (w *world) writeTemplate(built string) error {
	text, err := os.ReadFile(built)
	if err != nil {
		return fmt.Errorf("read the built template: %w", err)
	}
	if text, err = localTemplate(text, w.services.Template().Functions, w.services.Endpoints()); err != nil {
		return err
	}
	w.file = filepath.Join(filepath.Dir(built), "local.yaml")
	if err := os.WriteFile(w.file, text, 0o600); err != nil {
		return fmt.Errorf("write the local template: %w", err)
	}
	return nil
}

// invocation is the arguments with which the SAM CLI runs a function (its logical id) once, with an event from a file.
func (w *world) invocation(function, event string) []string {
	args := append([]string{"local", "invoke", function, "--event", event}, w.shared...)
	return append(args, "--template-file", w.file)
}

// close takes everything down. It may be called after a start that failed half-way.
func (w *world) close() error {
	var failed []error
	if w.api != nil {
		failed = append(failed, w.api.stop())
	}
	if w.engine != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		failed = append(failed, removeContainers(ctx, w.engine, w.folder))
		if w.standIn {
			failed = append(failed, removeStandIn(ctx, w.engine))
		}
		failed = append(failed, w.engine.stop())
	}
	if w.services != nil {
		w.services.Close()
	}
	if w.file != "" {
		failed = append(failed, os.Remove(w.file))
	}
	if w.lock != nil {
		failed = append(failed, w.lock.Close())
	}
	return errors.Join(failed...)
}
