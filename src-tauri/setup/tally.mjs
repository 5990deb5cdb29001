// Reading the numbers off each test runner's own closing lines, so that the summary repeats what they said.

export function newTally() {
  return { passed: 0, failed: 0 };
}

// A runner's line may occur many times (cargo prints one for each test binary), so numbers are added up.
function adding(pattern) {
  return (line, tally) => {
    const match = pattern.exec(line);
    tally.passed += Number(match?.groups.passed ?? 0);
    tally.failed += Number(match?.groups.failed ?? 0);
  };
}

function all(...readers) {
  return (line, tally) => {
    for (const read of readers) read(line, tally);
  };
}

export const TALLIES = {
  cargo: adding(/^test result: \w+\. (?<passed>\d+) passed; (?<failed>\d+) failed;/),
  vitest: all(adding(/^\s*Tests\s.*?(?<passed>\d+) passed/), adding(/^\s*Tests\s.*?(?<failed>\d+) failed/)),
  // A flaky test failed and then passed on retry.
  playwright: all(adding(/^\s*(?<passed>\d+) (passed|flaky)/), adding(/^\s*(?<failed>\d+) failed$/)),
  node: all(adding(/^ℹ pass (?<passed>\d+)$/), adding(/^ℹ fail (?<failed>\d+)$/)),
};
