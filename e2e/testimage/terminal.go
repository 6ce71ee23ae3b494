package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// terminal says whether it has one and how large that is, and with follow
// again each time it changes, until it is sent a line.
func terminal(args []string) error {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	tell := func() {
		width, height, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			fmt.Println("no terminal")
			return
		}
		fmt.Printf("%dx%d\n", width, height)
	}
	tell()
	if option(args, "follow", "") == "" {
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		var line string
		_, err := fmt.Scanln(&line)
		fmt.Println("got", strings.ToUpper(line))
		ended <- err
	}()
	for {
		select {
		case <-changed:
			tell()
		case err := <-ended:
			return err
		}
	}
}
