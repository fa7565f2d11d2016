/** Where globals.ts is and what it may do, for the list of plugins: the command itself does not load it. */
import { fileURLToPath } from 'node:url';
import type { Manifest } from '@mainstay/sdk';
import { version } from './version.js';

const manifest: Manifest = { api: '^0.1.0', lane: 'extension', needs: [] };

export const globalsModule = { entry: fileURLToPath(new URL('./globals.js', import.meta.url)), version, manifest };
