/** Finds and loads one plugin in a go: for the test harness. */
import type { LoadedPlugin } from '../host/member.js';
import { importPlugin } from './import.js';
import { findPlugin, type ResolveOptions } from './resolve.js';

/** By package name or path. */
export async function loadPlugin(reference: string, options: ResolveOptions, origin: string): Promise<LoadedPlugin> {
  return importPlugin(findPlugin(reference, options), origin);
}
