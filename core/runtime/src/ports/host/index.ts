/** The Linux ports to the host: scripts, modules named by the operator, files. Opened by a lane for the plugins that need them. */
import type { Files, Modules, ProcessPort } from '@mainstay/sdk';
import { openFiles } from './files.js';
import { openModules } from './modules.js';
import { openProcess } from './process.js';

export interface HostPorts {
  readonly process: ProcessPort;
  readonly modules: Modules;
  readonly files: Files;
}

/** Holds nothing open: there is no close. */
export function openHostPorts(): HostPorts {
  return { process: openProcess(), modules: openModules(), files: openFiles() };
}
