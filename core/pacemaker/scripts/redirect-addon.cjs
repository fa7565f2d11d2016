/** Preloaded by test-sanitize.sh: processes and workers load the sanitized build in place of the ordinary one. */
const { join } = require('node:path');

const sanitized = join(__dirname, '../build/Sanitize/pacemaker.node');
const { dlopen } = process;
process.dlopen = (module, filename, ...rest) =>
  dlopen.call(process, module, /[/\\]pacemaker\.node$/.test(filename) ? sanitized : filename, ...rest);
