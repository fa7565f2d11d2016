/**
 * Every hook point of Mainstay, as types (`HookTypes`) and as data (`catalogue`). Printed by `mainstay hooks`, read by core
 * to build the hook bus. A hook that is in one and not in the other does not compile.
 */
import { type BfdHooks, bfdEntries } from './bfd.js';
import { type CheckerHooks, checkerEntries } from './checker.js';
import { type CoreHooks, coreEntries } from './core.js';
import { type IpvsHooks, ipvsEntries } from './ipvs.js';
import type { HookEntry, HookKind } from './kinds.js';
import { type VrrpHooks, vrrpEntries } from './vrrp.js';

export interface HookTypes extends VrrpHooks, CheckerHooks, IpvsHooks, BfdHooks, CoreHooks {}

export type HookName = keyof HookTypes;

/** Names of the hooks of one kind. */
export type HookNameOf<Kind extends HookKind> = {
  [Name in HookName]: HookTypes[Name]['kind'] extends Kind ? Name : never;
}[HookName];

export type PayloadOf<Name extends HookName> = HookTypes[Name]['payload'];
export type ValueOf<Name extends HookNameOf<'adjust' | 'shape'>> = HookTypes[Name] extends { readonly value: infer Value }
  ? Value
  : never;
export type AnswerOf<Name extends HookNameOf<'guard'>> = HookTypes[Name] extends { readonly answer: infer Answer }
  ? Answer
  : never;

export const catalogue: { readonly [Name in HookName]: HookEntry<HookTypes[Name]['kind']> } = {
  ...vrrpEntries,
  ...checkerEntries,
  ...ipvsEntries,
  ...bfdEntries,
  ...coreEntries,
};

export const hookNames = Object.keys(catalogue) as HookName[];
