package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// A page of bbolt begins with its number (8 bytes), its kind (2), the number of its elements (2) and of the pages that it goes on for (4), in the machine's
// byte order. An element has 16 bytes: in a branch the last 8 are the page that it leads to; in a leaf there are flags, the place of its key counted from
// itself, and the lengths of key and value, each 4.
const (
	pageHeader  = 16
	pageElement = 16
	pageBranch  = 1
	pageLeaf    = 2
	leafBucket  = 1 // the value begins with the page of a bucket
)

// pages is the tree of a file. What leads in a circle bbolt follows until there is no stack or no memory left, which nothing recovers. So a file is walked through
// before: its branches, and the leaf that has the buckets.
type pages struct {
	data []byte
	size int
	seen map[uint64]bool // the branches
}

// checkPages walks through the pages of a file. It may panic, or fault, where the file is damaged otherwise.
func checkPages(path string, size int, tx *bolt.Tx) (err error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED|populate(info.Size()))
	if err != nil {
		return fmt.Errorf("cannot be mapped: %w", err)
	}
	defer func() { err = errors.Join(err, syscall.Munmap(data)) }()
	p := &pages{data: data, size: size, seen: map[uint64]bool{}}
	return p.walk(uint64(tx.Cursor().Bucket().Root()), true)
}

// walk goes through what a page leads to; buckets says that its leaves have buckets.
func (p *pages) walk(id uint64, buckets bool) error {
	if id >= uint64(len(p.data)/p.size) { //nolint:gosec // neither is negative.
		return fmt.Errorf("is damaged (page %d is not there)"+remedy, id)
	}
	page := p.data[int(id)*p.size:] //nolint:gosec // it is within the file.
	elements := page[pageHeader:]
	n := int(binary.NativeEndian.Uint16(page[10:]))
	switch kind := binary.NativeEndian.Uint16(page[8:]); {
	case kind == pageBranch && p.seen[id]:
		return fmt.Errorf("is damaged (page %d leads back to itself)"+remedy, id)
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
	return nil // what has another kind is bbolt's to refuse
}

// bucket goes through the bucket of an element, unless it is so small that it has no page.
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
