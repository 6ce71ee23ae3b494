package e2e

import (
	"os"
	"path/filepath"
)

// mountSpecimens show what is mounted, and what is copied in.
func mountSpecimens() []specimen {
	return []specimen{
		{
			name: "mounts",
			file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    tmpfs: [/run, "/scratch:size=1m,mode=700"]
    volumes:
      - data:/data
      - named:/named:ro
      - ./short:/short:ro
      - /anonymous
      - {type: volume, source: data, target: /bare, volume: {nocopy: true}}
      - {type: volume, target: /labelled, volume: {labels: {com.example.mount: kept}}}
      - {type: bind, source: ./long, target: /long, read_only: true, consistency: cached, bind: {propagation: rprivate}}
      - {type: bind, source: ./made, target: /made, bind: {create_host_path: true}}
      - {type: bind, source: ./long, target: /single, bind: {recursive: disabled}}
      - {type: tmpfs, target: /fast, tmpfs: {size: 2m, mode: 0o1770}}
volumes:
  data:
    driver: local
    driver_opts: {type: tmpfs, device: tmpfs, o: size=4m}
    labels: {com.example.volume: kept}
  named: {name: @NAME@-own}
`,
			files: map[string]string{"short/": "", "long/": ""},
			sees: []sight{
				is("services.*.tmpfs", "app", "HostConfig.Tmpfs", `{"/run": "", "/scratch": "size=1m,mode=700"}`),
				has("services.*.volumes services.*.volumes[].type services.*.volumes[].source services.*.volumes[].target", "app",
					"HostConfig.Mounts", `{"Type": "volume", "Source": "@NAME@_data", "Target": "/data"}`),
				has("services.*.volumes[].read_only", "app", "HostConfig.Mounts", `{"Type": "volume", "Source": "@NAME@-own", "Target": "/named", "ReadOnly": true}`),
				has("services.*.volumes", "app", "HostConfig.Mounts", `{"Type": "bind", "Source": "@DIR@/short", "Target": "/short", "ReadOnly": true}`),
				has("services.*.volumes", "app", "HostConfig.Mounts", `{"Type": "volume", "Target": "/anonymous"}`),
				has("services.*.volumes[].volume services.*.volumes[].volume.nocopy", "app", "HostConfig.Mounts",
					`{"Type": "volume", "Source": "@NAME@_data", "Target": "/bare", "VolumeOptions": {"NoCopy": true}}`),
				has("services.*.volumes[].volume.labels", "app", "HostConfig.Mounts[5].VolumeOptions.Labels", `{"com.example.mount": "kept"}`),
				has("services.*.volumes[].bind services.*.volumes[].bind.propagation services.*.volumes[].consistency", "app", "HostConfig.Mounts",
					`{"Type": "bind", "Source": "@DIR@/long", "Target": "/long", "ReadOnly": true, "Consistency": "cached", "BindOptions": {"Propagation": "rprivate"}}`),
				is("services.*.volumes[].bind.create_host_path", "host:made", "", `"a directory"`),
				has("services.*.volumes[].bind.recursive", "app", "HostConfig.Mounts",
					`{"Type": "bind", "Source": "@DIR@/long", "Target": "/single", "BindOptions": {"NonRecursive": true}}`),
				has("services.*.volumes[].tmpfs services.*.volumes[].tmpfs.size services.*.volumes[].tmpfs.mode", "app", "HostConfig.Mounts",
					`{"Type": "tmpfs", "Target": "/fast", "TmpfsOptions": {"SizeBytes": 2097152, "Mode": 1016}}`),
				is("volumes volumes.*.driver", "volume:data", "Driver", `"local"`),
				is("volumes.*.driver_opts", "volume:data", "Options", `{"type": "tmpfs", "device": "tmpfs", "o": "size=4m"}`),
				has("volumes.*.labels", "volume:data", "Labels", `{"com.example.volume": "kept"}`),
				is("volumes.*.name", "volume=@NAME@-own", "Name", `"@NAME@-own"`),
			},
		},
		{
			name:  "labels for SELinux",
			file:  "services: {app: {image: IMAGE, command: [sleep], volumes: ['./own:/own:z', {type: bind, source: ./own, target: /mine, bind: {selinux: Z}}]}}",
			files: map[string]string{"own/": ""},
			sees: []sight{
				has("services.*.volumes[].bind.selinux", "app", "HostConfig.Binds", `"@DIR@/own:/mine:rw,Z"`),
				has("services.*.volumes[].bind.selinux", "app", "HostConfig.Binds", `"@DIR@/own:/own:rw,z"`),
			},
		},
		{
			name: "a part of a volume", api: "1.45", old: "subpath",
			file: `
services:
  maker: {image: IMAGE, command: [write, file=/data/x], volumes: ["data:/data"]}
  app:
    image: IMAGE
    command: [sleep]
    depends_on: {maker: {condition: service_completed_successfully}}
    volumes: [{type: volume, source: data, target: /part, volume: {subpath: x}}]
volumes: {data: {}}
`,
			sees: []sight{
				is("services.*.volumes[].volume.subpath", "app", "HostConfig.Mounts[0].VolumeOptions", `{"Subpath": "x"}`),
				is("services.*.volumes[].volume.subpath", "file:app:/part", "content", `"line\n"`),
			},
		},
		{
			name: "mounts that are read-only all the way down", api: "1.44", old: "recursive",
			file:  "services: {app: {image: IMAGE, command: [sleep], volumes: [{type: bind, source: ./own, target: /own, read_only: true, bind: {recursive: writable}}]}}",
			files: map[string]string{"own/": ""},
			sees:  []sight{is("services.*.volumes[].bind.recursive", "app", "HostConfig.Mounts[0].BindOptions", `{"ReadOnlyNonRecursive": true}`)},
		},
		{
			name: "an image as a volume", api: "1.48", old: "API 1.48",
			file: "services: {app: {image: IMAGE, command: [sleep], volumes: [{type: image, source: IMAGE, target: /other, image: {subpath: data}}]}}",
			sees: []sight{
				is("services.*.volumes[].image services.*.volumes[].image.subpath", "app", "HostConfig.Mounts[0]",
					`{"Type": "image", "Source": "`+image+`", "Target": "/other", "ImageOptions": {"Subpath": "data"}}`),
			},
		},
		fileSpecimen(),
	}
}

// fileSpecimen has secrets and configs from everywhere. Files are mounted as
// they are; everything else is copied with the owner and mode asked for.
func fileSpecimen() specimen {
	return specimen{
		name: "secrets and configs",
		file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    secrets:
      - from_file
      - from_env
      - {source: from_env, target: /etc/key, uid: "11", gid: "12", mode: 0o400}
      - {source: from_file, target: renamed}
    configs:
      - from_content
      - {source: from_file, target: /etc/app/conf, mode: 0o444}
      - {source: from_env, target: /etc/app/env, uid: "13", gid: "14", mode: 0o640}
secrets:
  from_file: {file: ./secret.txt}
  from_env: {environment: E2E_SECRET, labels: {com.example.a: b}, name: ignored}
configs:
  from_file: {file: ./config.txt, external: false}
  from_env: {environment: E2E_CONFIG}
  from_content: {content: "hello ${E2E_CONFIG}\n"}
`,
		files: map[string]string{"secret.txt": "file secret", "config.txt": "file config"},
		env:   []string{"E2E_SECRET=environment secret", "E2E_CONFIG=world"},
		sees: []sight{
			is("secrets secrets.*.file services.*.secrets services.*.secrets[].source", "file:app:/run/secrets/from_file", "content", `"file secret"`),
			has("secrets.*.file", "app", "HostConfig.Mounts", `{"Type": "bind", "Source": "@DIR@/secret.txt", "Target": "/run/secrets/from_file", "ReadOnly": true}`),
			is("secrets.*.environment", "file:app:/run/secrets/from_env", "", `{"content": "environment secret", "mode": "0444", "uid": 0, "gid": 0}`),
			is("services.*.secrets[].target services.*.secrets[].uid services.*.secrets[].gid services.*.secrets[].mode", "file:app:/etc/key", "",
				`{"content": "environment secret", "mode": "0400", "uid": 11, "gid": 12}`),
			is("services.*.secrets[].target", "file:app:/run/secrets/renamed", "content", `"file secret"`),
			is("configs configs.*.content services.*.configs services.*.configs[].source", "file:app:/from_content", "content", `"hello world\n"`),
			is("configs.*.file services.*.configs[].target configs.*.external secrets.*.external", "file:app:/etc/app/conf", "content", `"file config"`),
			is("configs.*.environment services.*.configs[].uid services.*.configs[].gid services.*.configs[].mode", "file:app:/etc/app/env", "",
				`{"content": "world", "mode": "0640", "uid": 13, "gid": 14}`),
		},
	}
}

// shown is the content of a file of the project's directory, or what it is.
func (s *stack) shown(name string) any {
	path := filepath.Join(s.dir, name)
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		if err != nil {
			return nil
		}
		return "a directory"
	}
	return s.read(name)
}
