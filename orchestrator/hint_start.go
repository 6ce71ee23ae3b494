package orchestrator

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/stackctl/stackctl/compose"
)

// startError is one error with which engines refuse to start a container.
type startError struct {
	// form matches the whole of what tells it from its neighbours, not a word
	// that others have too.
	form *regexp.Regexp
	// hint takes what the form's groups matched.
	hint string
}

// startErrors are the errors of Engine 20.10 to 28.5, of runc and crun, the more
// special ones first. %[1]s is the first group of the form.
//
//nolint:gochecknoglobals // compiled once, never changed
var startErrors = sync.OnceValue(func() []startError {
	var all []startError
	for _, known := range [][2]string{
		{`adding custom device "([^"]+)": no such file or directory`, "this host has no %[1]s: look at devices:"},
		{`adding custom device "([^"]+)": not a device node`, "%[1]s is no device: look at devices:"},
		{`could not select device driver "[^"]*" with capabilities: \[\[([^\]]*)\]`, "the engine has no driver for devices with the capability %[1]s (for NVIDIA, its container toolkit): install it, or take gpus: and the reservation of devices away"},
		{`nvidia-container-cli: `, "the host's NVIDIA driver does not give what is asked for: look at gpus: and at nvidia-smi on the host"},
		{`(?:open|write) /proc/sys/(\S+): (?:no such file or directory|permission denied|read-only file system)`, "the kernel has no sysctl %[1]s that a container may set: look at sysctls:"},
		{`open sysctl (\S+) file: .*(?:no such file or directory|permission denied)`, "the kernel has no sysctl %[1]s that a container may set: look at sysctls:"},
		{`write /proc/sys/(\S+): invalid argument`, "the sysctl %[1]s does not take that value: look at sysctls:"},
		{`failed to write sysctl (\S+) = .*: invalid argument`, "the sysctl %[1]s does not take that value: look at sysctls:"},
		{`error setting rlimit`, "the engine may not set a limit as high: look at ulimits:"},
		{`apparmor failed to apply profile`, "the engine's host has not loaded that AppArmor profile: look at security_opt:"},
		{`(?i)seccomp.*(?:profile|filter).*(?:failed|invalid|error)|(?:failed|error).*seccomp (?:profile|filter)`, "the engine does not take that seccomp profile: look at security_opt:"},
		{`memory limit too low`, "the memory limit is too low for the container to start: raise mem_limit"},
		{`chdir to cwd \("([^"]+)"\) set in config\.json failed`, "the container's user cannot enter %[1]s: look at working_dir: and user:"},
		{`unable to find user (.+): no matching entries in passwd file`, "the image has no user %[1]s: look at user:, a number needs no entry"},
		{`unable to find group (.+): no matching entries in group file`, "the image has no group %[1]s: look at user: and group_add:, a number needs no entry"},
		{`failed to initialize logging driver: (.+)$`, "the log driver does not work: look at logging:"},
		{`error mounting "[^"]+" to rootfs at "([^"]+)": .*[rR]ead-only file system`, "there is no %[1]s to mount at, and nothing can be made there: mount at a path that the image has, or take read_only away"},
		{`error mounting "tmpfs" to rootfs at "([^"]+)": .*invalid argument`, "the options of the tmpfs at %[1]s are not valid: look at tmpfs: and volumes:"},
		{`error mounting "([^"]+)" to rootfs at "([^"]+)": .*not a directory`, "%[1]s and what is at %[2]s in the container are not both a file, or both a directory: look at volumes:"},
		{`error mounting "(/[^"]+)" to rootfs at "[^"]+": .*no such file or directory`, "%[1]s is not on the engine's host: look at volumes:"},
		{`bind source path does not exist: (.+)$`, "%[1]s is not on the engine's host: look at volumes:"},
		{`exec: "([^"]+)": is a directory`, "%[1]s is a directory and no program: look at entrypoint: and command:"},
		{`exec: "[^"]+": permission denied`, notExecutableHint},
		{`exec: "[^"]+": executable file not found in \$PATH`, "the program is not in the image: look at entrypoint: and command:"},
		{`executable file ` + "`" + `[^` + "`" + `]+` + "`" + ` not found in \$PATH`, "the program is not in the image: look at entrypoint: and command:"},
		{`exec: "[^"]+": (?:stat \S+: )?no such file or directory|exec:? /\S+: no such file or directory`, missingProgramHint},
		{`exec /\S+: permission denied`, notExecutableHint},
		{`exec.*: exec format error`, "the image is for another platform, or its entrypoint is a script without a #! line: set platform:, or use an image for this one"},
		{`network (\S+) not found`, "network %[1]s was removed: stackctl up makes it anew and connects the container"},
		{`cannot join network of a non running container|joining network namespace of container: No such container`, "the container whose network it shares does not run: stackctl up starts that first"},
		{`cannot assign requested address`, "the engine's host does not have the address to publish at: look at ports:"},
		{`It does not belong to any of this network's subnets|no configured subnet or ip-range contain the IP address`, "the fixed address is not in the network's subnet: look at ipv4_address: and ipam:"},
		{`user specified IP address is supported only when connecting to networks with user configured subnets`, "a fixed address needs a network with a subnet of the file's: look at ipam:"},
	} {
		all = append(all, startError{regexp.MustCompile(known[0]), known[1]})
	}
	return all
})

const (
	notExecutableHint  = "the program is not executable for the container's user: chmod +x in the image, or look at user: and at mounts with noexec"
	missingProgramHint = "the program, or the interpreter in its #! line, is not in the image: look at entrypoint: and command:"
)

// startHint is what can be done about a container that the engine could not
// start, by the engine's words.
func startHint(said string, p *compose.Project) string {
	if hint := volumeHint(said, p); hint != "" {
		return hint
	}
	for _, known := range startErrors() {
		groups := known.form.FindStringSubmatch(said)
		if groups == nil {
			continue
		}
		args := make([]any, len(groups)-1)
		for i, group := range groups[1:] {
			args[i] = group
		}
		if !strings.Contains(known.hint, "%[") {
			return known.hint
		}
		return fmt.Sprintf(known.hint, args[:min(len(args), strings.Count(known.hint, "%["))]...)
	}
	return ""
}

// volumeMount matches a volume of the driver local that cannot be mounted: its
// device, the engine's name of it and the reason.
//
//nolint:gochecknoglobals // compiled once, never changed
var volumeMount = regexp.MustCompile(`failed to mount local volume: mount (.*?):/\S*/([^/\s]+)/_data(?:, flags: \w+)?(?:, data: .*?)?: ([a-z -]+)$`)

// volumeHint is startHint for a volume with options that cannot be mounted.
func volumeHint(said string, p *compose.Project) string {
	groups := volumeMount.FindStringSubmatch(said)
	if groups == nil {
		return ""
	}
	device, where := groups[1], "driver_opts of volume "+volumeKey(p, groups[2])
	switch groups[3] {
	case "no such file or directory":
		return fmt.Sprintf("%s is not on the engine's host: look at %s", device, where)
	case "no such device":
		return "the engine's host cannot mount a file system of that type: look at type: in " + where
	case "invalid argument":
		return "the options are not valid for that type of file system: look at o: in " + where
	case "not a directory":
		return fmt.Sprintf("%s is no directory: look at %s", device, where)
	}
	return "look at " + where
}

// volumeKey is the name that the file has for a volume of the engine.
func volumeKey(p *compose.Project, name string) string {
	if p != nil {
		for _, key := range sortedKeys(p.Volumes) {
			if p.Volumes[key].Name == name {
				return key
			}
		}
	}
	return name
}
