package docker

import (
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/mount"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/orchestrator"
)

// mounts is everything that is mounted or copied into a container.
type mounts struct {
	mounts []mount.Mount
	// binds is the older form, for what the newer one cannot say. With it
	// the engine makes a directory where a source is missing.
	binds []string
	// tmpfs maps a path to its options.
	tmpfs map[string]string
	files []injected
	// makeDirs and mustExist are paths on this host.
	makeDirs, mustExist []string
}

// planMounts maps volumes, tmpfs, secrets and configs. The first one to name
// a target has it: a volume wins over a secret.
func planMounts(spec orchestrator.ContainerSpec, t target) (mounts, error) {
	var plan mounts
	taken := map[string]bool{}
	for _, v := range lastOfEach(spec.Service.Volumes) {
		if err := plan.addVolume(spec, v, t); err != nil {
			return mounts{}, err
		}
		taken[v.Target] = true
	}
	for _, entry := range spec.Service.Tmpfs {
		path, options, _ := strings.Cut(entry, ":")
		if plan.tmpfs == nil {
			plan.tmpfs = map[string]string{}
		}
		plan.tmpfs[path] = options
		taken[path] = true
	}
	for _, target := range sortedKeys(spec.Inherit) {
		if !taken[target] {
			taken[target] = true
			plan.mounts = append(plan.mounts, mount.Mount{Type: mount.TypeVolume, Source: spec.Inherit[target], Target: target})
		}
	}
	return plan, plan.addFiles(spec, taken)
}

// lastOfEach keeps the last entry of each target, as a later file overrides.
func lastOfEach(volumes []types.ServiceVolumeConfig) []types.ServiceVolumeConfig {
	last := map[string]int{}
	for i, v := range volumes {
		last[v.Target] = i
	}
	var kept []types.ServiceVolumeConfig
	for i, v := range volumes {
		if last[v.Target] == i {
			kept = append(kept, v)
		}
	}
	return kept
}

func (plan *mounts) addVolume(spec orchestrator.ContainerSpec, v types.ServiceVolumeConfig, t target) error {
	switch v.Type {
	case types.VolumeTypeBind:
		return plan.addBind(spec.Service.Name, v, t)
	case types.VolumeTypeVolume:
		plan.mounts = append(plan.mounts, volumeMount(spec, v))
	default:
		plan.mounts = append(plan.mounts, otherMount(v))
	}
	return nil
}

// addBind prefers the newer form, with which a missing source is an error.
// SELinux labels are only known to the older one.
func (plan *mounts) addBind(service string, v types.ServiceVolumeConfig, t target) error {
	bind := v.Bind
	if bind == nil {
		bind = &types.ServiceVolumeBind{}
	}
	create := bool(bind.CreateHostPath)
	if create && t.local {
		plan.makeDirs = append(plan.makeDirs, v.Source)
	}
	switch {
	case bind.SELinux != "" && bind.Recursive != "":
		return fault.New(fault.Config, "%s.volumes %s: selinux and recursive exclude each other", service, v.Target)
	case bind.SELinux != "" || (create && !t.local && !t.api.atLeast("1.42")):
		if !create && t.local {
			plan.mustExist = append(plan.mustExist, v.Source)
		}
		plan.binds = append(plan.binds, bindString(v, *bind))
	default:
		m := mount.Mount{
			Type: mount.TypeBind, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly,
			Consistency: mount.Consistency(v.Consistency),
		}
		m.BindOptions = bindOptions(*bind, create && t.api.atLeast("1.42"))
		plan.mounts = append(plan.mounts, m)
	}
	return nil
}

func bindString(v types.ServiceVolumeConfig, bind types.ServiceVolumeBind) string {
	options := []string{"rw"}
	if v.ReadOnly {
		options[0] = "ro"
	}
	for _, option := range []string{bind.SELinux, bind.Propagation} {
		if option != "" {
			options = append(options, option)
		}
	}
	return v.Source + ":" + v.Target + ":" + strings.Join(options, ",")
}

