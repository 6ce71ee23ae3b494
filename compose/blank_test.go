package compose

import (
	"strings"
	"testing"
)

func TestABlankIsAnErrorWhereItMakesAnotherEntry(t *testing.T) {
	for text, want := range map[string]string{
		"services: {a: {image: 'repo/app:${X}'}}":                                                      `X is not set, so the image is "repo/app:"`,
		"services: {a: {image: x, ports: ['${X}:80']}}":                                                `X is not set, so the port is ":80"`,
		"services: {a: {image: x, volumes: ['${X}:/d']}}":                                              "X is not set, so the source of the mount is empty",
		"services: {a: {image: x, volumes: ['${X}/data:/d']}}":                                         `X is not set, so the source of the mount is "/data"`,
		"services: {a: {image: x, volumes: ['/tmp:${X}']}}":                                            "X is not set, so the target of the mount is empty",
		"services: {a: {image: x, volumes: ['/tmp:/d:${X}']}}":                                         "X is not set, so the options of the mount is empty",
		"services: {a: {image: x, container_name: '$X'}}":                                              "X is not set, so the container's name is empty",
		"services: {a: {image: x, network_mode: 'container:$X'}}":                                      "X is not set, so the network is",
		"services: {a: {image: x, devices: ['$X:/dev/a']}}":                                            "X is not set, so the device is",
		"services: {a: {image: x, env_file: '$X'}}":                                                    "X is not set, so the path of the env file is empty",
		"services: {a: {build: '$X'}}":                                                                 "X is not set, so the build context is empty",
		"services: {a: {build: {context: ., dockerfile: $X}}}":                                         "X is not set, so the path of the Dockerfile is empty",
		"services: {a: {image: x, privileged: '$X'}}":                                                  "X is not set, and \"\" is not a boolean",
		"services: {a: {image: x, mem_limit: '$X'}}":                                                   "X is not set: \"\" is not a size",
		"services: {a: {image: x}}\nnetworks: {default: {name: '$X'}}":                                 "X is not set, so the network is empty",
		"services: {a: {image: x, environment: {A: '${X:?}'}}}":                                        "variable X is required by the file",
		"name: '$X'\nservices: {a: {image: x}}":                                                        "X is not set, so the project's name is empty",
		"services: {a: {image: x, environment: {A: $X}}}":                                              "",
		"services: {a: {image: x, build: {context: ., args: {A: $X}}}}":                                "",
		"services: {a: {image: x, labels: ['$X=1'], command: '$X'}}":                                   "",
		"services: {a: {image: x, user: $X, restart: $X, hostname: $X}}":                               "",
		"services: {a: {image: x, profiles: ['$X']}}":                                                  "",
		"services: {a: {image: x}, b: {image: $X, profiles: [p]}}":                                     "",
		"x-a: &a {image: $X}\nservices: {a: {<<: *a, image: x}}":                                       "",
		"x-a: &a {image: $X}\nservices: {a: {<<: [{image: x}, *a]}}":                                   "",
		"services: {b: {image: $X, profiles: [p]}, a: {extends: b, image: x, profiles: !override []}}": "",
	} {
		_, err := loadText(t, text)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s:\n%v\nwant %q", text, err, want)
		case want != "" && len(ProblemsOf(err)) != 1:
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestALaterFileReplacesABlank(t *testing.T) {
	p, err := loadDir(t, map[string]string{
		"compose.yaml":          "services: {a: {image: 'x:$TAG', environment: {A: $HOST}}}",
		"compose.override.yaml": "services: {a: {image: 'x:1', environment: {A: set}}}",
	}, Options{})
	if err != nil || len(p.Blanks) != 0 || len(p.Warnings) != 0 {
		t.Errorf("%v %+v", err, p)
	}
}

func TestADatabaseNeedsItsPassword(t *testing.T) {
	for service, refused := range map[string]bool{
		"image: postgres:17, environment: {POSTGRES_PASSWORD: $X}":                                      true,
		"image: example.org/postgis/postgis, environment: ['POSTGRES_PASSWORD=$X']":                     true,
		"image: postgres, environment: {POSTGRES_PASSWORD: $X, POSTGRES_HOST_AUTH_METHOD: trust}":       false,
		"image: postgres, environment: {POSTGRES_PASSWORD: $X, POSTGRES_PASSWORD_FILE: /run/secrets/p}": false,
		"image: postgres, environment: {POSTGRES_USER: $X, POSTGRES_PASSWORD: p}":                       false,
		"image: postgres, command: [psql], environment: {POSTGRES_PASSWORD: $X}":                        false,
		"image: mysql:8, environment: {MYSQL_ROOT_PASSWORD: $X}":                                        true,
		"image: mysql:8, environment: {MYSQL_ROOT_PASSWORD: $X, MYSQL_RANDOM_ROOT_PASSWORD: 'yes'}":     false,
		"image: mariadb, environment: {MARIADB_ROOT_PASSWORD: $X}":                                      true,
		"image: mariadb, environment: {MARIADB_ROOT_PASSWORD: p, MYSQL_ROOT_PASSWORD: $X}":              false,
		"image: mongo, environment: {MONGO_INITDB_ROOT_USERNAME: u, MONGO_INITDB_ROOT_PASSWORD: $X}":    true,
		"image: mongo, environment: {MONGO_INITDB_ROOT_PASSWORD: $X}":                                   false,
		"image: example/app, environment: {POSTGRES_PASSWORD: $X}":                                      false,
	} {
		_, err := loadText(t, "services: {db: {"+service+"}}")
		if (err != nil) != refused {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func TestCredentialsAreNamedFirstAndOnce(t *testing.T) {
	p := mustLoad(t, "services: {a: {image: x, environment: {A: $PORT, B: $API_TOKEN, C: $PORT, D: $MONKEY, E: $DB_PASSWORD}}}")
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].Message, "4 variables are not set and are taken for empty: API_TOKEN, DB_PASSWORD, PORT, MONKEY;") {
		t.Errorf("%v", p.Warnings)
	}
}

func TestABlankNameDoesNotMatterToWhoNamesTheProject(t *testing.T) {
	files := map[string]string{"compose.yaml": "name: '$X'\nservices: {a: {image: x}}"}
	for _, o := range []Options{{Name: "given"}, {Environ: []string{"COMPOSE_PROJECT_NAME=given"}}} {
		if p, err := loadDir(t, files, o); err != nil || p.Name != "given" {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := loadDir(t, files, Options{}); err == nil {
		t.Error("a project without a name was loaded")
	}
}
