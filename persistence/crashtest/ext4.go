//go:build linux

package crashtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ext4Size is the size of the device in bytes.
const ext4Size = 128 << 20

// Ext4 is a real ext4 on a loop device. It needs root.
type Ext4 struct{ loop, mount string }

// NewExt4 creates an image and a mount point in a directory, and mounts the image.
func NewExt4(dir string) (*Ext4, error) {
	image, d := filepath.Join(dir, "image"), &Ext4{mount: filepath.Join(dir, "mount")}
	if err := errors.Join(os.Mkdir(d.mount, 0o700), os.WriteFile(image, nil, 0o600), os.Truncate(image, ext4Size)); err != nil {
		return nil, fmt.Errorf("ext4: %w", err)
	}
	if _, err := run("mkfs.ext4", "-q", "-F", image); err != nil {
		return nil, err
	}
	loop, err := run("losetup", "--find", "--show", image)
	if err != nil {
		return nil, err
	}
	d.loop = loop
	if err := d.Mount(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Dir returns the root of the file system.
func (d *Ext4) Dir() string { return d.mount }

// Mount mounts the file system again, and so replays its journal.
func (d *Ext4) Mount() error {
	_, err := run("mount", "-t", "ext4", d.loop, d.mount)
	return err
}

// Shutdown cuts the power: nothing reaches the device any more, not even the journal in memory.
// Open files return errors from now on.
func (d *Ext4) Shutdown() error {
	root, err := os.Open(d.mount)
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	const goDown, noLogFlush = 0x8004587d, 2
	if err := errors.Join(unix.IoctlSetPointerInt(int(root.Fd()), goDown, noLogFlush), root.Close()); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

// Unmount unmounts the file system. Its files have to be closed before.
func (d *Ext4) Unmount() error {
	_, err := run("umount", d.mount)
	return err
}

// Close releases the loop device of an unmounted file system.
func (d *Ext4) Close() error {
	_, err := run("losetup", "--detach", d.loop)
	return err
}

// run runs a system program and returns its output.
func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput() //nolint:gosec,noctx // ours, and also when a test has ended.
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
