// Mocha's own report for people, and the counts in a file for test.mjs.
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending, tests } = this.stats;
      const file = process.env.MAINSTAY_TEST_COUNTS;
      if (file !== undefined) writeFileSync(file, JSON.stringify({ passes, failures, pending, tests }));
    });
  }
}

module.exports = CountingReporter;
