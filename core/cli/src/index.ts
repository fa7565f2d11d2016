/** What a vendor's own command may reuse of this one; the command itself is main.ts. */
export { parts, plugins, reserved } from './distribution.js';
export { readArguments } from './options.js';
export { prepareRequest } from './request.js';
