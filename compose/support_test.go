package compose

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stackctl/stackctl/internal/fault"
)

// upstreamKeys lists every key of compose-go's model as a path of the support
// table, found by reflection.
func upstreamKeys() []string {
	var keys []string
	walkStruct(reflect.TypeFor[types.Project](), "", 0, func(key string) { keys = append(keys, key) })
	slices.Sort(keys)
	return slices.Compact(keys)
}

func walkStruct(t reflect.Type, at string, depth int, visit func(string)) {
	if depth > 12 {
		panic("compose-go's model is recursive at " + at)
	}
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case name == "-" || name == "#extensions" || field.Name == "Extensions" || !field.IsExported():
			continue
		case strings.Contains(options, "inline"):
			walkStruct(field.Type, at, depth, visit)
			continue
		case name == "":
			name = strings.ToLower(field.Name)
		}
		key := strings.TrimPrefix(at+"."+name, ".")
		visit(key)
		walkType(field.Type, key, depth+1, visit)
	}
}

func walkType(t reflect.Type, at string, depth int, visit func(string)) {
	switch t.Kind() {
	case reflect.Pointer:
		walkType(t.Elem(), at, depth, visit)
	case reflect.Slice:
		walkType(t.Elem(), at+"[]", depth, visit)
	case reflect.Map:
		walkType(t.Elem(), at+".*", depth, visit)
	case reflect.Struct:
		walkStruct(t, at, depth, visit)
	}
}

// schemaOnly are keys that the reflection does not
// see: the specification has them, the structs do not.
func schemaOnly() []string {
	return []string{"version", "include", "include[].path", "include[].project_directory", "include[].env_file"}
}

func TestEveryKeyOfTheModelIsInTheSupportTable(t *testing.T) {
	rows := map[string]Attribute{}
	for _, row := range Support() {
		if _, twice := rows[row.Key]; twice {
			t.Errorf("%s is in the table twice", row.Key)
		}
		rows[row.Key] = row
	}
	for _, key := range slices.Concat(upstreamKeys(), schemaOnly()) {
		if !isDecided(rows, key) {
			t.Errorf("%s is new upstream: decide what becomes of it in the support table", key)
		}
	}
}

// isDecided says whether a key is in the table, or stands below one that is
// not supported.
func isDecided(rows map[string]Attribute, key string) bool {
	if _, ok := rows[key]; ok {
		return true
	}
	for parent := range rows {
		rest, below := strings.CutPrefix(key, parent)
		if below && (rest[0] == '.' || rest[0] == '[') && rows[parent].Status != Supported {
			return true
		}
	}
	return false
}

func TestTheSupportTableHoldsNothingThatDoesNotExist(t *testing.T) {
	known := map[string]bool{}
	for _, key := range slices.Concat(upstreamKeys(), schemaOnly()) {
		known[key] = true
	}
	for _, row := range Support() {
		if !known[row.Key] {
			t.Errorf("%s is no key of the model any more", row.Key)
		}
	}
}

func TestEveryKeyOfTheSpecificationIsDecided(t *testing.T) {
	rows := supportByKey()
	for _, attribute := range schema.AttributePaths() {
		key := strings.ReplaceAll(string(attribute), ".[]", "[]")
		if strings.HasSuffix(key, ".*") || strings.HasSuffix(key, ".external.name") {
			continue // a name of the author's own; the older form of external
		}
		if !isDecided(rows, key) {
			t.Errorf("%s is new in the specification: decide what becomes of it", key)
		}
	}
}

func TestEveryRowOfTheSupportTableSaysWhyAndWhatToDo(t *testing.T) {
	for _, row := range Support() {
		if row.Note == "" || row.Status == Refused && row.Remedy == "" {
			t.Errorf("%s: note %q, remedy %q", row.Key, row.Note, row.Remedy)
		}
	}
}

// refusedFiles holds a service, or top-level entries, for every key that a
// file can hold and that is refused, and for every value.
func refusedFiles() map[string]string {
	service := func(text string) string { return "services:\n  a:\n    image: x\n" + indent(text, "    ") }
	return map[string]string{
		"jobs":                              "services: {a: {image: x}}\njobs: {j: {image: x, triggers: {manual: true}}}",
		"models":                            "services: {a: {image: x, models: [m]}}\nmodels: {m: {model: x}}",
		"services.*.provider":               "services: {a: {provider: {type: x}}}",
		"services.*.models":                 service("models: [m]") + "models: {m: {model: x}}",
		"services.*.pre_start":              service("pre_start: [{command: [x]}]"),
		"services.*.pull_refresh_after":     service("pull_refresh_after: 1h"),
		"services.*.credential_spec.config": service("credential_spec: {config: x}"),
		"services.*.umask":                  service("umask: 027"),
		"services.*.use_api_socket":         service("use_api_socket: true"),
		"services.*.deploy.resources.reservations.generic_resources": service("deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: x, value: 1}}]}}}"),
		"services.*.deploy.mode":                                     service("deploy: {mode: replicated-job}"),
		"services.*.deploy.restart_policy.condition":                 service("deploy: {restart_policy: {condition: often}}"),
		"services.*.restart":                                         service("restart: sometimes"),
		"services.*.cgroup":                                          service("cgroup: none"),
		"services.*.ipc":                                             service("ipc: banana"),
		"services.*.pid":                                             service("pid: private"),
		"services.*.uts":                                             service("uts: private"),
		"services.*.userns_mode":                                     service("userns_mode: private"),
		"services.*.pull_policy":                                     service("pull_policy: maybe"),
		"services.*.build.isolation":                                 "services: {a: {build: {context: ., isolation: hyperv}}}",
		"services.*.volumes[].type":                                  service("volumes: [{type: cluster, source: x, target: /x}]"),
		"secrets.*.external":                                         service("secrets: [s]") + "secrets: {s: {external: true}}",
		"secrets.*.driver":                                           service("secrets: [s]") + "secrets: {s: {driver: x}}",
		"secrets.*.driver_opts":                                      service("secrets: [s]") + "secrets: {s: {environment: E, driver_opts: {a: b}}}",
		"secrets.*.template_driver":                                  service("secrets: [s]") + "secrets: {s: {environment: E, template_driver: x}}",
		"configs.*.external":                                         service("configs: [s]") + "configs: {s: {external: true}}",
		"configs.*.template_driver":                                  service("configs: [s]") + "configs: {s: {content: x, template_driver: x}}",
	}
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by) + "\n"
}

