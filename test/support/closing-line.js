/**
 * Ends a run with its sum in one plain line, which scripts can read without knowing the runner; before it, once each,
 * why suites were skipped, where their title says so: `… (skipped: REASON)`.
 */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
    // A suite that could not even be loaded has no tests to count, but it has failed.
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const lines = [
      ...reasons(results),
      `${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

function reasons({ testResults }) {
  const titles = testResults
    .flatMap((file) => file.testResults)
    .flatMap((test) => test.ancestorTitles);
  return new Set(titles.flatMap((title) => /\((skipped: .*)\)$/.exec(title)?.[1] ?? []));
}
