package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// goFiles lists the Go files below a folder, without the folders that hold no code of ours: hidden ones (caches, builds)
// and node_modules.
func goFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(name, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the Go files: %w", err)
	}
	return files, nil
}

// fuzzTargets finds the fuzz functions by reading the test files: quicker than to build every test program and ask it.
func fuzzTargets(root string) ([]fuzzTarget, error) {
	files, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var targets []fuzzTarget
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("find the fuzz targets: %w", err)
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return nil, fmt.Errorf("find the fuzz targets: %w", err)
		}
		for _, match := range fuzzFunc.FindAllSubmatch(source, -1) {
			targets = append(targets, fuzzTarget{folder: filepath.ToSlash(folder), name: string(match[1])})
		}
	}
	return targets, nil
}
