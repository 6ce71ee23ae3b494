package corpus

const (
	bindSource   = "a missing source of a short mount is made only by the rules of --create-binds, never by the engine"
	developAlias = "compose-go after 2.40.3 reads x-develop and x-initialSync as the keys that they became"
	later        = "compose-go after 2.40.3 knows this key"
	givenTwice   = "compose-go after 2.40.3 takes an entry that an override repeats once"
)

// Accepted and RefusedAlone stand in a Difference for a file that one program
// takes and the other does not, because of this field.
const (
	Accepted     = "accepted"
	RefusedAlone = "refused"
)

// Differences are all ways in which the models may differ, each with its
// reason. They are the second table of docs/peer-differences.md.
func Differences() []Difference {
	return []Difference{
		{"services.*.volumes[*].bind.create_host_path", "true", "", bindSource},
		{"services.*.volumes[*].bind", "map[create_host_path:true]", "", bindSource},
		{"services.main*.depends_on.depend_one", "*", "",
			"docker compose 2.40.3 keeps what `depends_on: !override` takes out of an extended service (docker/compose issue 13346)"},
		{"services.*.develop", Accepted, RefusedAlone, developAlias},
		{"services.*.develop*", "*", "*", developAlias},
		{"services.*.x-develop", "*", "", developAlias},
		{"services.*.x-*", "[*]", "[*]", givenTwice},
		{"services.*.post_start", "*", "*", givenTwice},
		{"services.*.pre_stop", "*", "*", givenTwice},
		{"services.*.build.cache_from", "*", "*", givenTwice},
		{"services.*.umask", RefusedAlone, Accepted, later + "; null sets nothing"},
		{"services.*.networks.*.use_service_name_alias", RefusedAlone, Accepted, later},
		{"services.*.security_opt", RefusedAlone, Accepted, givenTwice},
		{"services.*.group_add", RefusedAlone, Accepted, givenTwice},
		{"services.*.external_links", RefusedAlone, Accepted, givenTwice},
		{"services.*.volumes_from", RefusedAlone, Accepted, givenTwice},
		{"services.test.other", RefusedAlone, Accepted, "docker compose 2.40.3 takes the alias of a service whose name begins with another's for a cycle"},
		{"services.*.build.ssh[*]", "*: *", "*=*", "docker compose 2.40.3 prints `ID: PATH`, which it cannot read back; `ID=PATH` means the same"},
	}
}
