package docker

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/stackctl/stackctl/compose"
	"github.com/stackctl/stackctl/orchestrator"
)

// resources maps the limits: deploy.resources overrides the older keys.
func resources(s *compose.Service) container.Resources {
	limits := orchestrator.LimitsOf(s)
	r := container.Resources{
		CgroupParent:       s.CgroupParent,
		CPUCount:           s.CPUCount,
		CPUPercent:         int64(s.CPUPercent * 100),
		CPUPeriod:          limits.CPUPeriod,
		CPUQuota:           limits.CPUQuota,
		CPURealtimePeriod:  s.CPURTPeriod,
		CPURealtimeRuntime: s.CPURTRuntime,
		CPUShares:          limits.CPUShares,
		CpusetCpus:         limits.CPUSet,
		DeviceCgroupRules:  s.DeviceCgroupRules,
		Memory:             limits.Memory,
		MemoryReservation:  limits.MemoryReservation,
		MemorySwap:         limits.MemorySwap,
		NanoCPUs:           limits.NanoCPUs,
		OomKillDisable:     &s.OomKillDisable,
		Ulimits:            ulimits(s.Ulimits),
	}
	if s.MemSwappiness != 0 || s.ZeroSwappiness {
		swappiness := int64(s.MemSwappiness)
		r.MemorySwappiness = &swappiness
	}
	if limits.Pids != 0 {
		r.PidsLimit = &limits.Pids
	}
	addBlkio(&r, s.BlkioConfig)
	addDevices(&r, s.Devices)
	for _, gpu := range s.Gpus {
		r.DeviceRequests = append(r.DeviceRequests, deviceRequest(gpu, "gpu"))
	}
	if s.Deploy != nil {
		addReservations(&r, s.Deploy.Resources.Reservations)
	}
	return r
}

// addReservations maps devices: a reservation of processors means something to a
// scheduler of several hosts only.
func addReservations(r *container.Resources, reserved *types.Resource) {
	if reserved == nil {
		return
	}
	for _, device := range reserved.Devices {
		r.DeviceRequests = append(r.DeviceRequests, deviceRequest(device))
	}
}

// deviceRequest maps a request; extra are capabilities that it implies.
func deviceRequest(d types.DeviceRequest, extra ...string) container.DeviceRequest {
	capabilities := slices.Clone(d.Capabilities)
	for _, c := range extra {
		if !slices.Contains(capabilities, c) {
			capabilities = append(capabilities, c)
		}
	}
	return container.DeviceRequest{
		Driver:       d.Driver,
		Count:        int(d.Count),
		DeviceIDs:    d.IDs,
		Capabilities: [][]string{capabilities},
		Options:      d.Options,
	}
}

// addDevices maps devices; a name like vendor.com/class=name is one for the
// Container Device Interface and no path.
func addDevices(r *container.Resources, devices []types.DeviceMapping) {
	var cdi []string
	for _, d := range devices {
		if isCDI(d.Source) && (d.Target == "" || d.Target == d.Source) {
			cdi = append(cdi, d.Source)
			continue
		}
		r.Devices = append(r.Devices, container.DeviceMapping{
			PathOnHost: d.Source, PathInContainer: firstOf(d.Target, d.Source), CgroupPermissions: firstOf(d.Permissions, "rwm"),
		})
	}
	if len(cdi) > 0 {
		r.DeviceRequests = append(r.DeviceRequests, container.DeviceRequest{Driver: "cdi", DeviceIDs: cdi})
	}
}

func isCDI(name string) bool {
	kind, device, ok := strings.Cut(name, "=")
	vendor, class, slash := strings.Cut(kind, "/")
	return ok && slash && device != "" && vendor != "" && class != "" && !strings.Contains(class, "/")
}

// ulimits are sorted by name; a single number is both soft and hard.
func ulimits(limits map[string]*types.UlimitsConfig) []*container.Ulimit {
	var all []*container.Ulimit
	for _, name := range sortedKeys(limits) {
		u := limits[name]
		if u == nil {
			continue
		}
		limit := &container.Ulimit{Name: name, Soft: int64(u.Soft), Hard: int64(u.Hard)}
		if u.Single != 0 {
			limit.Soft, limit.Hard = int64(u.Single), int64(u.Single)
		}
		all = append(all, limit)
	}
	return all
}

func addBlkio(r *container.Resources, blkio *types.BlkioConfig) {
	if blkio == nil {
		return
	}
	r.BlkioWeight = blkio.Weight
	for _, d := range blkio.WeightDevice {
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: d.Path, Weight: d.Weight})
	}
	r.BlkioDeviceReadBps = throttles(blkio.DeviceReadBps)
	r.BlkioDeviceReadIOps = throttles(blkio.DeviceReadIOps)
	r.BlkioDeviceWriteBps = throttles(blkio.DeviceWriteBps)
	r.BlkioDeviceWriteIOps = throttles(blkio.DeviceWriteIOps)
}

func throttles(devices []types.ThrottleDevice) []*blkiodev.ThrottleDevice {
	var all []*blkiodev.ThrottleDevice
	for _, d := range devices {
		all = append(all, &blkiodev.ThrottleDevice{Path: d.Path, Rate: uint64(d.Rate)})
	}
	return all
}
