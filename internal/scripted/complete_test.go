package scripted

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rows are the faults that an engine which follows a script can stage, or that
// need no engine.
func rows() []string {
	return strings.Fields(`
A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A17 A18 A19 A21 A24
B01 B02 B03 B04 B05 B06 B09 B10 B11 B13 B14 B15 B16 B18 B19 B20 B25 B27 B28 B29
C02 C08 C12
D05 D07 D08 D09 D10 D11 D14 D23
E01 E02 E03 E04 E05 E06 E07 E08 E09 E11 E12 E13 E14 E15 E17
F01 F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F15 F16 F17 F18 F19
G01 G02 G03 G04 G05 G06 G07 G08 G10 G11 G12 G13
H01 H02 H03 H04 H05 H06 H07 H08 H10 H11 H12 H14 H15 H16 H17 H18 H19 H20`)
}

// elsewhere are the tests of other packages that prove a row, beside the
// scenarios here or instead of them.
func elsewhere() map[string][]string {
	return map[string][]string{
		"C08": {"healthchecks.TestADatabaseThatIsNotProvenSaysWhy"},
		"E07": {"images.TestAnImageThatWasNotMadeByThisBuildIsRefused"},
		"E08": {"images.TestAFailedBuildNeverYieldsTheOldImage", "images.TestAFailedStepIsTheErrorAndTheOldImageIsNotUsed"},
		"E09": {"images.TestALinkInAContextIsNeverFollowed"},
		"E11": {"images.TestAHugeContextNamesItsBiggestDirectories"},
		"E12": {"images.TestIgnorePatternsWorkAsTheBuildersDo", "images.TestABadIgnorePatternIsAnError"},
		"E13": {"images.TestADockerfileIsReadOnlyFromWhereItIsSaidToBe"},
		"E17": {"images.TestWarningsTellOfForeignFrontendsAndSpecialFiles"},
		"F02": {"internal/docker.TestAForbiddenSocketSuggestsTheGroupAndNeverWiderPermissions"},
		"F19": {"internal/docker.TestACertificateThatIsNotTrustedHasNoWayAround"},
		"G03": {"internal/scripted.TestAKilledRunIsMadeUpForByTheNext", "orchestrator.TestAKilledRunIsBroughtToItsEndByTheNext"},
		"G06": {"internal/lock.TestTheLockOfAKilledProcessIsFree", "internal/lock.TestALockFileThatACleanerRemovedIsNoLock"},
		"G07": {"orchestrator.TestADeadlineInTheInstantOfSuccessIsNoSuccess"},
		"G08": {"orchestrator.TestAPanicInAnActionIsADefectAndNotACrash", "orchestrator.TestAPanicInALoopIsADefectAndNotACrash", "internal/cli.TestAPanicIsADefectAndSaysSo"},
		"G12": {"internal/cli.TestWithoutAPlaceForALockTheRunGoesOnWithAWarning"},
		"G13": {"e2e.TestASupervisorNeverFightsAPersonAndUpNeverFightsIt"},
		"H02": {"compose.TestHostileTextIsRefusedWithItsPlaceInBoundedTimeAndMemory", "compose.TestOddFilesAreRefusedAndNeverHang"},
		"H03": {"compose.TestVariablesThatMultiplyAreBounded", "compose.TestHostileTextIsRefusedWithItsPlaceInBoundedTimeAndMemory"},
		"H04": {"compose.TestEveryRefusedKeyIsRefusedWithItsPlaceAndRemedy", "compose.TestAnIgnoredKeyThatIsWrittenIsAWarning"},
		"H05": {"compose.TestALinkOutOfTheTreeItIsNamedInIsRefused"},
		"H07": {"compose.TestASecretThatEverybodyCanReadIsAWarning"},
		"H15": {"compose.TestWhatGivesTheHostAwayIsAWarning"},
		"H18": {"internal/docker.TestABrokenHeaderCostsNoMemory", "internal/sanitize.TestALineOfTenMegabytesIsCutAndCounted"},
		"H19": {"internal/docker.TestWhatTiesTheContainerToItsHost"}, // as the file says: the engine has the default,
	}
}

func TestEveryRowIsProven(t *testing.T) {
	proven := map[string]bool{}
	for _, c := range scenarios() {
		proven[c.id] = true
	}
	known := rows()
	for id, tests := range elsewhere() {
		if !slices.Contains(known, id) {
			t.Errorf("%s is no row", id)
		}
		for _, test := range tests {
			proven[id] = true
			if !exists(t, test) {
				t.Errorf("%s: there is no %s", id, test)
			}
		}
	}
	for _, id := range known {
		if !proven[id] {
			t.Errorf("no scenario and no test is about %s", id)
		}
	}
}

// exists says whether a package, by its folder, has a test.
func exists(t *testing.T, test string) bool {
	t.Helper()
	folder, name, _ := strings.Cut(test, ".")
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func ` + name + `\(`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if declared.Match(text) {
			return true
		}
	}
	return false
}
