package e2e

import (
	"net/http"
	"strings"
)

// networkSpecimens show networks, places in them, and ports.
func networkSpecimens() []specimen {
	return []specimen{
		{
			name: "networks and places in them",
			file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    networks:
      front:
        aliases: [door, gate]
        ipv4_address: @SUBNET@.10
        ipv6_address: "@SUBNET6@::10"
        link_local_ips: [169.254.8.8]
        mac_address: 02:42:aa:bb:cc:10
        priority: 100
        driver_opts: {com.example.endpoint: kept}
      back: {priority: 10, use_service_name_alias: false}
      inner:
  plain:
    image: IMAGE
    command: [sleep]
    mac_address: 02:42:aa:bb:cc:20
    networks: [front]
networks:
  front:
    driver: bridge
    driver_opts: {com.docker.network.bridge.enable_icc: "false"}
    attachable: true
    enable_ipv6: true
    labels: {com.example.side: front}
    ipam:
      driver: default
      options: {com.example.ipam: kept}
      config:
        - {subnet: @SUBNET@.0/24, gateway: @SUBNET@.1, ip_range: @SUBNET@.0/25, aux_addresses: {printer: @SUBNET@.77}}
        - {subnet: "@SUBNET6@::/64"}
  back: {name: @NAME@-behind}
  inner: {internal: true}
`,
			sees: []sight{
				is("services.*.networks services.*.networks.*.priority", "app", "HostConfig.NetworkMode", `"@NAME@_front"`),
				is("services.*.networks", "app", "NetworkSettings.Networks[@NAME@_inner].Aliases[1]", `"app"`),
				has("services.*.networks.*.aliases", "app", "NetworkSettings.Networks[@NAME@_front].Aliases", `"gate"`),
				has("services.*.networks.*.aliases", "app", "NetworkSettings.Networks[@NAME@_front].Aliases", `"app"`),
				is("services.*.networks.*.ipv4_address", "app", "NetworkSettings.Networks[@NAME@_front].IPAddress", `"@SUBNET@.10"`),
				is("services.*.networks.*.ipv6_address", "app", "NetworkSettings.Networks[@NAME@_front].IPAMConfig.IPv6Address", `"@SUBNET6@::10"`),
				is("services.*.networks.*.link_local_ips", "app", "NetworkSettings.Networks[@NAME@_front].IPAMConfig.LinkLocalIPs", `["169.254.8.8"]`),
				is("services.*.networks.*.mac_address", "app", "NetworkSettings.Networks[@NAME@_front].MacAddress", `"02:42:aa:bb:cc:10"`),
				is("services.*.networks.*.driver_opts", "app", "NetworkSettings.Networks[@NAME@_front].DriverOpts", `{"com.example.endpoint": "kept"}`),
				lacks("services.*.networks.*.use_service_name_alias", "app", "NetworkSettings.Networks[@NAME@-behind].Aliases", `"app"`),
				is("services.*.mac_address", "plain", "NetworkSettings.Networks[@NAME@_front].MacAddress", `"02:42:aa:bb:cc:20"`),
				is("networks networks.*.driver", "network:front", "Driver", `"bridge"`),
				is("networks.*.driver_opts", "network:front", "Options[com.docker.network.bridge.enable_icc]", `"false"`),
				is("networks.*.attachable", "network:front", "Attachable", `true`),
				is("networks.*.enable_ipv6", "network:front", "EnableIPv6", `true`),
				has("networks.*.labels", "network:front", "Labels", `{"com.example.side": "front"}`),
				is("networks.*.ipam networks.*.ipam.driver", "network:front", "IPAM.Driver", `"default"`),
				is("networks.*.ipam.options", "network:front", "IPAM.Options", `{"com.example.ipam": "kept"}`),
				is("networks.*.ipam.config networks.*.ipam.config[].subnet networks.*.ipam.config[].gateway networks.*.ipam.config[].ip_range"+
					" networks.*.ipam.config[].aux_addresses", "network:front", "IPAM.Config[0]",
					`{"Subnet": "@SUBNET@.0/24", "Gateway": "@SUBNET@.1", "IPRange": "@SUBNET@.0/25", "AuxiliaryAddresses": {"printer": "@SUBNET@.77"}}`),
				is("networks.*.name", "network=@NAME@-behind", "Name", `"@NAME@-behind"`),
				is("networks.*.internal", "network:inner", "Internal", `true`),
			},
		},
		{
			name: "an interface with a name of its own", api: "1.49", old: "interface_name",
			file: "services: {app: {image: IMAGE, command: [sleep], networks: {default: {interface_name: wire0}}}}",
			sees: []sight{is("services.*.networks.*.interface_name", "app", "NetworkSettings.Networks[@NAME@_default].DriverOpts",
				`{"com.docker.network.endpoint.ifname": "wire0"}`)},
		},
		{
			name: "the network that is the way out", api: "1.48", old: "gw_priority",
			file: "services: {app: {image: IMAGE, command: [sleep], networks: {a: {}, b: {gw_priority: 7}}}}\nnetworks: {a: {}, b: {}}",
			sees: []sight{is("services.*.networks.*.gw_priority", "app", "NetworkSettings.Networks[@NAME@_b].GwPriority", `7`)},
		},
		{
			name: "a network without IPv4", api: "1.48", old: "enable_ipv4",
			file: "services: {app: {image: IMAGE, command: [sleep]}}\nnetworks: {default: {enable_ipv4: false, enable_ipv6: true, ipam: {config: [{subnet: '@SUBNET6@::/64'}]}}}",
			sees: []sight{is("networks.*.enable_ipv4", "network:default", "EnableIPv4", `false`)},
		},
		{
			name: "addresses in further networks than the first", api: "1.44", old: "mac_address",
			file: "services: {app: {image: IMAGE, command: [sleep], networks: {a: {priority: 9}, b: {mac_address: '02:42:aa:bb:cc:30'}}}}\nnetworks: {a: {}, b: {}}",
			sees: []sight{is("services.*.networks.*.mac_address", "app", "NetworkSettings.Networks[@NAME@_b].MacAddress", `"02:42:aa:bb:cc:30"`)},
		},
		externalSpecimen(),
		{
			name: "a missing external network and volume are not made", code: 6,
			file: "services: {app: {image: IMAGE, command: [sleep], networks: [n], volumes: ['v:/v']}}\nnetworks: {n: {external: true, name: @NAME@-none}}\nvolumes: {v: {external: true, name: @NAME@-none}}",
			says: []string{"@NAME@-none"},
			sees: []sight{is("networks.*.external", "containers", "", `{}`)},
		},
		portSpecimen(),
		{
			// Not every kernel has SCTP.
			name: "ports for SCTP", code: -1,
			file: "services: {app: {image: IMAGE, command: [sleep], ports: ['127.0.0.1:@PORT1@:9000/sctp']}}",
			sees: []sight{is("services.*.ports[].protocol", "app", "HostConfig.PortBindings[9000/sctp]", `[{"HostIp": "127.0.0.1", "HostPort": "@PORT1@"}]`)},
		},
		{
			name: "a port for everybody",
			file: "services: {app: {image: IMAGE, command: [serve, 'listen=:8080'], ports: ['8080']}}",
			says: []string{"network"},
			sees: []sight{
				is("services.*.ports", "app", "HostConfig.PortBindings[8080/tcp][0].HostPort", `""`),
				is("services.*.ports[].host_ip", "app", "NetworkSettings.Ports[8080/tcp][0].HostIp", `"0.0.0.0"`),
			},
		},
	}
}

// externalSpecimen uses a network, a container and a volume that somebody else
// has made.
func externalSpecimen() specimen {
	label := `"Labels":{"e2e":"external"}`
	return specimen{
		name: "what others made",
		file: `
services:
  app:
    image: IMAGE
    command: [sleep]
    networks: [shared]
    external_links: ["@NAME@-other:neighbour"]
    links: ["base:ground"]
    volumes: ["kept:/kept"]
    volumes_from: ["container:@NAME@-other:ro", base]
  base:
    image: IMAGE
    command: [sleep]
    networks: [shared]
    volumes: ["/from-base"]
networks: {shared: {external: true, name: @NAME@-shared}}
volumes: {kept: {external: true, name: @NAME@-kept}}
`,
		before: func(s *stack) {
			engine(s.t, http.MethodPost, "/networks/create", s.fill(`{"Name":"@NAME@-shared","CheckDuplicate":true,`+label+`}`))
			engine(s.t, http.MethodPost, "/volumes/create", s.fill(`{"Name":"@NAME@-kept",`+label+`}`))
			engine(s.t, http.MethodPost, "/containers/create?name="+s.name+"-other", strings.ReplaceAll(s.fill(
				`{"Image":"IMAGE","Cmd":["sleep"],"Volumes":{"/from-other":{}},"HostConfig":{"NetworkMode":"@NAME@-shared"},`+label+`}`), "IMAGE", image))
			engine(s.t, http.MethodPost, "/containers/"+s.name+"-other/start", "")
			s.t.Cleanup(func() {
				s.cleanUp()
				for _, path := range []string{"/containers/@NAME@-other?force=1&v=1", "/networks/@NAME@-shared", "/volumes/@NAME@-kept"} {
					engine(s.t, http.MethodDelete, s.fill(path), "")
				}
			})
		},
		sees: []sight{
			is("networks.*.external", "network=@NAME@-shared", "Labels", `{"e2e": "external"}`),
			is("networks.*.external", "app", "HostConfig.NetworkMode", `"@NAME@-shared"`),
			is("volumes.*.external", "volume=@NAME@-kept", "Labels", `{"e2e": "external"}`),
			has("volumes.*.external", "app", "HostConfig.Mounts", `{"Type": "volume", "Source": "@NAME@-kept", "Target": "/kept"}`),
			has("services.*.external_links", "app", "NetworkSettings.Networks[@NAME@-shared].Links", `"@NAME@-other:neighbour"`),
			has("services.*.links", "app", "NetworkSettings.Networks[@NAME@-shared].Links", `"@NAME@-base-1:ground"`),
			has("services.*.volumes_from", "app", "HostConfig.VolumesFrom", `"@NAME@-other:ro"`),
			is("services.*.volumes_from", "app", "HostConfig.VolumesFrom[2]", `null`),
		},
		after: func(s *stack) {
			s.expect(0, nil, "down", "-v")
			nothingLeft(s.t, s.name)
			is("networks.*.external", "network=@NAME@-shared", "Name", `"@NAME@-shared"`).check(s)
			is("volumes.*.external", "volume=@NAME@-kept", "Name", `"@NAME@-kept"`).check(s)
		},
	}
}

func portSpecimen() specimen {
	return specimen{
		name: "ports in every form",
		file: `
services:
  app:
    image: IMAGE
    command: [serve, "listen=:8080"]
    ports:
      - "127.0.0.1:@PORT1@:8080"
      - "127.0.0.1:@PORT2@:9053/udp"
      - {target: 8080, published: "@PORT3@", host_ip: 127.0.0.1, protocol: tcp, mode: host, name: web, app_protocol: http}
      - {target: 8080, host_ip: 127.0.0.1}
      - "127.0.0.1:42000-42999:8080"
  several:
    image: IMAGE
    command: [serve, "listen=:8080"]
    deploy: {replicas: 2}
    ports: ["127.0.0.1::8080"]
`,
		sees: []sight{
			is("services.*.ports services.*.ports[].published services.*.ports[].host_ip services.*.ports[].target", "app",
				"HostConfig.PortBindings[8080/tcp][0]", `{"HostIp": "127.0.0.1", "HostPort": "@PORT1@"}`),
			is("services.*.ports[].protocol", "app", "NetworkSettings.Ports[9053/udp]", `[{"HostIp": "127.0.0.1", "HostPort": "@PORT2@"}]`),
			has("services.*.ports[].published", "app", "NetworkSettings.Ports[8080/tcp]", `{"HostIp": "127.0.0.1", "HostPort": "@PORT3@"}`),
			is("services.*.ports", "app", "HostConfig.PortBindings[8080/tcp][2]", `{"HostIp": "127.0.0.1", "HostPort": ""}`),
			is("services.*.ports[].published", "app", "HostConfig.PortBindings[8080/tcp][3]", `{"HostIp": "127.0.0.1", "HostPort": "42000-42999"}`),
			is("services.*.ports[].published", "app", "NetworkSettings.Ports[8080/tcp][4]", `null`),
			is("services.*.ports", "several#1", "NetworkSettings.Ports[8080/tcp][0].HostIp", `"127.0.0.1"`),
			is("services.*.ports", "several#2", "NetworkSettings.Ports[8080/tcp][0].HostIp", `"127.0.0.1"`),
		},
	}
}
