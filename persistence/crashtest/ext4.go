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

// ext4Size is the size of the device.
const ext4Size = 128 << 20

// Ext4 is a real ext4 on a loop device, which only root can have.
type Ext4 struct{ loop, mount string }

// NewExt4 makes one in a directory, with its image and its mount point, and mounts it.
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

// Dir is its root.
func (d *Ext4) Dir() string { return d.mount }

// Mount mounts it again; what its journal knows of comes back.
func (d *Ext4) Mount() error {
	_, err := run("mount", "-t", "ext4", d.loop, d.mount)
	return err
}

// Shutdown cuts the power: nothing reaches the device any more, not even what the journal has in memory. Whoever uses a file gets errors from now on.
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

// Unmount unmounts it. Whoever has files open has to have ended before.
func (d *Ext4) Unmount() error {
	_, err := run("umount", d.mount)
	return err
}

// Close gives the device back; it has to be unmounted.
func (d *Ext4) Close() error {
	_, err := run("losetup", "--detach", d.loop)
	return err
}

// run runs a program of the system's and returns what it says.
func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput() //nolint:gosec,noctx // ours, and also when a test has ended.
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
