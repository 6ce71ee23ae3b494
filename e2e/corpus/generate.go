package corpus

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Generate lays out projects of its own in a directory: each part of a service,
// in each way in which files come to have one.
func Generate(dir string) error {
	for i, part := range parts() {
		for name, files := range layouts(part) {
			for file, text := range files {
				if err := write(filepath.Join(dir, name, fmt.Sprintf("%02d", i), file), text); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// layouts are the ways; everything that parts refer to is there.
func layouts(part string) map[string]map[string]string {
	const common = `
networks: {back: {}, front: {driver: bridge, ipam: {config: [{subnet: 10.9.0.0/24}]}}}
volumes: {data: {}, named: {name: other, labels: [a=b]}}
configs: {c: {content: "\n  text $$x\n"}}
secrets: {s: {environment: PATH}}
`
	service := func(name, body string) string {
		return "  " + name + ":\n    " + strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n    ") + "\n"
	}
	other := service("other", "image: other:1")
	plain := "services:\n" + other + service("app", "image: app:1\n"+part) + common
	base := "services:\n" + service("base", "image: base:1\n"+part)
	env := map[string]string{".env": "TAG=1.5\nWORD='a b'\nEMPTY=\n", "app.env": "FROM_FILE=one\nTEXT=\"a\\nb\"\n"}
	with := func(files map[string]string) map[string]string {
		for name, text := range env {
			files[name] = text
		}
		return files
	}
	return map[string]map[string]string{
		"plain":   with(map[string]string{"compose.yaml": plain}),
		"name":    with(map[string]string{"docker-compose.yml": "version: '3'\nname: given\n" + plain}),
		"anchor":  with(map[string]string{"compose.yaml": "x-part: &part\n    " + strings.ReplaceAll(strings.TrimSpace(part), "\n", "\n    ") + "\nservices:\n" + other + service("app", "<<: *part\nimage: app:1") + common}),
		"extends": with(map[string]string{"compose.yaml": "services:\n" + other + service("app", "extends: {file: base.yml, service: base}\nimage: app:1") + common, "base.yml": base}),
		"override": with(map[string]string{"compose.yaml": plain,
			"compose.override.yaml": "services:\n" + service("app", "image: app:2\n"+part)}),
		"include": with(map[string]string{"compose.yaml": "include: [sub/part.yaml]\nservices:\n" + service("front", "image: front:1"),
			"sub/part.yaml": plain, "sub/app.env": env["app.env"]}),
		"profile": with(map[string]string{"compose.yaml": "services:\n" + other + service("app", "image: app:1\nprofiles: [some]\n"+part) + common}),
	}
}

// parts are parts of a service, in the forms that the specification has.
func parts() []string {
	return []string{
		"command: echo 'a b' \"c d\" e\\ f", "command: [sh, -c, \"\\n  sleep 1\\n\"]", "command: []", "command: |\n  sh -c 'echo one\n  echo two'",
		"entrypoint: /bin/run --flag", "entrypoint: [\"\"]", "entrypoint: []\ncommand: a",
		"environment: {A: 1, B: true, C: 1.50, D: null, E: '', F: \"\\tx\", TAG: \"${TAG}\", W: \"${WORD:-none}\"}",
		"environment: [A=1, B, \"C=a=b\", \"D=\", \"E=#x: y\", \"F=${EMPTY-unset}${EMPTY:-empty}${NOPE+set}\"]",
		"env_file: app.env", "env_file: [app.env, {path: none.env, required: false}]\nenvironment: {FROM_FILE: two}",
		"labels: {a: 1, b: true, c.d: \"x y\"}", "labels: [a=1, \"b=x=y\", c]", "annotations: {a: b}",
		"ports: [\"80\", \"8080:80\", \"127.0.0.1:8081:81/udp\", \"9000-9002:90-92\", 443]",
		"ports: [{target: 80, published: \"8080\", protocol: tcp, mode: host, name: web, app_protocol: http}, {target: 81}]", "expose: [80, \"81/udp\", \"90-92\"]",
		"volumes: [\"data:/data\", \"data:/ro:ro\", /anonymous, \".:/here\", \"named:/n:nocopy\"]",
		"volumes: [{type: volume, source: data, target: /d, read_only: true, volume: {nocopy: true}}, {type: tmpfs, target: /t, tmpfs: {size: 10m, mode: 0700}}, {type: bind, source: ., target: /b, bind: {propagation: rslave, create_host_path: true}}]",
		"tmpfs: /run", "tmpfs: [/run, \"/tmp:size=10m\"]", "networks: [back, front]", "networks: {back: {aliases: [x, y], priority: 10}, front: {ipv4_address: 10.9.0.5}}", "network_mode: host", "network_mode: none",
		"depends_on: [other]", "depends_on: {other: {condition: service_healthy, restart: true, required: false}}",
		"healthcheck: {test: \"curl -f http://127.0.0.1 || exit 1\", interval: 90s, timeout: 1m30s, retries: 3, start_period: 5s, start_interval: 500ms}",
		"healthcheck: {test: [CMD, \"a b\", \"#c\"]}", "healthcheck: {disable: true}", "healthcheck: {test: [NONE]}",
		"deploy: {replicas: 2, resources: {limits: {cpus: '0.50', memory: 50M, pids: 10}, reservations: {memory: 20m}}, restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3}}",
		"scale: 3", "restart: unless-stopped", "restart: \"no\"", "restart: on-failure:3", "restart: always",
		"build: .", "build: {context: ., dockerfile_inline: \"FROM scratch\\n\", args: {A: 1, B: null}, labels: [a=b], target: t, tags: [\"a:1\"]}", "build: {context: ., dockerfile_inline: FROM scratch, args: [A=1, B], cache_from: [x], network: host, shm_size: 1g}",
		"configs: [c]", "configs: [{source: c, target: /c, mode: 0440, uid: \"1\"}]", "secrets: [s]", "secrets: [{source: s, target: x, mode: \"0400\"}]",
		"ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}", "sysctls: {net.core.somaxconn: 1024}", "sysctls: [net.core.somaxconn=1024]",
		"cap_add: [ALL]\ncap_drop: [NET_ADMIN]\nsecurity_opt: [no-new-privileges:true]\nprivileged: true\nread_only: true\ninit: true", "devices: [\"/dev/null:/dev/x:rwm\", /dev/zero]",
		"dns: 8.8.8.8\ndns_search: [a, b]\ndns_opt: [use-vc]", "extra_hosts: [\"a:1.2.3.4\", \"b=::1\", \"host.docker.internal:host-gateway\"]", "extra_hosts: {a: 1.2.3.4, b: [1.1.1.1, 2.2.2.2]}",
		"logging: {driver: json-file, options: {max-size: 10m, max-file: \"3\"}}", "mem_limit: 1.5g\nmemswap_limit: -1\nshm_size: 64m\nmem_reservation: 100000000\ncpus: 1.5\ncpu_shares: 512\npids_limit: 100\noom_score_adj: 100",
		"user: \"1000:1000\"\nworking_dir: /app\nhostname: host\ndomainname: example.com\nstdin_open: true\ntty: true\nstop_signal: SIGINT\nstop_grace_period: 1m30s\nplatform: linux/amd64",
		"pid: host\nipc: shareable\nuts: host\nuserns_mode: host\ncgroup_parent: x\ngroup_add: [audio, 1000]", "pull_policy: always\ncontainer_name: fixed", "post_start: [{command: echo x, user: root}]\npre_stop: [{command: [a, b], environment: [A=1]}]",
		"x-any: {a: [1, true, null, 1.5, \"\\n\"], b: {}}", "links: [other, \"other:alias\"]\nexternal_links: [\"there:here\"]", "volumes_from: [other, \"other:ro\"]", "storage_opt: {size: 1G}\nruntime: runc\nattach: false\nlabels: {}",
	}
}
