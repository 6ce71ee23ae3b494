package e2e

// processSpecimens show what runs in a container, as whom and under which name.
func processSpecimens() []specimen {
	return []specimen{
		{
			name: "the process, its user and its names",
			file: `
services:
  app:
    image: IMAGE
    container_name: @NAME@-one
    entrypoint: [/testimage]
    command: sleep "dies=1h" 'say=two words'
    environment: [A=1, FROM_HOST, NOWHERE_SET, "NOTHING="]
    env_file: [./plain.env, {path: ./raw.env, format: raw, required: true}, {path: ./absent.env, required: false}]
    working_dir: /data
    user: "65534:65533"
    group_add: ["5", "6"]
    hostname: box
    domainname: example.test
    labels: {com.example.team: blue, com.example.empty: ""}
    label_file: ./labels
    init: true
    stop_signal: SIGUSR1
    stop_grace_period: 1500ms
    stdin_open: true
    tty: true
    platform: linux/amd64
    expose: ["9000", 9001, "9100-9101/udp"]
    restart: on-failure:3
    read_only: true
    attach: false
`,
			files: map[string]string{
				"plain.env": "FROM_FILE=\"a b\"\nA=overridden\nDERIVED=${FROM_FILE}-x\n",
				"raw.env":   "RAW=\"kept $AS it is\"\n  INDENTED=yes\nFROM_HOST\n",
				"labels":    "com.example.file=yes\ncom.example.team=red\n",
			},
			env: []string{"FROM_HOST=seen"},
			sees: []sight{
				has("services services.*.image", "app", "Config.Image", `"`+image+`"`),
				is("services.*.container_name", "app", "Name", `"/@NAME@-one"`),
				is("services.*.entrypoint", "app", "Config.Entrypoint", `["/testimage"]`),
				is("services.*.command", "app", "Config.Cmd", `["sleep", "dies=1h", "say=two words"]`),
				has("services.*.environment", "app", "Config.Env", `"A=1"`),
				has("services.*.environment", "app", "Config.Env", `"FROM_HOST=seen"`),
				has("services.*.environment", "app", "Config.Env", `"NOTHING="`),
				lacks("services.*.environment", "app", "Config.Env", `"NOWHERE_SET="`),
				has("services.*.env_file services.*.env_file[].path", "app", "Config.Env", `"FROM_FILE=a b"`),
				has("services.*.env_file", "app", "Config.Env", `"DERIVED=a b-x"`),
				has("services.*.env_file[].format services.*.env_file[].required", "app", "Config.Env", `"RAW=\"kept $AS it is\""`),
				has("services.*.env_file[].format", "app", "Config.Env", `"INDENTED=yes"`),
				is("services.*.working_dir", "app", "Config.WorkingDir", `"/data"`),
				is("services.*.user", "app", "Config.User", `"65534:65533"`),
				is("services.*.group_add", "app", "HostConfig.GroupAdd", `["5", "6"]`),
				is("services.*.hostname", "app", "Config.Hostname", `"box"`),
				is("services.*.domainname", "app", "Config.Domainname", `"example.test"`),
				has("services.*.labels", "app", "Config.Labels", `{"com.example.team": "blue", "com.example.empty": ""}`),
				has("services.*.label_file", "app", "Config.Labels", `{"com.example.file": "yes"}`),
				is("services.*.init", "app", "HostConfig.Init", `true`),
				is("services.*.stop_signal", "app", "Config.StopSignal", `"SIGUSR1"`),
				is("services.*.stop_grace_period", "app", "Config.StopTimeout", `2`),
				is("services.*.stdin_open", "app", "Config.OpenStdin", `true`),
				is("services.*.tty", "app", "Config.Tty", `true`),
				is("services.*.platform", "app", "Platform", `"linux"`),
				is("services.*.expose", "app", "Config.ExposedPorts", `{"9000/tcp": {}, "9001/tcp": {}, "9100/udp": {}, "9101/udp": {}}`),
				is("services.*.restart", "app", "HostConfig.RestartPolicy", `{"Name": "on-failure", "MaximumRetryCount": 3}`),
				is("services.*.read_only", "app", "HostConfig.ReadonlyRootfs", `true`),
			},
		},
		{
			name: "commands as lists, and cleared ones",
			file: "services:\n  list: {image: IMAGE, command: [sleep, 'a b'], restart: unless-stopped}\n  cleared: {image: IMAGE, entrypoint: [/testimage, serve], command: []}\n",
			sees: []sight{
				is("services.*.command", "list", "Config.Cmd", `["sleep", "a b"]`),
				is("services.*.entrypoint", "cleared", "Config.Entrypoint", `["/testimage", "serve"]`),
				is("services.*.command", "cleared", "Config.Cmd", `[]`),
				is("services.*.restart", "list", "HostConfig.RestartPolicy.Name", `"unless-stopped"`),
			},
		},
		{
			name: "rights and confinement",
			file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    cap_add: [NET_RAW, CAP_SYS_TIME]
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true, "seccomp=./profile.json"]
    userns_mode: host
    sysctls: {net.core.somaxconn: 64, net.ipv4.ip_unprivileged_port_start: "100"}
    runtime: runc
    isolation: default
    cgroup: private
    cgroup_parent: /e2e
    ipc: shareable
    logging: {driver: json-file, options: {max-size: 1m, max-file: "2"}}
    oom_score_adj: 17
    dns: [9.9.9.9, 8.8.8.8]
    dns_opt: ["ndots:1"]
    dns_search: [corp.example.test]
    extra_hosts: ["fixed:10.9.8.7", "gateway=host-gateway"]
  peer:
    image: IMAGE
    command: [sleep]
    security_opt: [systempaths=unconfined, "seccomp:./profile.json"]
    cgroup: host
    ipc: service:app
    pid: service:app
    network_mode: service:app
  outside:
    image: IMAGE
    command: [sleep]
    ipc: host
    pid: host
    uts: host
    network_mode: host
  alone:
    image: IMAGE
    command: [sleep]
    network_mode: none
`,
			files: map[string]string{"profile.json": `{"defaultAction":"SCMP_ACT_ALLOW"}`},
			sees: []sight{
				is("services.*.cap_add", "app", "HostConfig.CapAdd", `["CAP_NET_RAW", "CAP_SYS_TIME"]`),
				is("services.*.cap_drop", "app", "HostConfig.CapDrop", `["ALL"]`),
				has("services.*.security_opt", "app", "HostConfig.SecurityOpt", `"no-new-privileges:true"`),
				has("services.*.security_opt", "app", "HostConfig.SecurityOpt", `"seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"`),
				has("services.*.security_opt", "peer", "HostConfig.SecurityOpt", `"seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"`),
				is("services.*.security_opt", "peer", "HostConfig.MaskedPaths", `[]`),
				is("services.*.userns_mode", "app", "HostConfig.UsernsMode", `"host"`),
				is("services.*.sysctls", "app", "HostConfig.Sysctls", `{"net.core.somaxconn": "64", "net.ipv4.ip_unprivileged_port_start": "100"}`),
				is("services.*.runtime", "app", "HostConfig.Runtime", `"runc"`),
				is("services.*.isolation", "app", "HostConfig.Isolation", `"default"`),
				is("services.*.cgroup", "app", "HostConfig.CgroupnsMode", `"private"`),
				is("services.*.cgroup", "peer", "HostConfig.CgroupnsMode", `"host"`),
				is("services.*.cgroup_parent", "app", "HostConfig.CgroupParent", `"/e2e"`),
				is("services.*.ipc", "app", "HostConfig.IpcMode", `"shareable"`),
				has("services.*.ipc", "peer", "HostConfig.IpcMode", `"container:"`),
				has("services.*.pid", "peer", "HostConfig.PidMode", `"container:"`),
				has("services.*.network_mode", "peer", "HostConfig.NetworkMode", `"container:"`),
				is("services.*.ipc", "outside", "HostConfig.IpcMode", `"host"`),
				is("services.*.pid", "outside", "HostConfig.PidMode", `"host"`),
				is("services.*.uts", "outside", "HostConfig.UTSMode", `"host"`),
				is("services.*.network_mode", "outside", "HostConfig.NetworkMode", `"host"`),
				is("services.*.network_mode", "alone", "HostConfig.NetworkMode", `"none"`),
				is("services.*.logging services.*.logging.driver services.*.logging.options", "app", "HostConfig.LogConfig",
					`{"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}`),
				is("services.*.oom_score_adj", "app", "HostConfig.OomScoreAdj", `17`),
				is("services.*.dns", "app", "HostConfig.Dns", `["9.9.9.9", "8.8.8.8"]`),
				is("services.*.dns_opt", "app", "HostConfig.DnsOptions", `["ndots:1"]`),
				is("services.*.dns_search", "app", "HostConfig.DnsSearch", `["corp.example.test"]`),
				is("services.*.extra_hosts", "app", "HostConfig.ExtraHosts", `["fixed:10.9.8.7", "gateway:host-gateway"]`),
			},
		},
		{
			name: "annotations are handed to the runtime",
			api:  "1.43", old: "annotations",
			file: "services: {app: {image: IMAGE, command: [sleep], annotations: {com.example.note: kept}}}",
			sees: []sight{is("services.*.annotations", "app", "HostConfig.Annotations", `{"com.example.note": "kept"}`)},
		},
		{
			// Not every sandbox that tests run in can give all rights away.
			name: "a privileged container", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], privileged: true}}",
			sees: []sight{is("services.*.privileged", "app", "HostConfig.Privileged", `true`)},
		},
		{
			name: "an image of another platform is no image for the service", code: 5,
			file: "services: {app: {image: IMAGE, command: [sleep], platform: linux/s390x}}",
			says: []string{"s390x"},
			sees: []sight{is("services.*.platform", "containers", "", `{}`)},
		},
	}
}
