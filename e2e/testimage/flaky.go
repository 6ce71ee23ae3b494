package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// flaky is a job: it fails with exit=1 in its first times=N runs, which it
// counts in file=/data/runs, and succeeds in the next.
func flaky(args []string) error {
	if early(args) {
		code, _ := strconv.Atoi(option(args, "exit", "1"))
		fmt.Println("failing as told")
		os.Exit(code)
	}
	time.Sleep(duration(args, "after")) // the mode is a delay
	return nil
}
