// Verify checks a published log with the Go project's own packages, golang.org/x/mod/sumdb/note and .../tlog:
//
//	verify FOLDER VKEY
//
// It opens the signed note with VKEY, lets tlog authenticate every tile against the root of the checkpoint, and compares
// the record hash of every entry in the bundles with the authenticated one. It prints the size and the root.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

// ReadTiles reads tile/<L>/<N>: tlog's own path has the height in it, tile/8/<L>/<N>.
func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		path := "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
		b, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func checkpoint(f folder, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	check(err)
	msg, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	check(err)
	n, err := note.Open(msg, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		fail("not a checkpoint of %s: %q", verifier.Name(), n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

func bundle(f folder, index, size int64) [][]byte {
	width := size - index<<height
	if width > 1<<height {
		width = 1 << height
	}
	t := tlog.Tile{H: height, L: 0, N: index, W: int(width)}
	path := "tile/entries/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/0/", height))
	b, err := os.ReadFile(filepath.Join(string(f), path))
	check(err)
	var entries [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			fail("%s ends within an entry", path)
		}
		length := 2 + int(binary.BigEndian.Uint16(b))
		entries, b = append(entries, b[2:length]), b[length:]
	}
	if len(entries) != int(width) {
		fail("%s has %d entries, not %d", path, len(entries), width)
	}
	return entries
}

func main() {
	if len(os.Args) != 3 {
		fail("verify FOLDER VKEY")
	}
	f := folder(os.Args[1])
	tree := checkpoint(f, os.Args[2])
	hashes := tlog.TileHashReader(tree, f) // what it returns is proven to stand under tree.Hash
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash {
		fail("the tiles lead to %v, the checkpoint says %v", root, tree.Hash)
	}
	for index := int64(0); index<<height < tree.N; index++ {
		entries := bundle(f, index, tree.N)
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, index<<height+int64(i))
		}
		proven, err := hashes.ReadHashes(indexes)
		check(err)
		for i, entry := range entries {
			if tlog.RecordHash(entry) != proven[i] {
				fail("entry %d is not the one in the tree", index<<height+int64(i))
			}
		}
	}
	fmt.Println(tree.N, tree.Hash)
}
