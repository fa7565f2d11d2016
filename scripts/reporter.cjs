// Mocha's own report for people, and the counts in a file for test.mjs.
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending, tests } = this.stats;
      const file = process.env.MAINSTAY_TEST_COUNTS;
      const failed = this.failures.map(({ title, parent, err }) => ({
        title: `${parent?.fullTitle()}: ${title}`,
        why: err?.stack ?? String(err),
      }));
      if (file !== undefined) writeFileSync(file, JSON.stringify({ passes, failures, pending, tests, failed }));
    });
  }
}

module.exports = CountingReporter;
