/** What a vendor's own command may reuse of this one; the command itself is main.ts. */
export { actionList, outcomeText } from './commands/act.js';
export { checkCode, checkCodes } from './commands/check.js';
export { explanationText } from './commands/explain.js';
export { byKind, oneObject, overview } from './commands/status.js';
export { line, watched } from './commands/watch.js';
export { parts, plugins, reserved } from './distribution.js';
export { absolute, readArguments, readVerb } from './options.js';
export { clean, duration, moment, table } from './output/table.js';
export { disabledParts, prepareRequest } from './request.js';
