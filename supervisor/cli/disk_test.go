//go:build linux

package cli_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"registrar/persistence/crashtest"
)

// disk is where a server's data directory is.
type disk interface {
	dir() string
	// cut takes the power away from it and from the server that uses it.
	cut(server *exec.Cmd)
	// restore brings it back as the cut has left it. Nobody may use it meanwhile.
	restore()
}

// forgetful is a FUSE file system that keeps synced data and any part of the rest.
type forgetful struct {
	t     *testing.T
	mount string
	fs    *crashtest.FS
	image map[string][]byte
}

func newForgetful(t *testing.T) disk {
	t.Helper()
	f := &forgetful{t: t, mount: t.TempDir()}
	f.up()
	t.Cleanup(func() {
		if err := f.fs.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *forgetful) dir() string { return f.mount }

// cut kills the server first: it can acknowledge nothing between the last moment of its disk and
// its own.
func (f *forgetful) cut(server *exec.Cmd) {
	f.t.Helper()
	kill(server)
	f.image = f.fs.Crash(rand.New(rand.NewPCG(rand.Uint64(), 0)))
}

func (f *forgetful) restore() {
	f.t.Helper()
	if err := f.fs.Unmount(); err != nil {
		f.t.Fatal(err)
	}
	f.up()
}

func (f *forgetful) up() {
	f.t.Helper()
	var err error
	if f.fs, err = crashtest.Mount(f.mount, f.image); err != nil {
		f.t.Fatal(err)
	}
}

// device is an ext4 that is shut down.
type device struct {
	t *testing.T
	*crashtest.Ext4
}

func newDevice(t *testing.T) disk {
	t.Helper()
	fs, err := crashtest.NewExt4(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := device{t, fs}
	t.Cleanup(func() {
		if err := errors.Join(d.Unmount(), d.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := os.Mkdir(d.dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d device) dir() string { return filepath.Join(d.Dir(), "data") }

// cut shuts the device down before it kills the server. The server can acknowledge only data that
// was already on the device.
func (d device) cut(server *exec.Cmd) {
	d.t.Helper()
	err := d.Shutdown()
	kill(server)
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d device) restore() {
	d.t.Helper()
	if err := errors.Join(d.Unmount(), d.Mount()); err != nil {
		d.t.Fatal(err)
	}
}
