//go:build linux

package crashtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A disk writes pages and may tear them at sectors.
const (
	pageSize   = 4096
	sectorSize = 512
)

// FS is a mounted file system.
type FS struct {
	server *fuse.Server

	mu       sync.Mutex
	files    map[string]*file
	durable  map[string]*file // the names at the last sync of the directory
	space    int64            // the limit in bytes, 0 for none
	failing  int              // the number of syncs that are to fail
	onChange func()
}

// Mount mounts a file system with the files of a crash image, or an empty one.
func Mount(dir string, image map[string][]byte) (*FS, error) {
	f := &FS{files: map[string]*file{}, durable: map[string]*file{}}
	server, err := fs.Mount(dir, &root{fs: f, image: image}, &fs.Options{MountOptions: fuse.MountOptions{Name: "crashfs", DirectMount: true}})
	if err != nil {
		return nil, fmt.Errorf("mount: %w", err)
	}
	f.server = server
	return f, nil
}

// Unmount unmounts the file system. Its files have to be closed before.
func (f *FS) Unmount() error {
	if err := f.server.Unmount(); err != nil {
		return fmt.Errorf("unmount: %w", err)
	}
	return nil
}

// Crash returns the contents of the disk after a power failure: name to contents. Names that
// were created, renamed or removed since the last sync of the directory may be as before.
func (f *FS) Crash(r *rand.Rand) map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crash(r)
}

// OnChange calls fn before each change and each sync, with the image of a crash at that moment.
// The writing process goes on.
func (f *FS) OnChange(r *rand.Rand, fn func(image map[string][]byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onChange = func() { fn(f.crash(r)) }
}

// changing is called under the lock before a change.
func (f *FS) changing() {
	if f.onChange != nil {
		f.onChange()
	}
}

func (f *FS) crash(r *rand.Rand) map[string][]byte {
	names := f.files
	if r.IntN(2) == 0 {
		names = f.durable
	}
	out := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out[name] = names[name].crash(r)
	}
	return out
}

// SetSpace limits the disk to n bytes; 0 is no limit. A write beyond fails with ENOSPC.
func (f *FS) SetSpace(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.space = n
}

// FailSyncs makes the next n syncs of files fail with EIO. As on Linux, the unsynced data is
// lost, and a later sync does not write it.
func (f *FS) FailSyncs(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failing = n
}

func (f *FS) used() (n int64) {
	for _, file := range f.files {
		n += int64(len(file.live))
	}
	return n
}

// op is an unsynced change: a write, or a new size when data is nil.
type op struct {
	off  int64
	data []byte
}

// file is one file, guarded by the file system's mutex.
type file struct {
	fs.Inode
	fs     *FS
	live   []byte
	synced []byte
	ops    []op
}

func apply(b []byte, o op) []byte {
	if o.data == nil {
		return resize(b, o.off)
	}
	if end := o.off + int64(len(o.data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[o.off:], o.data)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

func (f *file) change(o op) {
	f.live = apply(f.live, o)
	f.ops = append(f.ops, o)
}

func (f *file) sync() {
	for _, o := range f.ops {
		f.synced = apply(f.synced, o)
	}
	f.ops = nil
}

// crash applies a random part of the unsynced changes.
func (f *file) crash(r *rand.Rand) []byte {
	image := slices.Clone(f.synced)
	var kept []op
	for _, o := range f.ops {
		if o.data == nil {
			if r.IntN(2) == 0 {
				kept = append(kept, o)
			}
			continue
		}
		for at := 0; at < len(o.data); at += pageSize {
			if r.IntN(2) == 0 {
				kept = append(kept, op{off: o.off + int64(at), data: o.data[at:min(at+pageSize, len(o.data))]})
			}
		}
	}
	if n := len(kept) - 1; n >= 0 && len(kept[n].data) > sectorSize {
		kept[n].data = kept[n].data[:sectorSize*(1+r.IntN(len(kept[n].data)/sectorSize))]
	}
	for _, o := range kept {
		image = apply(image, o)
	}
	return image
}

// root is the directory.
type root struct {
	fs.Inode
	fs    *FS
	image map[string][]byte
}

// OnAdd adds the files of the image.
func (d *root) OnAdd(ctx context.Context) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	for name, b := range d.image {
		f := &file{fs: d.fs, live: slices.Clone(b), synced: slices.Clone(b)}
		d.fs.files[name] = f
		d.AddChild(name, d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), true)
	}
	d.fs.durable = maps.Clone(d.fs.files)
}

// Create creates a file.
func (d *root) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.changing()
	f := &file{fs: d.fs}
	d.fs.files[name] = f
	out.Mode = syscall.S_IFREG | 0o600
	return d.NewInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), nil, 0, 0
}

// Mknod creates a socket.
func (d *root) Mknod(ctx context.Context, _ string, mode, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return nil, syscall.EPERM
	}
	out.Mode = mode
	return d.NewInode(ctx, &socket{}, fs.StableAttr{Mode: syscall.S_IFSOCK}), 0
}

// Unlink removes a name.
func (d *root) Unlink(_ context.Context, name string) syscall.Errno {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.changing()
	delete(d.fs.files, name)
	return 0
}

// Rename renames within the directory.
func (d *root) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.changing()
	d.fs.files[to] = d.fs.files[name]
	delete(d.fs.files, name)
	return 0
}

// Fsync makes the names durable.
func (d *root) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d.fs.mu.Lock()
	defer d.fs.mu.Unlock()
	d.fs.changing()
	d.fs.durable = maps.Clone(d.fs.files)
	return 0
}

// Open does nothing.
func (*file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) { return nil, 0, 0 }

// Getattr returns size and mode.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.attr(out)
	return 0
}

func (f *file) attr(out *fuse.AttrOut) {
	out.Mode, out.Size, out.Blksize = syscall.S_IFREG|0o600, uint64(len(f.live)), pageSize
}

// Setattr changes the size.
func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if n, ok := in.GetSize(); ok {
		f.fs.changing()
		f.change(op{off: int64(n)}) //nolint:gosec // a test's sizes.
	}
	f.attr(out)
	return 0
}

// Read reads.
func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if off >= int64(len(f.live)) {
		return fuse.ReadResultData(nil), 0
	}
	n := copy(dest, f.live[off:])
	return fuse.ReadResultData(dest[:n]), 0
}

// Write writes.
func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if grows := off + int64(len(data)) - int64(len(f.live)); f.fs.space > 0 && f.fs.used()+max(0, grows) > f.fs.space {
		return 0, syscall.ENOSPC
	}
	f.fs.changing()
	f.change(op{off: off, data: slices.Clone(data)})
	return uint32(len(data)), 0 //nolint:gosec // a kernel's writes.
}

// Flush does nothing: closing is not syncing.
func (*file) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Fsync makes the contents durable.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.failing > 0 {
		f.fs.failing--
		f.ops = nil
		return syscall.EIO
	}
	f.fs.changing()
	f.sync()
	return 0
}

// socket is a Unix socket. It does not survive a crash.
type socket struct{ fs.Inode }

// Getattr returns the mode.
func (*socket) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = syscall.S_IFSOCK | 0o600
	return 0
}

// Setattr changes nothing: only the owner has access.
func (s *socket) Setattr(ctx context.Context, h fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return s.Getattr(ctx, h, out)
}
