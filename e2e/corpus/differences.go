package corpus

const (
	bindSource   = "a missing source of a short mount is made only by the rules of --create-binds, never by the engine"
	developAlias = "compose-go after 2.40.3 reads x-develop and x-initialSync as the keys that they became"
	givenTwice   = "compose-go after 2.40.3 takes an entry that an override repeats once"
)

// Accepted and RefusedAlone stand in a Difference for a file that docker compose
// takes and stackctl does not, because of this field.
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
		{"services.*.build.ssh[*]", "*: *", "*=*", "docker compose 2.40.3 prints `ID: PATH`, which it cannot read back; `ID=PATH` means the same"},
	}
}
