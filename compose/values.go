package compose

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"
)

// valueForms are the values whose form the schema does not check: compose-go
// would stop at the first one that it cannot read.
func valueForms() map[string]func(value any) error {
	forms := map[string]func(any) error{
		"services.*.ports[]":                   portForm,
		"services.*.volumes[]":                 volumeForm,
		"services.*.devices[]":                 deviceForm,
		"services.*.expose[]":                  exposeForm,
		"services.*.stop_grace_period":         durationForm,
		"services.*.volumes[].tmpfs.size":      bytesForm,
		"services.*.build.shm_size":            bytesForm,
		"services.*.deploy.*.delay":            durationForm,
		"services.*.deploy.*.monitor":          durationForm,
		"services.*.deploy.*.window":           durationForm,
		"services.*.deploy.resources.*.memory": bytesForm,
		"services.*.container_name":            containerNameForm,
		"services.*.image":                     imageForm,
		"networks.*.ipam.config[].subnet":      subnetForm,
	}
	for _, key := range []string{"ipv4_address", "ipv6_address"} {
		forms["services.*.networks.*."+key] = addressForm(key)
	}
	for _, key := range []string{"interval", "timeout", "start_period", "start_interval"} {
		forms["services.*.healthcheck."+key] = durationForm
	}
	for _, key := range []string{"mem_limit", "memswap_limit", "mem_reservation", "shm_size"} {
		forms["services.*."+key] = bytesForm
	}
	return forms
}

// checkValues reports every value of a form that cannot be read, where it
// counts and all its variables are set.
func (s *sources) checkValues(src *source, sc *scope) {
	w := formWalk{sources: s, src: src, scope: sc, forms: valueForms()}
	for _, section := range []string{"services", "networks"} {
		w.below(src.relevant()[section], path{section}, []string{section})
	}
}

// formWalk goes through a file with the patterns that its place matches.
type formWalk struct {
	sources *sources
	src     *source
	scope   *scope
	forms   map[string]func(any) error
}

func (w *formWalk) value(value any, at path, patterns []string) {
	if w.src.said[at.id()] || !w.scope.counts(w.src, at) {
		return
	}
	for _, pattern := range patterns {
		check, ok := w.forms[pattern]
		if !ok {
			continue
		}
		if err := check(value); err != nil {
			w.report(at, err)
		}
	}
	w.below(value, at, patterns)
}

// report says what is wrong with a value; what docker compose takes is no
// problem of the file.
func (w *formWalk) report(at path, err error) {
	p := w.sources.problemAt(w.src, at)
	p.Message = err.Error()
	if name := w.src.blank[at.id()]; name != "" {
		p.Message = fmt.Sprintf("%s is not set: %s", name, p.Message)
	}
	var unfit unfitError
	var noted noteError
	switch {
	case errors.As(err, &noted):
		w.sources.ps.note(p)
	case errors.As(err, &unfit) && w.sources.ps.asWritten:
		w.sources.ps.later(p)
	default:
		w.src.bad = append(w.src.bad, at)
		w.sources.ps.add(p)
	}
}

// unfitError is about a value that docker compose reads and no engine takes.
type unfitError struct{ error }

func unfit(format string, args ...any) error { return unfitError{fmt.Errorf(format, args...)} }

// noteError is about a value that is taken otherwise than it looks.
type noteError struct{ error }

func (w *formWalk) below(value any, at path, patterns []string) {
	switch v := value.(type) {
	case map[string]any:
		for key, entry := range v {
			w.value(entry, at.next(key), w.live(patterns, "."+key, ".*"))
		}
	case []any:
		for i, entry := range v {
			w.value(entry, at.next(item(i)), w.live(patterns, "[]"))
		}
	}
}

// live extends each pattern and keeps those that some form begins with.
func (w *formWalk) live(patterns []string, extensions ...string) []string {
	var out []string
	for _, pattern := range patterns {
		for _, extension := range extensions {
			longer := pattern + extension
			for form := range w.forms {
				if strings.HasPrefix(form, longer) {
					out = append(out, longer)
					break
				}
			}
		}
	}
	return out
}

func portForm(value any) error {
	if mapping, ok := value.(map[string]any); ok {
		return longPortForm(mapping)
	}
	text, ok := value.(string)
	if !ok {
		return nil
	}
	if _, err := types.ParsePortConfig(text); err != nil {
		return fmt.Errorf("%+q is not a port mapping", shorten(text, 80))
	}
	return nil
}

