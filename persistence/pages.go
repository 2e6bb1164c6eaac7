package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// A bbolt page begins with its number (8 bytes), its kind (2), the number of its elements (2)
// and of its overflow pages (4), in the machine's byte order. An element has 16 bytes. In a
// branch the last 8 are the number of the child page. In a leaf there are flags, the offset of
// the key from the element, and the lengths of key and value, 4 bytes each.
const (
	pageHeader  = 16
	pageElement = 16
	pageBranch  = 1
	pageLeaf    = 2
	leafBucket  = 1 // the value begins with the root page of a bucket
)

// pages is the page tree of a file. bbolt follows a cycle in a damaged file until the stack or
// memory is exhausted, which ends the process. So the branches, and the leaf with the buckets,
// are walked first.
type pages struct {
	data []byte
	size int
	seen map[uint64]bool // the branches
}

// checkPages walks through the pages of a file. It may panic or fault on other damage.
func checkPages(path string, size int, tx *bolt.Tx) (err error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED|populate(info.Size()))
	if err != nil {
		return fmt.Errorf("cannot be mapped: %w", err)
	}
	defer func() { err = errors.Join(err, syscall.Munmap(data)) }()
	p := &pages{data: data, size: size, seen: map[uint64]bool{}}
	return p.walk(uint64(tx.Cursor().Bucket().Root()), true)
}

// walk checks a page and its children. With buckets, its leaves hold buckets.
func (p *pages) walk(id uint64, buckets bool) error {
	if id >= uint64(len(p.data)/p.size) { //nolint:gosec // neither is negative.
		return fmt.Errorf("is damaged (page %d is missing)"+remedy, id)
	}
	page := p.data[int(id)*p.size:] //nolint:gosec // it is within the file.
	elements := page[pageHeader:]
	n := int(binary.NativeEndian.Uint16(page[10:]))
	switch kind := binary.NativeEndian.Uint16(page[8:]); {
	case kind == pageBranch && p.seen[id]:
		return fmt.Errorf("is damaged (page %d is its own ancestor)"+remedy, id)
	case kind == pageBranch:
		p.seen[id] = true
		for i := range n {
			if err := p.walk(binary.NativeEndian.Uint64(elements[i*pageElement+8:]), buckets); err != nil {
				return err
			}
		}
	case kind == pageLeaf && buckets:
		for i := range n {
			if err := p.bucket(elements[i*pageElement:]); err != nil {
				return err
			}
		}
	}
	return nil // bbolt refuses other kinds
}

// bucket walks through the bucket of an element, unless it is stored inline.
func (p *pages) bucket(element []byte) error {
	at := binary.NativeEndian.Uint32(element[4:]) + binary.NativeEndian.Uint32(element[8:])
	if binary.NativeEndian.Uint32(element)&leafBucket == 0 {
		return nil
	}
	if root := binary.NativeEndian.Uint64(element[at:]); root != 0 {
		return p.walk(root, false)
	}
	return nil
}