// bindOptions is nil when nothing is asked for.
func bindOptions(bind types.ServiceVolumeBind, create bool) *mount.BindOptions {
	options := mount.BindOptions{
		Propagation:            mount.Propagation(bind.Propagation),
		CreateMountpoint:       create,
		NonRecursive:           bind.Recursive == "disabled",
		ReadOnlyNonRecursive:   bind.Recursive == "writable",
		ReadOnlyForceRecursive: bind.Recursive == "readonly",
	}
	if options == (mount.BindOptions{}) {
		return nil
	}
	return &options
}

// volumeMount maps a named volume to the engine's name, and an anonymous one
// to the volume that it inherits.
func volumeMount(spec orchestrator.ContainerSpec, v types.ServiceVolumeConfig) mount.Mount {
	m := mount.Mount{
		Type: mount.TypeVolume, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly,
		Consistency: mount.Consistency(v.Consistency),
	}
	options := mount.VolumeOptions{}
	if v.Volume != nil {
		options.NoCopy, options.Subpath, options.Labels = v.Volume.NoCopy, v.Volume.Subpath, v.Volume.Labels
	}
	if declared, ok := spec.Project.Volumes[v.Source]; ok {
		m.Source = declared.Name
		// An engine that is still at a container of a killed copy makes the volume
		// again that was removed meanwhile: it has to be found once more.
		if spec.Project.Labels != nil && !bool(declared.External) {
			options.Labels = types.Mapping(spec.Project.Labels).Clone().Merge(options.Labels)
		}
	}
	if v.Source == "" {
		m.Source = spec.Inherit[v.Target]
	}
	if m.Source == "" && spec.Service.VolumeDriver != "" {
		options.DriverConfig = &mount.Driver{Name: spec.Service.VolumeDriver}
	}
	if options.NoCopy || options.Subpath != "" || len(options.Labels) > 0 || options.DriverConfig != nil {
		m.VolumeOptions = &options
	}
	return m
}

// otherMount maps tmpfs, image, npipe and cluster mounts.
func otherMount(v types.ServiceVolumeConfig) mount.Mount {
	m := mount.Mount{
		Type: mount.Type(v.Type), Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly,
		Consistency: mount.Consistency(v.Consistency),
	}
	if v.Tmpfs != nil {
		m.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: int64(v.Tmpfs.Size), Mode: os.FileMode(v.Tmpfs.Mode)}
	}
	if v.Image != nil && v.Image.SubPath != "" {
		m.ImageOptions = &mount.ImageOptions{Subpath: v.Image.SubPath}
	}
	return m
}

// addFiles maps secrets and configs: files are mounted, the rest is copied.
func (plan *mounts) addFiles(spec orchestrator.ContainerSpec, taken map[string]bool) error {
	references, err := fileReferences(spec)
	if err != nil {
		return err
	}
	for _, r := range references {
		if taken[r.path] {
			continue
		}
		taken[r.path] = true
		if r.source != "" {
			plan.mounts = append(plan.mounts, mount.Mount{Type: mount.TypeBind, Source: r.source, Target: r.path, ReadOnly: true})
			continue
		}
		if hidden := plan.hiddenBy(r.path); hidden != "" {
			return fault.New(fault.Config, "%s: %s is copied to %s, which the tmpfs at %s would hide", spec.Service.Name, r.what, r.path, hidden).
				WithHint("give it with file: instead, which is mounted, or choose another target")
		}
		plan.files = append(plan.files, r.injected)
	}
	return nil
}

// hiddenBy returns the tmpfs that is mounted over path at start, "" for none.
func (plan *mounts) hiddenBy(path string) string {
	over := sortedKeys(plan.tmpfs)
	for _, m := range plan.mounts {
		if m.Type == mount.TypeTmpfs {
			over = append(over, m.Target)
		}
	}
	i := slices.IndexFunc(over, func(dir string) bool {
		return strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
	})
	if i < 0 {
		return ""
	}
	return over[i]
}