func TestEveryRefusedKeyIsRefusedWithItsPlaceAndRemedy(t *testing.T) {
	files := refusedFiles()
	for _, row := range Support() {
		if row.Note == "not a key of the specification" || row.Status != Refused && row.refuses == nil {
			continue
		}
		t.Run(row.Key, func(t *testing.T) {
			text, ok := files[row.Key]
			if !ok {
				t.Fatal("no file tries it")
			}
			_, err := loadText(t, text, "E=value")
			if fault.ClassOf(err) != fault.Config {
				t.Fatalf("class %v, error %v", fault.ClassOf(err), err)
			}
			last := row.Key[strings.LastIndexAny(row.Key, ".]")+1:]
			for _, p := range ProblemsOf(err) {
				if p.Line > 0 && strings.HasSuffix(p.Key, last) && p.Remedy == row.Remedy {
					return
				}
			}
			t.Fatalf("no problem names %s with its line and remedy:\n%v", last, err)
		})
	}
}

func TestAModelThatNobodyUsesIsRefused(t *testing.T) {
	_, err := loadText(t, "services: {a: {image: x}}\nmodels:\n  m: {model: x}")
	problems := ProblemsOf(err)
	if len(problems) != 1 || problems[0].Key != "models" || problems[0].Line != 2 || problems[0].Remedy != "run a model server as a service" {
		t.Fatalf("problems %+v, error %v", problems, err)
	}
}

func TestAModelOnlyForInactiveServicesIsNotRefused(t *testing.T) {
	if _, err := loadText(t, "services: {a: {image: x}, b: {profiles: [p], image: x, models: [m]}}\nmodels: {m: {model: x}}"); err != nil {
		t.Fatal(err)
	}
}

// unspecifiedFiles hold a key that the table has and the specification has not.
func unspecifiedFiles() map[string]string {
	service := func(text string) string { return "services:\n  a:\n    image: x\n" + indent(text, "    ") }
	return map[string]string{
		"services.*.net":                                       service("net: host"),
		"services.*.name":                                      service("name: x"),
		"services.*.dockerfile":                                service("dockerfile: x"),
		"services.*.log_driver":                                service("log_driver: x"),
		"services.*.log_opt":                                   service("log_opt: {a: b}"),
		"services.*.volume_driver":                             service("volume_driver: x"),
		"services.*.ulimits.*.single":                          service("ulimits: {nofile: {single: 5}}"),
		"services.*.build.ulimits.*.single":                    service("build: {context: ., ulimits: {nofile: {single: 5}}}"),
		"services.*.build.ssh[].id":                            service("build: {context: ., ssh: [{id: x}]}"),
		"services.*.build.ssh[].path":                          service("build: {context: ., ssh: [{path: x}]}"),
		"services.*.deploy.resources.limits.devices":           service("deploy: {resources: {limits: {devices: [{capabilities: [gpu]}]}}}"),
		"services.*.deploy.resources.limits.generic_resources": service("deploy: {resources: {limits: {generic_resources: []}}}"),
		"services.*.deploy.resources.reservations.pids":        service("deploy: {resources: {reservations: {pids: 5}}}"),
		"configs.*.driver":                                     service("configs: [c]") + "configs: {c: {driver: x}}",
		"configs.*.driver_opts":                                service("configs: [c]") + "configs: {c: {driver_opts: {a: b}}}",
		"secrets.*.content":                                    service("secrets: [s]") + "secrets: {s: {content: x}}",
	}
}

func TestAKeyThatTheSpecificationLacksIsRefusedWithItsRemedy(t *testing.T) {
	files := unspecifiedFiles()
	for _, row := range Support() {
		if row.Note != "not a key of the specification" {
			continue
		}
		t.Run(row.Key, func(t *testing.T) {
			text, ok := files[row.Key]
			if !ok {
				t.Fatal("no file tries it")
			}
			_, err := loadText(t, text)
			if fault.ClassOf(err) != fault.Config {
				t.Fatalf("class %v, error %v", fault.ClassOf(err), err)
			}
			if problems := ProblemsOf(err); !slices.ContainsFunc(problems, func(p Problem) bool { return p.Line > 0 && p.Remedy == row.Remedy }) {
				t.Fatalf("no problem says %q:\n%v", row.Remedy, err)
			}
		})
	}
}

func TestKeysBelowAnInactiveServiceAreNotRefused(t *testing.T) {
	if _, err := loadText(t, "services: {a: {image: x}, b: {profiles: [p], image: x, umask: 1}}"); err != nil {
		t.Fatal(err)
	}
}

func TestAnIgnoredKeyThatIsWrittenIsAWarning(t *testing.T) {
	p, err := loadText(t, "services: {a: {image: x, attach: false, deploy: {placement: {constraints: [a==b]}}}}")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].Message, "deploy.placement has no effect") || p.Warnings[0].Service != "a" {
		t.Fatalf("warnings %v", p.Warnings)
	}
}
