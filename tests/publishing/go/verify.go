// Verify checks a published log with the Go project's own packages, golang.org/x/mod/sumdb/note and .../tlog:
//
//	verify FOLDER VKEY
//
// It opens the signed note with VKEY, makes the tree of all entries in the bundles, compares root and every tile, and
// checks proofs that it reads from the tiles alone. It prints the size and the root.
package main

import (
	"bytes"
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

// tiles lists those of c2sp.org/tlog-tiles: tlog.NewTiles has all narrower ones of the right edge, too.
func tiles(size int64) (all []tlog.Tile) {
	for level := 0; size>>(height*level) > 0; level++ {
		count := size >> (height * level)
		for n := int64(0); n<<height < count; n++ {
			width := count - n<<height
			if width > 1<<height {
				width = 1 << height
			}
			all = append(all, tlog.Tile{H: height, L: level, N: n, W: int(width)})
		}
	}
	return all
}

// grow makes the tree of all entries with tlog's own hashing.
func grow(f folder, size int64) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for index := int64(0); index<<height < size; index++ {
		for i, entry := range bundle(f, index, size) {
			hashes, err := tlog.StoredHashes(index<<height+int64(i), entry, reader)
			check(err)
			stored = append(stored, hashes...)
		}
	}
	return reader
}

func main() {
	if len(os.Args) != 3 {
		fail("verify FOLDER VKEY")
	}
	f := folder(os.Args[1])
	tree := checkpoint(f, os.Args[2])
	// From the entries up: their tree has the root of the checkpoint, and its tiles are those that are served.
	grown := grow(f, tree.N)
	root, err := tlog.TreeHash(tree.N, grown)
	check(err)
	if root != tree.Hash {
		fail("the entries lead to %v, the checkpoint says %v", root, tree.Hash)
	}
	for _, tile := range tiles(tree.N) {
		want, err := tlog.ReadTileData(tile, grown)
		check(err)
		got, err := f.ReadTiles([]tlog.Tile{tile})
		check(err)
		if !bytes.Equal(got[0], want) {
			fail("%s is not the tile of the entries", tile.Path())
		}
	}
	// As a client does, from tiles alone: proofs of some records, against the checkpoint.
	served := tlog.TileHashReader(tree, f)
	for n := int64(0); n < tree.N; n += 1 + tree.N/50 {
		proof, err := tlog.ProveRecord(tree.N, n, served)
		check(err)
		record := tlog.RecordHash(bundle(f, n>>height, tree.N)[n&(1<<height-1)])
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, n, record))
	}
	fmt.Println(tree.N, tree.Hash)
}
