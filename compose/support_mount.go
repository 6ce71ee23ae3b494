package compose

// mountSupport is the table of everything that is mounted into a container.
func mountSupport() []Attribute {
	table := []Attribute{
		yes("services.*.tmpfs", "passed on"),
		yes("services.*.storage_opt", "where the engine's storage driver has it"),
		yes("services.*.volumes_from", "of a service or container:, with :ro"),
		yes("services.*.volumes", "short and long"),
		except("services.*.volumes[].type", "bind, volume, tmpfs, image; npipe on Windows engines", "use a named volume",
			allow("mounts need a cluster", "bind", "volume", "tmpfs", "image", "npipe")),
		yes("services.*.volumes[].source", "a bind source that is missing is made as a directory, or refused where it looks like a file: --create-binds"),
		yes("services.*.volumes[].target", "passed on"),
		yes("services.*.volumes[].read_only", "passed on"),
		yes("services.*.volumes[].consistency", "passed on; only desktop engines use it"),
		yes("services.*.volumes[].bind", "passed on"),
		yes("services.*.volumes[].bind.create_host_path", "only when it is written: its default here is false"),
		yes("services.*.volumes[].bind.propagation", "passed on"),
		yes("services.*.volumes[].bind.selinux", "passed on"),
		since("1.44", "services.*.volumes[].bind.recursive", "writable and readonly need API 1.44; older engines: refused"),
		yes("services.*.volumes[].volume", "passed on"),
		yes("services.*.volumes[].volume.nocopy", "passed on"),
		since("1.45", "services.*.volumes[].volume.subpath", "older engines: refused"),
		yes("services.*.volumes[].volume.labels", "on the volume that the engine makes for the mount"),
		yes("services.*.volumes[].tmpfs", "passed on"),
		yes("services.*.volumes[].tmpfs.size", "passed on"),
		yes("services.*.volumes[].tmpfs.mode", "passed on"),
		since("1.48", "services.*.volumes[].image", "older engines: refused"),
		since("1.48", "services.*.volumes[].image.subpath", "older engines: refused"),
	}
	for _, section := range []string{"secrets", "configs"} {
		key := "services.*." + section
		table = append(table,
			yes(key, "at /run/secrets/NAME for a secret, at /NAME for a config"),
			yes(key+"[].source", "passed on"),
			yes(key+"[].target", "passed on"),
			yes(key+"[].uid", "where the content is copied; a mounted file keeps its own, with a warning"),
			yes(key+"[].gid", "where the content is copied; a mounted file keeps its own, with a warning"),
			yes(key+"[].mode", "where the content is copied; a mounted file keeps its own, with a warning"))
	}
	return table
}
