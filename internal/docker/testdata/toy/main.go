// Command toy is the only program in the images of this package's tests: it
// does what its arguments say.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"wait"}
	}
	switch args[0] {
	case "wait": // until it is told to end
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
		<-stop
	case "exit": // with a code
		code, _ := strconv.Atoi(args[1])
		os.Exit(code)
	case "say": // one line on stdout, one on stderr
		fmt.Println(args[1])
		fmt.Fprintln(os.Stderr, args[2])
	case "cat": // files, with mode and owner
		for _, name := range args[1:] {
			content, err := os.ReadFile(name)
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			info, _ := os.Stat(name)
			owner := info.Sys().(*syscall.Stat_t)
			fmt.Printf("%s %04o %d:%d %s\n", name, info.Mode().Perm(), owner.Uid, owner.Gid, content)
		}
	case "echo": // stdin to stdout
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "flood": // more output than anybody keeps
		for range 4096 {
			fmt.Printf("%0127d\n", 7)
		}
	case "look": // up a host name
		addresses, err := net.LookupHost(args[1])
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(addresses[0])
	case "linger": // for a duration, deaf to signals
		signal.Ignore(syscall.SIGTERM)
		d, _ := time.ParseDuration(args[1])
		time.Sleep(d)
	}
}