// longPortForm checks the numbers of the long form, which compose-go hands on
// as they are.
func longPortForm(port map[string]any) error {
	target, ok := port["target"]
	if !ok {
		return errors.New("target is missing: the container's port")
	}
	if number, err := strconv.Atoi(fmt.Sprint(target)); err == nil && !isPort(strconv.Itoa(number)) {
		return fmt.Errorf("the target %d is not a port", number)
	}
	host, _ := port["host_ip"].(string)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); host != "" && err != nil {
		return fmt.Errorf("the host_ip %+q is not an address", shorten(host, 40))
	}
	published := fmt.Sprint(port["published"])
	if port["published"] == nil || published == "" || published == "0" {
		return nil
	}
	first, last, isRange := strings.Cut(published, "-")
	if !isPort(first) || isRange && !isPort(last) {
		return fmt.Errorf("the published %+q is not a port or a range of ports", shorten(published, 40))
	}
	return nil
}

func isPort(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && number > 0
}

func deviceForm(value any) error {
	if text, ok := value.(string); ok && strings.Count(text, ":") > 2 {
		return fmt.Errorf("%+q is not a device: write source:target:permissions", shorten(text, 80))
	} else if ok && text == "" {
		return unfit("%+q is not a device: write source:target:permissions", shorten(text, 80))
	}
	return nil
}

func exposeForm(value any) error {
	text := fmt.Sprint(value)
	ports, _, _ := strings.Cut(text, "/")
	if _, err := types.ParsePortConfig(text); err != nil || strings.Contains(ports, ":") {
		return unfit("%+q is not a port or a range of ports", shorten(text, 80))
	}
	return nil
}

func volumeForm(value any) error {
	if mapping, ok := value.(map[string]any); ok {
		if mapping["type"] == "bind" && (mapping["source"] == nil || mapping["source"] == "") {
			return errors.New("a bind mount needs a source")
		}
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return nil
	}
	volume, err := format.ParseVolume(text)
	if err != nil {
		return fmt.Errorf("%+q is not a mount: write source:target or source:target:ro", shorten(text, 80))
	}
	if !strings.HasPrefix(volume.Target, "/") && !isWindowsPath(volume.Target) {
		return unfit("the target %+q of the mount is not absolute", shorten(volume.Target, 80))
	}
	return volumeOption(text)
}

// volumeOption notes an option of the short form that compose-go drops without
// a word.
func volumeOption(text string) error {
	parts := strings.Split(text, ":")
	last := parts[len(parts)-1]
	if len(parts) < 3 || isWindowsPath(text) || strings.HasPrefix(last, "/") {
		return nil
	}
	known := append([]string{"ro", "rw", "nocopy", "z", "Z", "consistent", "cached", "delegated"}, format.Propagations...)
	for option := range strings.SplitSeq(last, ",") {
		if !slices.Contains(known, option) {
			return noteError{fmt.Errorf("%+q is no option of a mount, which is made without it; the options are %s", shorten(option, 40), strings.Join(known, ", "))}
		}
	}
	return nil
}

func imageForm(value any) error {
	text, ok := value.(string)
	if !ok || text == "" {
		return nil
	}
	if _, err := reference.ParseAnyReference(text); err != nil {
		return unfit("%+q is not an image: write name:tag", shorten(text, 80))
	}
	return nil
}

var containerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

func containerNameForm(value any) error {
	if text, ok := value.(string); ok && !containerName.MatchString(text) {
		return fmt.Errorf("%+q is not a name: use letters, digits, _, . and -", shorten(text, 80))
	}
	return nil
}

func addressForm(key string) func(any) error {
	return func(value any) error {
		text, _ := value.(string)
		address, err := netip.ParseAddr(text)
		if text != "" && (err != nil || address.Is4() != (key == "ipv4_address")) {
			return unfit("%+q is not an address of this kind", shorten(text, 40))
		}
		return nil
	}
}

func subnetForm(value any) error {
	text, ok := value.(string)
	if _, err := netip.ParsePrefix(text); ok && err != nil {
		return unfit("%+q is not a subnet: write e.g. 10.9.0.0/24", shorten(text, 40))
	}
	return nil
}

func isWindowsPath(name string) bool {
	return strings.Contains(name, `\`) || len(name) > 1 && name[1] == ':'
}

func durationForm(value any) error {
	if _, ok := value.(string); !ok {
		return nil
	}
	var d types.Duration
	if err := d.DecodeMapstructure(value); err != nil {
		return fmt.Errorf("%+q is not a duration: write e.g. 90s or 1m30s", shorten(fmt.Sprint(value), 40))
	}
	if d < 0 {
		return unfit("a duration must not be negative")
	}
	return nil
}

func bytesForm(value any) error {
	var size types.UnitBytes
	if err := size.DecodeMapstructure(value); err != nil {
		return fmt.Errorf("%+q is not a size: write e.g. 64m or 1g", shorten(fmt.Sprint(value), 40))
	}
	return nil
}
